"""Measure speed as a ratio within one run, and memory."""
