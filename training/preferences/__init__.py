"""Preference pairs for DPO: sampling, mining, and import."""
