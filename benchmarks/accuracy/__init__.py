"""Measure how many characters, lines and page orientations the engines read correctly."""
