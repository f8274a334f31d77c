"""Draw a composed page, and degrade it as a scanner, a copier or a phone would, with boxes that follow."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from data.layouts.page_truth import LayoutPage, PageLine, PageShape, PageTable, Rule, forget_lost_labels
from data.layouts.setting.glyph_metrics import SHAPES, measure
from data.layouts.setting.strips import Box, Figure
from data.layouts.sheet import ComposedPage, Mark
from data.synthesis.degradation import PROFILES, Placement, Profile, degrade, place
from data.synthesis.effects import Pixels
from data.synthesis.fonts import SHIPPED
from ocr.core.environment import load
from ocr.core.errors import UsageError

_ABOVE = ("tear", "hole", "signature", "seal")
"""Shapes that cover print."""
_LEAST_SEEN = 0.5
"""A word of which less lies on the page after degradation is no part of it."""


@dataclass(frozen=True, slots=True)
class ScannedPage:
    """A page as an image file, with the truth at its pixels."""

    pixels: Pixels
    """(height, width) gray or (height, width, 3) RGB."""
    content: bytes
    """The encoded image file."""
    suffix: str
    truth: LayoutPage


def draw_page(page: ComposedPage, *, color: bool = False) -> Pixels:
    """Return the clean page: (height, width) gray or (height, width, 3) RGB."""
    drawing: Any = load("PIL.ImageDraw")
    canvas = load("PIL.Image").new("RGB", (page.truth.width, page.truth.height), "white")
    pen = drawing.Draw(canvas)
    for figure in page.figures:
        if figure.kind not in _ABOVE:
            _draw_figure(pen, figure)
    for stroke in page.strokes:
        pen.line((stroke.x0, stroke.y0, stroke.x1, stroke.y1), stroke.color, max(1, round(stroke.width)))
    for mark in page.marks:
        _draw_mark(canvas, pen, mark)
    for figure in page.figures:
        if figure.kind in _ABOVE:
            _draw_figure(pen, figure)
    pixels = np.asarray(canvas)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8) if not color else pixels.copy()


def scan_page(page: ComposedPage, profile: str, strength: float, seed: Sequence[int]) -> ScannedPage:
    """Draw and degrade a page; the same arguments give the same bytes. Raises UsageError on an unknown profile."""
    if profile not in PROFILES:
        raise UsageError(f"no degradation profile {profile!r}", hint=f"profiles: {', '.join(PROFILES)}")
    clean = draw_page(page, color=PROFILES[profile].color)
    degraded = degrade(clean, PROFILES[profile], strength, seed)
    return ScannedPage(degraded.pixels, degraded.content, degraded.suffix, move_page(page.truth, degraded.placement))


def move_page(page: LayoutPage, placement: Placement) -> LayoutPage:
    """Return the truth of a page after a placement, without drawing it; words that leave the page are dropped."""
    size = (page.width, page.height)
    words = iter(_moved([w.box for line in page.lines for w in line.words], placement, size))
    lines: list[PageLine] = []
    for line in page.lines:
        placed = zip(line.words, [next(words) for _ in line.words], strict=True)
        kept = [replace(word, box=box) for word, box in placed if box]
        if kept:
            kept[0] = replace(kept[0], glued=False)
            lines.append(replace(line, words=tuple(kept), order=len(lines)))
    tables = [
        replace(table, box=box)
        for table, box in zip(page.tables, _moved([t.box for t in page.tables], placement, size), strict=True)
        if box
    ]
    return replace(
        page,
        lines=forget_lost_labels(lines),
        tables=tuple(_with_lines(tables, lines)),
        rules=_moved_rules(page.rules, placement),
        shapes=_moved_shapes(page.shapes, placement, size),
        skew=round(_skew_of(placement, size), 3),
    )


def lean(page: LayoutPage, degrees: float) -> LayoutPage:
    """Return the truth of a page that is turned clockwise around its middle, without drawing it."""
    return move_page(page, turning(page.width, page.height, degrees))


def random_placement(page: LayoutPage, seed: Sequence[int], degrees: float = 3.0, warp: float = 4.0) -> Placement:
    """Return the placement of a sheet on a scanner's glass: leaning up to `degrees`, curved by up to `warp` pixels.

    The warp is that of 200 dots per inch and scales with the page.
    """
    sheet = Profile({}, degrees, 0.001, warp * page.dpi / 200, {}, "png")
    return place((page.height, page.width), sheet, 1.0, np.random.Generator(np.random.SFC64(list(seed))))


def turning(width: int, height: int, degrees: float) -> Placement:
    """Return the placement that turns a page clockwise around its middle."""
    turn = math.radians(degrees)
    cosine, sine, x, y = math.cos(turn), math.sin(turn), width / 2, height / 2
    # A placement maps the points of the turned page to those of the clean one.
    matrix = [[cosine, sine, x - cosine * x - sine * y], [-sine, cosine, y + sine * x - cosine * y], [0, 0, 1]]
    return Placement(np.array(matrix, np.float64), np.zeros((0, 5)))


def _moved(boxes: Sequence[Box], placement: Placement, size: tuple[int, int]) -> list[Box | None]:
    """Return the boxes on the moved page; None for one of which less than half is on it."""
    if not boxes:
        return []
    corners = np.array(boxes, np.float64)[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 2)
    placed = placement.places(corners).reshape(-1, 4, 2)
    low, high = placed.min(axis=1), placed.max(axis=1)
    inside = np.c_[np.clip(low, 0, size), np.clip(high, 0, size)]
    seen = ((inside[:, 2:] - inside[:, :2]) > _LEAST_SEEN * (high - low)).all(axis=1)
    return [tuple(box) if kept else None for box, kept in zip(inside.round(2).tolist(), seen.tolist(), strict=True)]


def _moved_rules(rules: Sequence[Rule], placement: Placement) -> tuple[Rule, ...]:
    if not rules:
        return ()
    ends = placement.places(np.array([(r.x0, r.y0, r.x1, r.y1) for r in rules], np.float64).reshape(-1, 2))
    return tuple(
        Rule(x0, y0, x1, y1, rule.width)
        for (x0, y0, x1, y1), rule in zip(ends.round(2).reshape(-1, 4).tolist(), rules, strict=True)
    )


def _moved_shapes(shapes: Sequence[PageShape], placement: Placement, size: tuple[int, int]) -> tuple[PageShape, ...]:
    boxes = _moved([shape.box for shape in shapes], placement, size)
    return tuple(replace(shape, box=box) for shape, box in zip(shapes, boxes, strict=True) if box)


def _with_lines(tables: Sequence[PageTable], lines: Sequence[PageLine]) -> list[PageTable]:
    seen = {line.cell.table for line in lines if line.cell}
    return [table for table in tables if table.id in seen]


def _skew_of(placement: Placement, size: tuple[int, int]) -> float:
    width, height = size
    start, end = placement.places(np.array([[width * 0.1, height / 2], [width * 0.9, height / 2]], np.float64))
    return math.degrees(math.atan2(end[1] - start[1], end[0] - start[0]))


@lru_cache(maxsize=512)
def _font(name: str, size: float) -> Any:
    fonts: Any = load("PIL.ImageFont")
    return fonts.truetype(str(SHIPPED / f"{name}.ttf"), size, layout_engine=fonts.Layout.BASIC)


def _draw_mark(canvas: Any, pen: Any, mark: Mark) -> None:
    if mark.ink.font == SHAPES:
        _draw_shape(pen, mark)
        return
    font = _font(mark.ink.font, round(mark.size, 1))
    if mark.turn == 0.0 and mark.ink.stretch == 1.0:
        at = mark.x
        for sign in mark.text:  # one by one: the library rounds the advances of a small face to whole pixels
            pen.text((at, mark.y), sign, mark.ink.color, font, anchor="ls")
            at += measure(mark.ink.font, sign).advance * mark.size
        return
    stretch = mark.ink.stretch * measure(mark.ink.font, mark.text).advance * mark.size / font.getlength(mark.text)
    images: Any = load("PIL.Image")
    pad = round(mark.size)
    wide, tall = round(font.getlength(mark.text)) + 2 * pad, 3 * pad
    mask = images.new("L", (wide, tall), 0)
    load("PIL.ImageDraw").Draw(mask).text((pad, 2 * pad), mark.text, 255, font, anchor="ls")
    # The start of the baseline, (pad, 2 pad) in the mask, comes to (x, y) on the page.
    turn = math.radians(mark.turn)
    cosine, sine = math.cos(turn), math.sin(turn)
    corners = [(x * stretch, y) for x in (-pad, wide - pad) for y in (-2 * pad, tall - 2 * pad)]
    spread = [(mark.x + a * cosine - b * sine, mark.y + a * sine + b * cosine) for a, b in corners]
    left, top = math.floor(min(x for x, _ in spread)), math.floor(min(y for _, y in spread))
    size = (math.ceil(max(x for x, _ in spread)) - left, math.ceil(max(y for _, y in spread)) - top)
    x, y = left - mark.x, top - mark.y
    inverse = (
        cosine / stretch, sine / stretch, (cosine * x + sine * y) / stretch + pad,
        -sine, cosine, cosine * y - sine * x + 2 * pad,
    )  # fmt: skip
    turned = mask.transform(size, images.Transform.AFFINE, inverse, images.Resampling.BICUBIC)
    canvas.paste(mark.ink.color, (left, top), turned)


def _draw_shape(pen: Any, mark: Mark) -> None:
    """Draw an empty or crossed box that stands in a line of text."""
    ink = measure(SHAPES, mark.text)
    box = (
        mark.x + ink.left * mark.size, mark.y + ink.top * mark.size,
        mark.x + ink.right * mark.size, mark.y + ink.bottom * mark.size,
    )  # fmt: skip
    _draw_figure(pen, Figure("check_box", box, mark.size * 0.06, mark.ink.color, checked=mark.text == "☒"))


def _draw_figure(pen: Any, figure: Figure) -> None:
    width = max(1, round(figure.width))
    if figure.kind == "signature":
        pen.line(_scribble(figure), figure.color, width + 1, joint="curve")
        return
    if figure.outline:
        pen.polygon(figure.outline, fill=figure.fill, outline=figure.color, width=width)
        return
    if figure.kind in ("seal", "hole"):
        pen.ellipse(figure.box, fill=figure.color if figure.kind == "hole" else None, outline=figure.color, width=width)
        return
    if figure.kind in ("picture", "bar_code"):
        (_draw_picture if figure.kind == "picture" else _draw_bars)(pen, figure)
        return
    pen.rectangle(figure.box, fill=figure.fill, outline=figure.color, width=width)
    if figure.checked:
        left, top, right, bottom = figure.box
        pen.line((left + 2, top + 2, right - 2, bottom - 2), figure.color, width + 1)
        pen.line((left + 2, bottom - 2, right - 2, top + 2), figure.color, width + 1)


def _draw_picture(pen: Any, figure: Figure) -> None:
    """Draw a picture of gray hills below a bright sky."""
    chance = random.Random(figure.seed)
    left, top, right, bottom = figure.box
    pen.rectangle(figure.box, fill=(chance.randint(170, 230),) * 3, outline=(60, 60, 60))
    for layer in range(4):
        gray = chance.randint(30, 190 - 35 * layer)
        level = top + (bottom - top) * (0.3 + 0.17 * layer)
        xs = [left + (right - left) * n / 9 for n in range(10)]
        hills = [(x, min(bottom, level + chance.uniform(-0.12, 0.12) * (bottom - top))) for x in xs]
        pen.polygon([(left, bottom), *hills, (right, bottom)], fill=(gray, gray, gray))


def _draw_bars(pen: Any, figure: Figure) -> None:
    chance = random.Random(figure.seed)
    left, top, right, bottom = figure.box
    narrow = max(1.0, (right - left) / 220)
    while left < right:
        wide = narrow * chance.choice((1, 1, 2, 3))
        pen.rectangle((left, top, min(right, left + wide - 1), bottom), fill=(0, 0, 0))
        left += wide + narrow * chance.choice((1, 1, 2, 3))


def _scribble(figure: Figure) -> list[tuple[float, float]]:
    """Return the points of a signature: loops of different height and slant, from the left to the right of the box."""
    chance = random.Random(figure.seed)
    left, top, right, bottom = figure.box
    loops, wide, tall = chance.randint(3, 10), right - left, bottom - top
    heights = [chance.uniform(0.1, 0.5) for _ in range(loops + 1)]
    curl, slant = chance.uniform(0.02, 0.09), chance.uniform(-0.1, 0.35)
    points = []
    for step in range(loops * 12):
        part, turn = step / (loops * 12), step / 12 * 2 * math.pi
        reach = heights[step // 12] + (heights[step // 12 + 1] - heights[step // 12]) * (step % 12) / 12
        swing = math.sin(turn) * reach
        x = left + wide * min(1.0, max(0.0, 0.92 * part + curl * math.cos(turn) + slant * swing * tall / wide))
        points.append((x, top + tall * (0.55 - swing)))
    return points
