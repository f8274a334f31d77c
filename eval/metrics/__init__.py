"""Metrics for one page and for many, with intervals."""
