"""Make files that the package ships."""
