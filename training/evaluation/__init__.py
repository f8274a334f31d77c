"""Decide on promotion: frozen sets, regression check, model card."""
