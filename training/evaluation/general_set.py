"""The general set of a stage that has no general parent: composed pages of seed 0, the same for everyone.

A stage that starts from somebody else's model must not lose what that model could read, and nobody knows what pages it
has learned from. So it is held to pages of every kind that `ocr data compose` makes, which no model has seen.
"""

import sys
from dataclasses import replace
from pathlib import Path

from data.synthesis.composed_document import SynthesisConfig
from data.synthesis.degradation import parse_profiles
from data.synthesis.generate import compose
from data.synthesis.page_types import parse_kinds
from ocr.core.environment import count_cores
from ocr.core.files import hash_bytes

FOLDER = "general-pages"
"""In the folder of runs."""
PAGES = 200
"""Twice what the gate asks for at least."""


def general_manifest(home: Path) -> Path:
    """Where the manifest of the composed set is, or will be, below the folder of runs."""
    return home.resolve() / FOLDER / "manifest.jsonl"


def is_composed(manifest: Path) -> bool:
    """Whether this is the manifest of a composed general set, already made or not."""
    return manifest.parent.name == FOLDER


def digest_order(manifest: Path) -> str:
    """SHA-256 of what is composed there: known before it is made, so that a plan makes nothing."""
    return hash_bytes(repr(replace(_order(manifest), to=Path(), workers=1)).encode("utf-8"))


def prepare(manifest: Path) -> None:
    """Compose the set where it is not there yet. Raises `DependencyError` without the extra `data`."""
    if not manifest.is_file():
        print(f"composing {PAGES} pages of every kind for the general set: {manifest.parent}", file=sys.stderr)
        compose(_order(manifest))


def _order(manifest: Path) -> SynthesisConfig:
    kinds, profiles = parse_kinds("all"), parse_profiles("scan")
    return SynthesisConfig(kinds, PAGES, manifest.parent, seed=0, profiles=profiles, workers=count_cores())
