"""Start servers that serve a model in one decoding mode."""
