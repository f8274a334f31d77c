"""Read Brazilian Portuguese scans into structured, accounted-for text."""

from ocr.core import environment

__all__ = ["__version__"]

__version__ = environment.VERSION
