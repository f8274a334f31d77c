"""Compose pages of many layouts with the truth of every line: field, role, block, order, table cell and boxes."""
