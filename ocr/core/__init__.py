"""Values, errors, settings and processes that every other package uses."""
