"""List the layout features by name, and choose those of a page."""

import random
from collections.abc import Mapping
from types import MappingProxyType

from data.layouts.draft import Feature
from data.layouts.features.margins import line_numbers, side_stamp
from data.layouts.features.page_columns import many_columns, masthead, wide_heading, wide_table

_COLUMNED = frozenset({"gazette", "edict", "newspaper"})
_COURT = frozenset({"ruling", "sentence", "petition", "contract", "proxy", "certificate", "official-letter", "letter"})

FEATURES: Mapping[str, Feature] = MappingProxyType(
    {
        "many_columns": Feature(0.5, many_columns, kinds=_COLUMNED),
        "masthead": Feature(0.3, masthead, kinds=_COLUMNED),
        "wide_table": Feature(0.35, wide_table, kinds=_COLUMNED | _COURT),
        "wide_heading": Feature(0.2, wide_heading, kinds=_COLUMNED),
        "side_stamp": Feature(0.3, finish=side_stamp),
        "line_numbers": Feature(0.12, finish=line_numbers, kinds=_COURT),
    }
)
"""In the order in which they act on a page."""


def choose_features(kind: str, generator: random.Random, without: frozenset[str]) -> tuple[str, ...]:
    """Return the features of a page of `kind`, each with its own probability and none of `without`."""
    chosen: list[str] = []
    for name, feature in FEATURES.items():
        wanted = generator.random() < feature.share  # drawn for every feature, so that a new one moves no other
        suits = feature.kinds is None or kind in feature.kinds
        if wanted and suits and name not in without and not feature.excludes & set(chosen):
            chosen.append(name)
    return tuple(chosen)
