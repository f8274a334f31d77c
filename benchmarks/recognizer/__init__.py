"""Measure the built-in recognizer line by line."""
