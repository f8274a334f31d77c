"""How much composed pages repeat each other: 10-word shingles of `text`, every pair, exactly, by an inverted index.

    ocr data compose --kind all --count 10000 --to pages/ --seed 7 --dpi 40
    python -m benchmarks.synthesis.repeated_phrases pages/manifest.jsonl

The committed legal formulae (data/formulae.txt) are cut out first: no shingle holds one or spans its place.
"""

import re
from collections import Counter, defaultdict
from pathlib import Path

from benchmarks.arguments import parse_positional
from benchmarks.paths import ROOT
from data.duplicates import words_of
from data.examples import read_manifest

SIZE = 10
FORMULAE = ROOT / "data" / "formulae.txt"
CUT = "#"


def formulae() -> re.Pattern[str]:
    """One pattern for all formulae, longest first."""
    lines = [line for line in FORMULAE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("%")]
    assert len(lines) <= 300
    said = sorted((" ".join(words_of(line)) for line in lines), key=len, reverse=True)
    return re.compile(r"(?<![a-z0-9])(?:" + "|".join(map(re.escape, said)) + r")(?![a-z0-9])")


def shingles_of(text: str, cut: re.Pattern[str]) -> set[tuple[str, ...]]:
    words = cut.sub(CUT, " ".join(words_of(text))).split()
    runs = (tuple(words[start : start + SIZE]) for start in range(len(words) - SIZE + 1))
    return {run for run in runs if CUT not in run}


def main(manifest: Path) -> None:
    pages = read_manifest(manifest, images=False)
    cut = formulae()
    sets = {example.id: shingles_of(example.text, cut) for example in pages}
    index: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, runs in sets.items():
        for run in runs:
            index[run].append(name)
    shared: Counter[tuple[str, str]] = Counter()
    for names in index.values():
        for place, one in enumerate(names):
            for other in names[place + 1 :]:
                shared[one, other] += 1
    values = sorted((n / (len(sets[a]) + len(sets[b]) - n), a, b) for (a, b), n in shared.items())
    pairs = len(pages) * (len(pages) - 1) // 2
    rank = pairs - max(
        1, round(pairs * 0.01)
    )  # place of the 99th percentile among all pairs, most of which share nothing
    below = pairs - len(values)
    percentile = values[rank - below][0] if rank >= below else 0.0
    bodies = Counter(example.text for example in pages if example.text.strip())
    print(f"{len(pages)} pages, {pairs} pairs, {sum(map(len, sets.values()))} shingles; {len(values)} pairs share any")
    print(f"99th percentile {percentile:.3%}, maximum {values[-1][0] if values else 0:.3%}")
    print(f"equal bodies: {sum(count - 1 for count in bodies.values())}")
    for value, one, other in values[-5:]:
        print(f"  {value:.2%}  {one}  {other}")
    for run, names in sorted(index.items(), key=lambda item: -len(item[1]))[:15]:
        if len(names) > 1:
            print(f"  {len(names)} x {' '.join(run)}")


if __name__ == "__main__":
    main(parse_positional(__doc__, manifest=Path).manifest)
