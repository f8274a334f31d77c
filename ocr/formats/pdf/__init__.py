"""Searchable PDF: the scan's own pages with an invisible text layer. `searchable.py` builds the file."""
