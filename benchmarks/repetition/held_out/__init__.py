"""Loops written without sight of the detector; each round was run once before the detector changed."""
