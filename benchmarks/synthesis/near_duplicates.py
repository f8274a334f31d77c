"""Measure the duplicate search on edits of one word to 10% of the words among 5,000 composed texts.

python -m benchmarks.synthesis.near_duplicates [PAGES] [PLANTED]
"""

import random
import time

from benchmarks.arguments import parse_positional
from data.duplicates import near_pairs, shingles
from data.synthesis.page_types import PAGE_TYPES, PRINTED
from data.text.generators import write_document


def edited(text: str, share: float, generator: random.Random) -> str:
    """Change, drop or double so many of the words; at least one."""
    words = text.split()
    for place in sorted(generator.sample(range(len(words)), max(1, round(share * len(words)))), reverse=True):
        kind = generator.random()
        if kind < 0.6:
            words[place] = generator.choice(words)[::-1] + "x"
        elif kind < 0.8:
            del words[place]
        else:
            words.insert(place, generator.choice(words))
    return " ".join(words)


def main(pages: int, planted: int) -> None:
    generator = random.Random(11)
    texts = {}
    for number in range(pages):
        kind = PRINTED[number % len(PRINTED)]
        blocks = write_document(PAGE_TYPES[kind].symbol, f"duplicates/{number}")
        texts[f"page-{number:05d}"] = " ".join(text for style, text in blocks if style not in ("head", "foot", "side"))
    truth = set()
    for number, name in enumerate(generator.sample(sorted(texts), planted)):
        share = 0 if number % 4 == 0 else generator.uniform(0.005, 0.10)
        twin = f"twin-{number:05d}"
        texts[twin] = edited(texts[name], share, generator)
        truth.add((name, twin))
    start = time.perf_counter()
    found = {(one, other) for one, other, _ in near_pairs({name: shingles(text) for name, text in texts.items()})}
    seconds = time.perf_counter() - start
    right = len(found & truth)
    print(f"pages {len(texts)}, planted {len(truth)} (a quarter: one word; the others: 0.5% to 10% of the words)")
    print(f"found {len(found)}: recall {right / len(truth):.4f}, precision {right / max(1, len(found)):.4f}")
    print(f"{seconds:.1f} s")
    for pair in sorted(found - truth)[:5]:
        print("wrongly:", pair)


if __name__ == "__main__":
    wanted = parse_positional(__doc__, pages=5000, planted=1000)
    main(wanted.pages, wanted.planted)
