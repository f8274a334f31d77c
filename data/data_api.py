"""The functions of `import data` that are not functions of another module."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from data.synthesis.composed_document import LICENCE, SynthesisConfig
from data.synthesis.degradation import parse_profiles
from data.synthesis.generate import compose
from data.synthesis.page_types import parse_page_types
from ocr.core.environment import count_cores


def synthesize(
    to: str | os.PathLike[str],
    *,
    kinds: str = "all",
    count: int = 100,
    seed: int = 0,
    degrade: str = "clean",
    text: str | os.PathLike[str] | None = None,
    licence: str = "",
    fonts: Iterable[str | os.PathLike[str]] = (),
    dpi: int = 200,
    workers: int = 0,
    on_page: Callable[[int], None] = lambda _: None,
) -> Path:
    """Generate `count` pages with ground truth in the folder `to`, and return the path of their manifest.

    It is the command `ocr data compose`: `kinds` are page types separated by commas, "all", or "line" for single text
    lines; `degrade` names degradation profiles, each with an optional strength ("scan,fax:0.5"); `text` is a folder of
    plain text to take body text from, and `licence` its license; `workers` is the number of processes, 0 for every
    core. The same seed gives the same bytes. `on_page` is called with the number of finished pages. Called again after
    an interruption, it generates the rest.

    Raises `UsageError` for a page type or profile that does not exist, `OutputError` where the folder is in use or
    holds other pages, `DataError` where fonts or text do not suffice.
    """
    config = SynthesisConfig(
        kinds=parse_page_types(kinds), count=count, to=Path(to), seed=seed, profiles=parse_profiles(degrade), dpi=dpi,
        text=Path(text) if text else None, licence=licence or ("unknown" if text else LICENCE),
        fonts=tuple(map(Path, fonts)), workers=workers or count_cores(),
    )  # fmt: skip
    return compose(config, on_page)
