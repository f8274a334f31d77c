"""The recognizers of the built-in reader: which one reads a line, and how surely."""
