"""The detectors of the built-in reader that are not PP-OCR's as it comes: which one is chosen, and the fast one."""
