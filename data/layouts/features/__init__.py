"""Layout features of composed pages: each is a function that adds material or marks to a page."""
