"""Page layout from lines with boxes: columns, reading order, fields, paragraphs, tables."""
