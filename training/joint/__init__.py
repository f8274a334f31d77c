"""Train one model to write token by token and to fill in blocks of masked tokens."""
