"""Engines that run as actors of a Ray cluster."""
