"""Measure training on a small model: what each stage gains, and what a step costs."""
