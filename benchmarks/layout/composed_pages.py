"""Compare the rules and the network on composed pages: `python -m benchmarks.layout.composed_pages [COUNT] [FEATURES]`.

COUNT pages that no training has seen are composed; FEATURES are layout features, with commas, that each page has (by
default any), or `clippings`: of each page only some lines are seen, as wide as a block or as the page. The table has a
row for each kind of page: order error over words, field F1, boundary F1 of blocks and TEDS of tables, each for the
rules and for the network, and the pages where the network is better and worse in order.
LAYOUT is what is compared with the rules: `learned`, or the folder of a run.
"""

import sys
from collections.abc import Sequence
from statistics import mean

from benchmarks.arguments import parse_positional
from data.layouts.features.feature_catalog import FEATURES
from data.layouts.page_composer import KINDS, PageRequest, compose_page
from training.layout.layout_check import Scores, compare, table_of

CLIPPINGS = "clippings"


def doubts_of(pairs: Sequence[tuple[Scores, Scores]]) -> str:
    """Return how many wrong and how many right pages of the network are flagged."""
    learned = [new for _, new in pairs]
    wrong = [one for one in learned if one.order > 0.05]
    right = [one for one in learned if one.order <= 0.05]
    return (
        f"flagged: {sum(one.flagged for one in wrong)} of {len(wrong)} pages with an order error above 5%, "
        f"{sum(one.flagged for one in right)} of {len(right)} others; CPU milliseconds a page, rules / network: "
        f"{1000 * mean(old.seconds for old, _ in pairs):.0f} / {1000 * mean(one.seconds for one in learned):.0f}"
    )


def main(count: int, features: str, layout: str) -> int:
    """Print the comparison of `count` pages."""
    clipped = 1.0 if features == CLIPPINGS else 0.0
    names = () if clipped else tuple(filter(None, features.split(",")))
    pages = []
    for number in range(count):
        name = names[number % len(names)] if names else ""
        suited = FEATURES[name].kinds if name else None
        kinds = sorted(suited) if suited else list(KINDS)
        kind = kinds[number // max(1, len(names)) % len(kinds)]
        pages.append(compose_page(PageRequest(kind, f"fresh/{number}", (name,) if name else None)).truth)
    results = compare(pages, "rules", layout, clipped)
    print(table_of(results))
    print(doubts_of([pair for pairs in results.values() for pair in pairs]))
    return 0


if __name__ == "__main__":
    arguments = parse_positional(__doc__, count=60, features="", layout="learned")
    sys.exit(main(arguments.count, arguments.features, arguments.layout))
