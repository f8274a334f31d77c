"""The report of a benchmark: tables, plots and one HTML file."""
