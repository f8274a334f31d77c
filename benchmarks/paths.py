"""Paths that benchmarks share."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
"""Real pages and texts that are not part of the project; a benchmark that needs them says so where they are missing."""
PAGES = SHARED / "pages"
CORPUS = SHARED / "corpus_pt"
