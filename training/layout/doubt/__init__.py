"""Fit the weights by which the layout says that a page is doubtful."""
