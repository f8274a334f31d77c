"""Measure decoding modes: tokens per pass, seconds, errors, on pages that a miniature can read."""
