"""The ledger, the output directory, its files and their verification."""
