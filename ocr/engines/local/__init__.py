"""Engines that read lines on the CPU: RapidOCR (PP-OCRv6) and Tesseract."""
