"""Decide the structure of a page with a small network that was trained on composed pages."""
