"""The kinds of line wear: how often each comes, on which sizes and styles of letters, and the effect that makes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from data.lines.marks import (
    halftone,
    highlighter,
    inverse,
    rules,
    shapes,
    strokes,
    underline,
    unmarked,
)
from data.lines.wear import (
    Effect,
    bad_photocopy,
    binary,
    bleed,
    clean,
    fax,
    letterpress,
    low_resolution,
    marked,
    microfilm,
    old_paper,
    photocopy,
    row_loss,
    scan,
    typewriter,
)


@dataclass(frozen=True, slots=True)
class Wear:
    """A kind of wear: its relative frequency, the sizes of its letters, the styles of face that it prefers."""

    effect: Effect
    weight: float
    em: tuple[float, float] = (16.0, 44.0)
    """Pixels of the page that the letters are high, from and to."""
    styles: Mapping[str, float] = field(default_factory=dict)
    """Factor on the usual share of a style; 1 where it is not named."""
    shift: float = 0.0
    """Most standard deviation of a letter's place, as a share of the em."""
    uneven: float = 0.0
    """Most share of its ink that a letter loses."""


_PRESS = MappingProxyType(
    {"antique": 2.2, "serif": 1.4, "slab": 1.2, "sans": 0.25, "script": 0.1, "typewriter": 0.1, "dots": 0.0}
)


_TYPED = MappingProxyType(
    {"typewriter": 12.0, "serif": 0.02, "antique": 0.02, "sans": 0.02, "script": 0.0, "narrow": 0.0, "slab": 0.05,
     "blackletter": 0.0, "display": 0.0}
)  # fmt: skip


WEARS: Mapping[str, Wear] = MappingProxyType(
    {
        "clean": Wear(clean, 13, (15, 44)),
        "scan": Wear(scan, 13, (15, 44)),
        "photocopy": Wear(photocopy, 11, (17, 44)),
        "bad-photocopy": Wear(bad_photocopy, 11, (19, 44)),
        "fax": Wear(fax, 4, (18, 40)),
        "microfilm": Wear(microfilm, 5, (22, 46), _PRESS, 0.012, 0.1),
        "letterpress": Wear(letterpress, 13, (20, 46), _PRESS, 0.02, 0.3),
        "typewriter": Wear(typewriter, 5, (20, 42), _TYPED, 0.03, 0.5),
        "low-resolution": Wear(low_resolution, 8, (10, 16)),
        "old-paper": Wear(old_paper, 4, (18, 46)),
        "binary": Wear(binary, 5, (18, 44)),
        "bleed-through": Wear(bleed, 2, (18, 44)),
        "underline": Wear(marked(underline), 2.5),
        "rules": Wear(marked(rules), 3),
        "neighbors": Wear(marked(unmarked), 3),
        "strokes": Wear(marked(strokes), 3.5, (18, 44)),
        "row-loss": Wear(row_loss, 8, (12, 34), MappingProxyType({"script": 0.2})),
        "inverse": Wear(marked(inverse), 1.5, (18, 44)),
        "shapes": Wear(marked(shapes), 2.5, (18, 44)),
        "halftone": Wear(marked(halftone, 0.4), 1.5, (24, 46)),
        "highlighter": Wear(marked(highlighter), 1.5),
    }
)
"""All kinds of wear by name."""
