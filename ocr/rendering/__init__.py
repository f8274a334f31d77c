"""Find scan files and render their pages to pixels in child processes."""
