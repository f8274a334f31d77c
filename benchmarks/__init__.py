"""Measure what lusocr claims, one package a question; `run_all` writes the tables of docs/benchmarks.md."""
