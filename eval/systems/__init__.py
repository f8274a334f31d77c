"""The systems that a benchmark compares, their prices and cached responses."""
