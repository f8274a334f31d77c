"""Lines of output that a person corrected: which pages were accepted, and what each of their lines says."""
