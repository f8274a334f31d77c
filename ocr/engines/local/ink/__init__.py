"""Separate print from paper, and inks from each other, before anything is read."""
