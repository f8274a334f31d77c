"""Seats of lusocr in other programs: the plugin for OCRmyPDF."""
