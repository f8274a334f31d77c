"""Output formats that people open: HTML beside the scan, Word documents, and tables for spreadsheets."""
