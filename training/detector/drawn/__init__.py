"""Draw composed pages with the kernels of their lines, for the fast detector to learn from."""
