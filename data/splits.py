"""Split a data set by document, and check that no page of one split is in another.

The split of a document depends on a hash of its name and the seed, so it stays the same when rows are reordered, added
or removed.
"""

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

from data.duplicates import image_hash, near_pairs, shingles, words_of
from data.examples import SPLITS, Example, Split, read_manifest, write_manifest
from ocr.core.errors import DataError, UsageError
from ocr.core.files import hash_file

_IMAGE_BITS = 12
"""Of the 256 bits of two image hashes, this many may differ in the same page: a page saved again differs in 0 to 6,
two composed pages of one type in 40 and more. Only pages without text are compared by image."""


_WORDS = 8
"""Minimum length to compare texts: shorter ones ("É o relatório.") are common phrases, and sharing one is no leak."""


@dataclass(frozen=True, slots=True)
class Leak:
    """One page in two splits."""

    one: str
    other: str
    splits: tuple[str, str]
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What `check` found in all manifests together."""

    pages: Counter[str]
    """By split."""
    licences: Counter[str]
    test_only: int
    leaks: tuple[Leak, ...]
    damaged: tuple[str, ...]
    """Pages whose image is not the one that the manifest was written for."""

    def raise_if_bad(self) -> None:
        """Raise DataError where pages leak or images have changed."""
        if self.leaks or self.damaged:
            raise DataError(
                f"{len(self.leaks)} leaks between splits, {len(self.damaged)} images that differ from the manifest",
                hint="remove the pages listed above from one of the splits, then check again",
            )


def draw_split(document: str, shares: tuple[float, float, float], seed: int) -> Split:
    """Return the split of a document; `shares` of train, validation and test add up to 1."""
    place = int.from_bytes(hashlib.sha256(f"{seed}/{document}".encode()).digest()[:8], "big") / 2**64
    if place < shares[0]:
        return "train"
    return "validation" if place < shares[0] + shares[1] else "test"


def assign(examples: Iterable[Example], shares: tuple[float, float, float], seed: int) -> list[Example]:
    """Return the examples with their split; a document with a test-only page goes to the test split as a whole."""
    known = list(examples)
    barred = {example.document for example in known if example.test_only}
    return [
        replace(
            example,
            split="test" if example.document in barred else draw_split(example.document, shares, seed),
        )
        for example in known
    ]


def write_splits(manifest: Path, to: Path, shares: tuple[float, float, float], seed: int) -> dict[str, int]:
    """Write train.jsonl, validation.jsonl and test.jsonl, where not empty, in `to`; return the pages of each.

    Image paths become relative to `to`, which may be any folder. Raises DataError on a bad row, or where no relative
    path leads from `to` to the images (another drive).
    """
    examples = assign(read_manifest(manifest), shares, seed)
    if to.resolve() != manifest.parent.resolve():
        examples = [replace(example, image=_path_from(to, manifest.parent / example.image)) for example in examples]
    counts: dict[str, int] = {}
    for split in SPLITS:
        chosen = [example for example in examples if example.split == split]
        (to / f"{split}.jsonl").unlink(missing_ok=True)
        if chosen:
            write_manifest(to / f"{split}.jsonl", chosen)
        counts[split] = len(chosen)
    return counts


def check(manifests: Sequence[Path]) -> Report:
    """Read every page of every manifest and look for leaks and changed images. Raises DataError on a bad row."""
    pages: dict[str, Example] = {}
    images: dict[str, Path] = {}
    for manifest in manifests:
        for example in read_manifest(manifest):
            key = f"{manifest}:{example.id}"
            pages[key] = example if example.split else replace(example, split=_split_of(manifest))
            images[key] = manifest.parent / example.image
    damaged = tuple(key for key, example in pages.items() if hash_file(images[key]) != example.sha256)
    return Report(
        pages=Counter(example.split or "(none)" for example in pages.values()),
        licences=Counter(example.licence for example in pages.values()),
        test_only=sum(example.test_only for example in pages.values()),
        leaks=tuple(find_leaks(pages, images)),
        damaged=damaged,
    )


def render_report(report: Report) -> str:
    """Return the report as text: pages, licenses, test-only pages, and every leak by name."""
    lines = [f"{split:<11}{pages} pages" for split, pages in sorted(report.pages.items())]
    lines += [f"licence    {licence}: {pages} pages" for licence, pages in sorted(report.licences.items())]
    lines.append(f"test only  {report.test_only} pages are not for training")
    lines += [
        f"leak       {leak.one} ({leak.splits[0]}) and {leak.other} ({leak.splits[1]}): {leak.reason}"
        for leak in report.leaks
    ]
    lines += [f"damaged    {key}: the image differs from the manifest" for key in report.damaged]
    return "\n".join(lines)


def parse_shares(said: str) -> tuple[float, float, float]:
    """Parse "0.9,0.05,0.05" into (0.9, 0.05, 0.05). Raises UsageError unless they are three that add up to 1."""
    try:
        train, validation, test = (float(part) for part in said.split(","))
    except ValueError as failure:
        raise UsageError(f"--shares {said!r}: not three numbers", hint="for example: 0.9,0.05,0.05") from failure
    if abs(train + validation + test - 1) > 1e-6 or min(train, validation, test) < 0:
        raise UsageError(f"--shares {said!r} do not add up to 1", hint="for example: 0.9,0.05,0.05")
    return train, validation, test


def find_leaks(pages: dict[str, Example], images: dict[str, Path]) -> list[Leak]:
    """Return pairs of pages in different splits with the same document, image or text, or nearly the same."""
    found: dict[tuple[str, str], str] = {}
    for reason, groups in (
        ("the same document", _groups(pages, "document")),
        ("the same image", _groups(pages, "sha256")),
    ):
        for keys in groups:
            for other in keys[1:]:
                found.setdefault((min(keys[0], other), max(keys[0], other)), reason)
    sets = {key: shingles(example.text) for key, example in pages.items() if len(words_of(example.text)) >= _WORDS}
    for one, other, value in near_pairs(sets):
        reason = (
            "the same text" if pages[one].text == pages[other].text else f"nearly the same text ({value:.0%} shared)"
        )
        found.setdefault((one, other), reason)
    hashes = {key: image_hash(images[key]) for key, example in pages.items() if not example.text.strip()}
    for one, other in combinations(sorted(hashes), 2):
        if (hashes[one] ^ hashes[other]).bit_count() <= _IMAGE_BITS:
            found.setdefault((one, other), "nearly the same image")
    return [
        Leak(one, other, (pages[one].split, pages[other].split), reason)
        for (one, other), reason in sorted(found.items())
        if pages[one].split != pages[other].split
    ]


def _groups(pages: dict[str, Example], name: str) -> list[list[str]]:
    """Group the pages that share an attribute; return the first page of every split of each group."""
    groups: dict[str, dict[str, str]] = defaultdict(dict)
    for key, example in pages.items():
        groups[getattr(example, name)].setdefault(example.split, key)
    return [list(group.values()) for group in groups.values() if len(group) > 1]


def _split_of(manifest: Path) -> Split:
    return next((split for split in SPLITS if split == manifest.stem), "")


def _path_from(folder: Path, image: Path) -> str:
    """Return the relative path that leads from a folder to an image. Links inside the data set are kept as they are."""
    absolute = Path(os.path.normpath(image.parent.resolve() / image.name))
    try:
        return Path(os.path.relpath(absolute, folder.resolve())).as_posix()
    except ValueError as failure:  # Windows: another drive
        raise DataError(
            f"{folder}: no relative path leads to {image}", hint="--to a folder of the same drive"
        ) from failure
