"""Turn the truth of a composed page into what a detector and a recognizer would give for it, with labels.

Nothing is drawn. The boxes are moved, grown, joined over narrow gaps and torn at wide ones, as those of the built-in
reader are. Its habits were judged from readings of real pages, not measured on drawn ones.
"""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

from data.layouts.page_truth import LayoutPage, PageLine, PageWord
from ocr.core.document import Box, Line, Word, box_around

JOINED_BELOW, JOINED_WIDTH = 1.05, 0.16
"""Gap, in type sizes, at which half of all neighbors are joined to one line, and how fast that changes."""
GROWN = (0.08, 0.26)
"""By how many type sizes a box is larger than the ink, on each side."""
LOST = 0.006
"""Share of lines that are not found."""
SHOWN = 0.3
"""Share of the noise on a page that is read at all."""
RULES_LOST, ALL_RULES_LOST = 0.08, 0.15
"""Share of ruling lines that are not found, and of pages on which none is known."""
NUMBER_OF_EDGES = 4
LEAST_LINES = 2
"""A clipping with fewer is not worth a page."""
OVER_COLUMNS = 0.3
"""Share of the joints of running text over a gutter that are left: columns are cut before lines are detected."""
TORN = 0.05
"""Share of lines of three words or more that a detector tears at a usual word gap, as in dense justified print."""
CROPPED, PADDING = 0.15, (2.0, 40.0)
"""Share of pages that are cropped close to their print, and the pixels that are left around it."""
CLIPPED, CLIPPED_LINES, MARGIN = 0.2, (4, 60), (0.1, 1.5)
"""Share of pages of which only a clipping is scanned, its height in lines, and its margin in type sizes."""
WHOLE_WIDTH = 0.35
"""Share of clippings that are as wide as the page; others show the width of one block, such as a column."""


@dataclass(frozen=True, slots=True)
class SimulatedPage:
    """Detected lines, in no order, with the line of the truth that each word belongs to."""

    lines: tuple[Line, ...]
    truth_of: dict[int, int]
    """Place of the page's line by the id of a `Word`."""
    rulings: tuple[Box, ...]
    size: tuple[int, int]
    blanks: Mapping[Box, int] = field(default_factory=dict)
    """Place of the page's line by the ruling line that its blank is found as."""


def simulate(page: LayoutPage, generator: random.Random, clipped: float = CLIPPED) -> SimulatedPage:
    """Return the lines that a reader would find on a composed page. Level pages only: skew is corrected before.

    `clipped` is the probability that only a clipping of the page is scanned.
    """
    truth_of: dict[int, int] = {}
    segments = [
        (place, line, words)
        for place, line in enumerate(page.lines)
        if generator.random() >= (LOST if line.field != "noise" else 1 - SHOWN)
        for words in [_kept(line.words, generator)]
        if words
    ]
    lines = [
        _read(group, generator, truth_of)
        for group in (*_upright(segments), *_joined([one for one in segments if one[1].direction == 0], generator))
    ]
    generator.shuffle(lines)
    blanks = _blanks(segments, page, generator)
    rulings = (*_rulings(page, generator), *blanks)
    whole = SimulatedPage(tuple(lines), truth_of, rulings, (page.width, page.height), blanks)
    share = generator.random()
    if not lines or share >= clipped + CROPPED:
        return whole
    area = _clipping(page, generator) if share < clipped else _print_area(whole, generator)
    return _part(whole, area) if area else whole


def _print_area(page: SimulatedPage, generator: random.Random) -> Box:
    """Return the area of a scan that ends close to the print."""
    left, top, right, bottom = box_around(line.box for line in page.lines)
    pad = generator.uniform(*PADDING)
    return (left - pad, top - pad, right + pad, bottom + pad)


def _clipping(page: LayoutPage, generator: random.Random) -> Box | None:
    """Return the area of a clipping: some lines of the page, as wide as one block or as the page; None where not."""
    level = [line for line in page.lines if line.direction == 0 and line.field != "noise"]
    if not level:
        return None
    chosen = generator.choice(level)
    left, _, right, _ = box_around(line.box for line in level if line.block == chosen.block)
    margin = generator.uniform(*MARGIN) * chosen.size
    if generator.random() < WHOLE_WIDTH:
        left, right, margin = 0.0, float(page.width), 0.0
    height = generator.uniform(*CLIPPED_LINES) * 1.3 * chosen.size
    top = chosen.box[1] - generator.random() * height
    return (left - margin, max(0.0, top), right + margin, min(float(page.height), top + height))


def _part(page: SimulatedPage, area: Box) -> SimulatedPage:
    """Return what a scan of a part of the page shows: words that its edges cut are not read."""
    x, y = area[:2]
    size = (round(area[2] - x), round(area[3] - y))

    def moved(box: Box) -> Box:
        return (box[0] - x, box[1] - y, box[2] - x, box[3] - y)

    truth_of: dict[int, int] = {}
    lines = []
    for line in page.lines:
        inside = [word for word in line.words if _is_in(word.box, area)]
        words = tuple(replace(word, box=moved(word.box)) for word in inside)
        if not words:
            continue
        truth_of |= {id(new): page.truth_of[id(old)] for new, old in zip(words, inside, strict=True)}
        is_whole = len(words) == len(line.words)
        box = moved(line.box) if is_whole else box_around(word.box for word in words)
        lines.append(replace(line, text=" ".join(word.text for word in words), box=box, words=words))
    if len(lines) < LEAST_LINES:
        return page
    rulings = tuple(moved(_within(box, area)) for box in page.rulings if _meets(box, area))
    blanks = {moved(_within(box, area)): place for box, place in page.blanks.items() if _meets(box, area)}
    return SimulatedPage(tuple(lines), truth_of, rulings, size, blanks)


def _is_in(box: Box, area: Box) -> bool:
    """Return whether the middle half of a box lies in an area."""
    wide, high = (box[2] - box[0]) / 4, (box[3] - box[1]) / 4
    return (
        area[0] <= box[0] + wide and box[2] - wide <= area[2] and area[1] <= box[1] + high and box[3] - high <= area[3]
    )


def _meets(box: Box, area: Box) -> bool:
    return box[0] < area[2] and area[0] < box[2] and box[1] < area[3] and area[1] < box[3]


def _within(box: Box, area: Box) -> Box:
    """Return the part of a box that lies in an area, which it meets."""
    return (max(box[0], area[0]), max(box[1], area[1]), min(box[2], area[2]), min(box[3], area[3]))


Segment = tuple[int, PageLine, Sequence[PageWord]]


def _kept(words: Sequence[PageWord], generator: random.Random) -> list[PageWord]:
    """Return the words that are read: blanks and drawn boxes mostly are not."""
    return [
        word
        for word in words
        if not (word.text.strip("_") == "" and generator.random() < 0.9)
        and not (word.text in "☐☒" and generator.random() < 0.5)
    ]


def _blanks(segments: Sequence[Segment], page: LayoutPage, generator: random.Random) -> dict[Box, int]:
    """Return the ruling lines that blanks are found as where they are not read, with the line of each."""
    read = {word.box for _, _, words in segments for word in words}
    return {
        (left, bottom - 2, right, bottom): place
        for place, line in enumerate(page.lines)
        if line.field == "text" and line.direction == 0
        for word in line.words
        if len(word.text) > 2 and word.text.strip("_") == "" and word.box not in read
        for left, _, right, bottom in [word.box]
        if generator.random() >= RULES_LOST
    }


def _upright(segments: Sequence[Segment]) -> Iterator[list[tuple[int, PageLine, PageWord]]]:
    """Yield the words of lines that run up or down the page, each line by itself."""
    for place, line, words in segments:
        if line.direction != 0:
            yield [(place, line, word) for word in words]


class _Run(NamedTuple):
    """Words of one line that the detector takes together."""

    left: float
    right: float
    middle: float
    size: float
    words: list[tuple[int, PageLine, PageWord]]


def _joined(segments: Sequence[Segment], generator: random.Random) -> Iterator[list[tuple[int, PageLine, PageWord]]]:
    """Yield groups of words that a detector takes for one line: what stands at one height with narrow gaps."""
    runs = [run for segment in segments for run in _runs(segment, generator)]
    runs.sort(key=lambda run: run.left)
    groups: list[_Run] = []
    for run in runs:
        place = next((n for n, group in enumerate(groups) if _continues(group, run, generator)), None)
        if place is None:
            groups.append(run)
        else:
            before = groups[place]
            groups[place] = before._replace(right=run.right, words=[*before.words, *run.words])
    yield from (group.words for group in groups)


def _runs(segment: Segment, generator: random.Random) -> Iterator[_Run]:
    """Yield the words of a line, torn at wide gaps."""
    place, line, words = segment
    middle = sum(line.box[1::2]) / 2
    torn = generator.randrange(1, len(words)) if len(words) > 2 and generator.random() < TORN else 0
    start = 0
    for end in range(1, len(words) + 1):
        if end < len(words) and end != torn:
            gap = (words[end].box[0] - words[end - 1].box[2]) / max(1.0, line.size)
            if gap < 0.5 or _is_joined(gap, generator):
                continue
        run = [(place, line, word) for word in words[start:end]]
        yield _Run(words[start].box[0], words[end - 1].box[2], middle, line.size, run)
        start = end


def _continues(group: _Run, run: _Run, generator: random.Random) -> bool:
    """Return whether words of another line are joined to the end of a group."""
    size = min(group.size, run.size)
    gap = (run.left - group.right) / max(1.0, size)
    return (
        -0.3 < gap < 2
        and abs(group.middle - run.middle) < 0.35 * size
        and max(group.size, run.size) < 1.6 * size
        and group.words[-1][0] != run.words[0][0]
        and _is_joined(gap, generator)
        and (_is_cell(group.words[-1][1]) or _is_cell(run.words[0][1]) or generator.random() < OVER_COLUMNS)
    )


def _is_cell(line: PageLine) -> bool:
    """Return whether a line is not running text, whose columns the reader mostly cuts before detection."""
    return line.cell is not None or line.label is not None or line.role in ("form_label", "form_value")


def _is_joined(gap: float, generator: random.Random) -> bool:
    """Return whether the detector joins what is `gap` type sizes apart."""
    return generator.random() < 1 / (1 + math.exp(min(50.0, (gap - JOINED_BELOW) / JOINED_WIDTH)))


def _read(group: Sequence[tuple[int, PageLine, PageWord]], generator: random.Random, truth_of: dict[int, int]) -> Line:
    """Return a line as a reader gives it, and record where its words come from."""
    size = max(line.size for _, line, _ in group)
    left, top, right, bottom = box_around(word.box for _, _, word in group)
    grown = [generator.uniform(*GROWN) * size for _ in range(NUMBER_OF_EDGES)]
    vertical = group[0][1].direction != 0
    box = (left - grown[0], top - grown[1], right + grown[2], bottom + grown[3])
    sure = min(1.0, max(0.5, 1 - abs(generator.gauss(0, 0.02))))
    spans = _word_spans([word.box for _, _, word in group], size) if not vertical else None
    words: list[Word] = []
    for number, (place, _, word) in enumerate(group):
        text = word.text
        edges = word.box if spans is None else (spans[number][0], box[1], spans[number][1], box[3])
        glued = number > 0 and word.glued and group[number - 1][0] == place and generator.random() < 0.8
        if glued:
            before = words.pop()
            text, edges = before.text + text, box_around((before.box, edges))
        words.append(Word(text, edges, sure))
        truth_of[id(words[-1])] = place
    return Line(" ".join(word.text for word in words), box, round(sure, 4), tuple(words))


def _word_spans(boxes: Sequence[Box], size: float) -> list[tuple[float, float]]:
    """Return left and right of words as a recognizer gives them: half of each gap between words is lost.

    It knows the middles of characters alone, one of them that of the space.
    """
    spans = [[box[0], box[2]] for box in boxes]
    for before, after in pairwise(spans):
        gap = after[0] - before[1]
        shown = max(0.0, (gap + 0.45 * size) / 2)
        middle = (after[0] + before[1]) / 2
        before[1], after[0] = (
            min(before[1] + 0.2 * size, middle - shown / 2),
            max(after[0] - 0.2 * size, middle + shown / 2),
        )
    return [(left, max(left + 1, right)) for left, right in spans]


def _rulings(page: LayoutPage, generator: random.Random) -> tuple[Box, ...]:
    """Return the ruling lines that are found, those of drawn frames included."""
    if generator.random() < ALL_RULES_LOST:
        return ()
    lines = [(rule.x0, rule.y0, rule.x1, rule.y1) for rule in page.rules]
    for shape in page.shapes:
        if shape.kind in ("frame", "comb_box"):
            left, top, right, bottom = shape.box
            lines += [(left, top, right, top), (left, bottom, right, bottom)]
            lines += [(left, top, left, bottom), (right, top, right, bottom)]
    found = []
    for x0, y0, x1, y1 in lines:
        if generator.random() >= RULES_LOST:
            move = generator.uniform(-1, 1)
            found.append((min(x0, x1) + move, min(y0, y1) + move, max(x0, x1) + move + 2, max(y0, y1) + move + 2))
    return tuple(found)
