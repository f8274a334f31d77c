"""Output formats that are plain text files: JSON, JSON lines, Markdown and text, one module each."""
