"""Known models, their weights, prompts and answer format."""
