"""Quantize a promoted run for serving."""
