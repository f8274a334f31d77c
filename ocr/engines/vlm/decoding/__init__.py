"""Write the tokens of pages with a transformers model: one at a time, in blocks, or drafted and verified."""
