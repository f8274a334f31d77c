"""Read Brazilian Portuguese scans into structured, accounted-for text."""

__version__ = "0.1.0"
