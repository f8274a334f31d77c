"""Say where the learned structure of a page is doubtful."""
