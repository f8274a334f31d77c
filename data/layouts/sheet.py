"""Collect placed material of one page and return its truth in pixels, with the marks to draw."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from data.layouts.page_truth import (
    LINE_FIELDS,
    LayoutPage,
    LineField,
    PageLine,
    PageShape,
    PageTable,
    PageWord,
    Role,
    Rule,
    forget_lost_labels,
)
from data.layouts.setting.glyph_metrics import measure
from data.layouts.setting.line_breaking import Ink, SetWord
from data.layouts.setting.strips import Box, Figure, Grid, Strip, Stroke, TextPart
from ocr.core.document import box_around

POINTS = 72.0
"""An inch has so many points."""
_LEAST_SEEN = 0.5
"""A word of which less lies on the page is no part of it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One word to draw: the start of its baseline in pixels, its type size in pixels, its direction in degrees."""

    text: str
    ink: Ink
    x: float
    y: float
    size: float
    turn: float


@dataclass(frozen=True, slots=True)
class ComposedPage:
    """A page that is composed and not yet drawn."""

    truth: LayoutPage
    marks: tuple[Mark, ...]
    """In the order of drawing: what shows through the paper or stands behind the text comes first."""
    strokes: tuple[Stroke, ...]
    """In pixels, as the figures are."""
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class PageName:
    """What a page is called: its kind, seed and features, and the resolution of its pixels."""

    kind: str
    seed: str
    features: tuple[str, ...]
    dpi: int


@dataclass(slots=True)
class Sheet:
    """A page of (width, height) points that is being filled."""

    width: float
    height: float
    texts: list[TextPart] = field(default_factory=list)
    strokes: list[Stroke] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def place(self, strip: Strip, x: float, y: float) -> None:
        """Put a strip with its left upper corner at (x, y)."""
        moved = strip.moved(x, y)
        self.texts += moved.texts
        self.strokes += moved.strokes
        self.figures += moved.figures

    def stack(self, strips: Iterable[Strip], x: float, y: float) -> float:
        """Put strips one below the other; return the lower end."""
        for number, strip in enumerate(strips):
            y += strip.above if number else 0.0
            self.place(strip, x, y)
            y += strip.height
        return y

    def finish(self, name: PageName, grids: dict[int, Grid]) -> ComposedPage:
        """Return the page in pixels; texts were placed in the reading order of each field."""
        scale = name.dpi / POINTS
        size = (round(self.width * scale), round(self.height * scale))
        ordered = sorted(self.texts, key=lambda text: LINE_FIELDS.index(text.field))
        figures = [_scaled_figure(f, scale, size) for f in self.figures]
        covers = [f.box for f in figures if f.kind in ("tear", "hole")]
        lines: list[PageLine] = []
        marks: list[Mark] = []
        behind: list[Mark] = []
        for text in ordered:
            words, drawn = _in_pixels(text, scale, size)
            words = [word for word in words if not _covers(covers, word.box)]
            (behind if text.field == "noise" else marks).extend(drawn)
            if words:
                lines.append(_line_of(text, words, len(lines), scale))
        strokes = [_scaled_stroke(s, scale) for s in join_strokes(self.strokes)]
        truth = LayoutPage(
            name.kind, name.seed, tuple(sorted(name.features)), name.dpi, *size, forget_lost_labels(lines),
            tables=_tables(lines, grids),
            rules=tuple(Rule(s.x0, s.y0, s.x1, s.y1, s.width) for s in strokes),
            shapes=tuple([PageShape(f.kind, f.box, f.checked) for f in figures] + _check_boxes(lines)),
        )  # fmt: skip
        return ComposedPage(truth, (*behind, *marks), tuple(strokes), tuple(figures))


def join_strokes(strokes: Iterable[Stroke]) -> list[Stroke]:
    """Return the ruling lines with those joined that touch or overlap on one straight horizontal or vertical line."""
    joined: list[Stroke] = []
    runs: dict[tuple[bool, float, float, tuple[int, int, int]], list[tuple[float, float]]] = {}
    for s in strokes:
        if s.x0 == s.x1 or s.y0 == s.y1:
            level = s.y0 == s.y1
            key = (level, round(s.y0 if level else s.x0, 1), s.width, s.color)
            ends = sorted((s.x0, s.x1) if level else (s.y0, s.y1))
            runs.setdefault(key, []).append((ends[0], ends[1]))
        else:
            joined.append(s)
    for (level, at, width, color), spans in runs.items():
        for start, end in _united(sorted(spans)):
            line = Stroke(start, at, end, at, width, color) if level else Stroke(at, start, at, end, width, color)
            joined.append(line)
    return joined


def _united(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return sorted spans with those joined that lie less than half a point apart."""
    united: list[tuple[float, float]] = []
    for start, end in spans:
        if united and start <= united[-1][1] + 0.5:
            united[-1] = (united[-1][0], max(united[-1][1], end))
        else:
            united.append((start, end))
    return united


def _check_boxes(lines: Iterable[PageLine]) -> list[PageShape]:
    boxes = [word for line in lines for word in line.words if word.text in ("☐", "☒")]
    return [PageShape("check_box", word.box, word.text == "☒") for word in boxes]


def _in_pixels(text: TextPart, scale: float, size: tuple[int, int]) -> tuple[list[PageWord], list[Mark]]:
    """Return the words of a text that lie on the page, and what to draw of it."""
    way = _way(text.turn)
    words: list[PageWord] = []
    marks = []
    for word in text.words:
        x = (text.x + word.x * way[0] - word.y * way[1]) * scale
        y = (text.y + word.x * way[1] + word.y * way[0]) * scale
        em = word.ink.size * scale
        wind = way if not word.turn else _way(text.turn + word.turn)
        box = _clipped(_ink_box(word, x, y, em, wind), size)
        marks.append(Mark(word.text, word.ink, x, y, em, text.turn + word.turn))
        if box:
            words.append(PageWord(word.said or word.text, box, word.glued and bool(words)))
    return words, marks


def _way(degrees: float) -> tuple[float, float]:
    """Return cosine and sine of a direction; exactly (1, 0) for text that runs to the right."""
    return (math.cos(math.radians(degrees)), math.sin(math.radians(degrees))) if degrees else (1.0, 0.0)


def _ink_box(word: SetWord, x: float, y: float, em: float, way: tuple[float, float]) -> Box:
    """Return the box of a word whose baseline starts at (x, y) and runs along `way`."""
    ink = measure(word.ink.font, word.text)
    wide = em * word.ink.stretch
    left, right, top, bottom = ink.left * wide, ink.right * wide, ink.top * em, ink.bottom * em
    if wide < 0:  # mirrored print
        left, right = right, left
    cosine, sine = way
    if sine == 0.0:
        return (x + left, y + top, x + right, y + bottom)
    across = [a * cosine - b * sine for a in (left, right) for b in (top, bottom)]
    down = [a * sine + b * cosine for a in (left, right) for b in (top, bottom)]
    return (x + min(across), y + min(down), x + max(across), y + max(down))


def _clipped(box: Box, size: tuple[int, int]) -> Box | None:
    """Return the part of a box on the page, or None where less than half of it is."""
    if (
        box[0] >= 0
        and box[1] >= 0
        and box[2] <= size[0]
        and box[3] <= size[1]
        and box[2] - box[0] >= 1 <= box[3] - box[1]
    ):
        return (round(box[0], 2), round(box[1], 2), round(box[2], 2), round(box[3], 2))
    left, top, right, bottom = max(0.0, box[0]), max(0.0, box[1]), min(size[0], box[2]), min(size[1], box[3])
    if right - left < _LEAST_SEEN * (box[2] - box[0]) or bottom - top < _LEAST_SEEN * (box[3] - box[1]):
        return None
    # Ink of no height, such as that of a dash, still has a pixel, which lies on the page.
    left, top = min(left, size[0] - 1.0), min(top, size[1] - 1.0)
    return (round(left, 2), round(top, 2), round(max(right, left + 1), 2), round(max(bottom, top + 1), 2))


def _covers(covers: Sequence[Box], box: Box) -> bool:
    """Return whether the middle of a box is covered."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return any(left <= x <= right and top <= y <= bottom for left, top, right, bottom in covers)


def _line_of(text: TextPart, words: Sequence[PageWord], order: int, scale: float) -> PageLine:
    role: dict[LineField, Role] = {"header": "page_header", "footer": "page_footer", "noise": "noise"}
    size = max(word.ink.size for word in text.words)
    return PageLine(
        words=tuple(words),
        field=text.field,
        role=role.get(text.field, text.role),
        block=text.block,
        order=order,
        size=round(size * scale, 2),
        direction=text.turn,
        cell=text.cell,
        label=text.label,
    )


def _tables(lines: Sequence[PageLine], grids: dict[int, Grid]) -> tuple[PageTable, ...]:
    """Return the tables that have a line on the page."""
    boxes: dict[int, list[Box]] = {}
    for line in lines:
        if line.cell:
            boxes.setdefault(line.cell.table, []).append(line.box)
    found = []
    for number in sorted(boxes):
        grid = grids[number]
        found.append(
            PageTable(
                number, box_around(boxes[number]), grid.rows, grid.columns, grid.header_rows, grid.ruled, grid.continued
            )
        )
    return tuple(found)


def _scaled_stroke(stroke: Stroke, scale: float) -> Stroke:
    x0, y0, x1, y1 = (round(value * scale, 2) for value in (stroke.x0, stroke.y0, stroke.x1, stroke.y1))
    return Stroke(x0, y0, x1, y1, round(stroke.width * scale, 2), stroke.color)


def _scaled_figure(figure: Figure, scale: float, size: tuple[int, int]) -> Figure:
    left, top, right, bottom = (value * scale for value in figure.box)
    box = (
        round(min(max(left, 0), size[0] - 1), 2), round(min(max(top, 0), size[1] - 1), 2),
        round(max(min(right, size[0]), 1), 2), round(max(min(bottom, size[1]), 1), 2),
    )  # fmt: skip
    outline = tuple((x * scale, y * scale) for x, y in figure.outline)
    return replace(figure, box=box, width=round(figure.width * scale, 2), outline=outline)
