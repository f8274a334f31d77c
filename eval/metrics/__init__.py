"""Compute metrics for a page and for many pages, with confidence intervals."""
