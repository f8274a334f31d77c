"""Compose Portuguese pages with exact ground truth, and degrade them."""
