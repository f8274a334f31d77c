"""Engines that read a page: local, vision-language, and on a Ray cluster."""
