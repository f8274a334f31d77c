"""Measure the repetition detector on synthetic loops, held-out loops and legitimate pages."""
