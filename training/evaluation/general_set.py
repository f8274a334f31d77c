"""The general set of a stage that has no general parent: composed pages of seed 0, the same for everyone.

A stage that starts from a published model must not lose what that model could read, and the pages it was trained on are
unknown. The regression check therefore reads pages of every kind that `ocr data compose` makes.
"""

import sys
from pathlib import Path

from data.synthesis.composed_document import SynthesisConfig
from data.synthesis.degradation import parse_profiles
from data.synthesis.generate import compose
from data.synthesis.page_types import parse_page_types
from ocr.core.environment import count_cores
from ocr.core.files import hash_bytes

FOLDER = "general-pages"
"""In the folder of runs. The manifest of a composed set lies in a folder of this name."""
PAGES = 200
"""Twice what the regression check asks for at least."""


def general_manifest(home: Path) -> Path:
    """Return the path of the manifest of the composed set, made or not, below the folder of runs."""
    return home.resolve() / FOLDER / "manifest.jsonl"


def digest_config(manifest: Path) -> str:
    """Return the digest of the configuration of the composed set.

    It is known before the pages are, so that a plan makes nothing. The text under the digest is the form that the first
    `run.json` files were written with: a changed form would make finished runs look like other work.
    """
    config = _configuration(manifest)
    text = (
        f"Order(kinds={config.kinds!r}, count={config.count}, to=PosixPath('.'), seed={config.seed}, "
        f"profiles={config.profiles!r}, text=None, licence={config.licence!r}, fonts=(), dpi={config.dpi}, workers=1)"
    )
    return hash_bytes(text.encode("utf-8"))


def prepare(manifest: Path) -> None:
    """Compose the set where it is not there yet. Raises `DependencyError` without the extra `data`."""
    if not manifest.is_file():
        print(f"composing {PAGES} pages of every kind for the general set: {manifest.parent}", file=sys.stderr)
        compose(_configuration(manifest))


def _configuration(manifest: Path) -> SynthesisConfig:
    kinds, profiles = parse_page_types("all"), parse_profiles("scan")
    return SynthesisConfig(kinds, PAGES, manifest.parent, seed=0, profiles=profiles, workers=count_cores())
