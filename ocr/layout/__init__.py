"""Lines with boxes become a page: columns, reading order, fields, paragraphs, tables."""
