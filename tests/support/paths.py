"""Paths that tests share."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
SAMPLES = ROOT / "samples"
SHARED = ROOT.parent / "shared"
"""Real pages and texts; tests that need them skip where the folder is missing."""
