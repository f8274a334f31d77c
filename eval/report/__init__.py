"""Write the report of a benchmark run: tables, plots and one HTML file."""
