"""Find near duplicates: word shingles, MinHash for candidates, exact Jaccard to decide; and hashes of images.

MinHash is Broder's ("On the resemblance and containment of documents", 1997), banded as by Leskovec, Rajaraman and
Ullman (Mining of Massive Datasets, chapter 3). The image hash is the difference hash on 16 x 16 cells.
"""

import re
import unicodedata
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr.core.environment import load
from ocr.core.errors import DataError

SHINGLE = 3
"""Words of a shingle: one changed word changes three of them. With ten words, a page with one word in ten changed would
keep almost none."""
SAME = 0.40
"""Jaccard index of 3-word shingles above which two texts count as one edited text. A text with 10% of its words changed
at random keeps about 0.9^3 = 0.73 of its shingles: Jaccard 0.57. Unrelated composed pages stay below 0.1.
Benchmark: benchmarks/synthesis/near_duplicates.py."""
_BANDS, _ROWS = 32, 3
"""A pair of Jaccard 0.57 is a candidate with 1 - (1 - 0.57^3)^32 = 0.999, one of 0.05 with 0.004."""
_PRIME = (1 << 61) - 1
_CROWD = 200
"""A bucket of more pages than this holds a common form; another band distinguishes its pages."""


def words_of(text: str) -> list[str]:
    """Return words in lower case without diacritics or punctuation, words broken at line ends joined."""
    joined = re.sub(r"(\w)-\n(\w)", r"\1\2", text)
    plain = unicodedata.normalize("NFD", joined.lower())
    return re.findall(r"[a-z0-9]+", "".join(sign for sign in plain if not unicodedata.combining(sign)))


def shingles(text: str, size: int = SHINGLE) -> frozenset[int]:
    """Return the hashes of every run of `size` words; of the whole text where it is shorter."""
    words = words_of(text)
    if not words:
        return frozenset()
    runs = (" ".join(words[start : start + size]) for start in range(max(1, len(words) - size + 1)))
    return frozenset(_hash(run) for run in runs)


def jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    """Return the Jaccard index of two sets: shared over all elements, 0 for two empty sets."""
    return len(one & other) / len(one | other) if one or other else 0.0


def near_pairs(sets: Mapping[str, frozenset[int]], *, least: float = SAME) -> Iterator[tuple[str, str, float]]:
    """Yield the pairs of ids with a Jaccard index of at least `least`, each once, with that value."""
    for one, other in sorted(_candidates(sets)):
        value = jaccard(sets[one], sets[other])
        if value >= least:
            yield one, other, value


def image_hash(path: Path) -> int:
    """Return the difference hash: 256 bits, whether each of 16 x 16 cells is brighter than the next to the right.

    Raises DataError when the file cannot be opened as an image.
    """
    images: Any = load("PIL.Image")
    try:
        with images.open(path) as image:
            small = np.asarray(image.convert("L").resize((17, 16), images.Resampling.BOX), np.int16)
    except (OSError, ValueError) as failure:
        raise DataError(f"{path}: cannot be opened as an image: {failure}") from failure
    return int.from_bytes(np.packbits(small[:, 1:] > small[:, :-1]).tobytes(), "big")


def _hash(run: str) -> int:
    content = run.encode("utf-8")
    return zlib.crc32(content) << 29 ^ zlib.adler32(content)


def _candidates(sets: Mapping[str, frozenset[int]]) -> set[tuple[str, str]]:
    generator = np.random.Generator(np.random.PCG64(1))
    factors = generator.integers(1, 1 << 32, (2, _BANDS * _ROWS), np.uint64) | np.uint64(1)
    signatures = {name: _signature(values, factors) for name, values in sets.items() if values}
    found: set[tuple[str, str]] = set()
    for band in range(_BANDS):  # one band at a time bounds the memory
        buckets: dict[bytes, list[str]] = defaultdict(list)
        for name, signature in signatures.items():
            buckets[signature[band * _ROWS : (band + 1) * _ROWS].tobytes()].append(name)
        found.update(*(combinations(sorted(bucket), 2) for bucket in buckets.values() if 1 < len(bucket) <= _CROWD))
    return found


def _signature(values: frozenset[int], factors: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the minimum of each hash a*x + b (mod 2^64, high bits) over the set."""
    known = np.fromiter(values, np.uint64, len(values))[:, None]
    mixed = known * factors[0] + factors[1]
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    least: NDArray[np.uint64] = (mixed >> np.uint64(16)).min(axis=0)
    return least
