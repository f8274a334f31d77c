"""Load models, train them in a child process and merge adapters."""
