"""Detect repetition and other degenerate text, on whole texts and on streams."""
