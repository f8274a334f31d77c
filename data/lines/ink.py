"""Runs of text -> the ink of one line, as a printer or a hand would set it, before anything happens to the paper."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from data.lines.faces import EM, Face, Faces, Glyph, Ink
from data.lines.hard import Run, Runs

RAISED_SIZE = 0.6
"""Of note marks, as a share of the letters beside them."""
SMALL_CAPITAL = 0.78
"""Height of small capitals as a share of capitals."""
INK = 60
"""What is darker than this of 255 counts as ink."""
DRAWN = "☐☑☒□■▪●○"
"""Characters that are drawn and need no glyph."""
_LIGATURES = (("fi", "ﬁ"), ("fl", "ﬂ"))


@dataclass(frozen=True, slots=True)
class Setting:
    """How a line is set. Lengths are shares of the em unless said otherwise."""

    em: float
    """Pixels of the page."""
    stretch: float = 1.0
    """Width of the letters against what the face gives."""
    tracking: float = 0.0
    """Added after each letter."""
    space: float = 1.0
    """Width of a word space against what the face gives."""
    space_jitter: float = 0.0
    """How far spaces differ from each other."""
    shift: float = 0.0
    """Standard deviation by which a letter leaves its place: typewriters, loose type."""
    uneven: float = 0.0
    """Share of its ink that a letter may lose."""
    ligatures: bool = False


@dataclass(frozen=True, slots=True)
class LineInk:
    """A line's coverage (height, width), 0 to 255, cropped to its ink; all lengths in pixels of the page."""

    ink: Ink
    baseline: float
    x_height: float
    cap_height: float


@dataclass(slots=True)
class _Pen:
    """Where the next letter goes, and what was set so far as (ink, x, y)."""

    setting: Setting
    generator: random.Random
    x: float = 0.0
    placed: list[tuple[Ink, float, float]] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.placed = []

    def put(self, glyph: Glyph, *, scale: float = 1.0, rise: float = 0.0) -> None:
        """Set a glyph, `scale` times as large and `rise` pixels of the em square above the baseline."""
        ink, left, top = glyph.ink, glyph.left * scale, glyph.top * scale
        setting = self.setting
        if ink.size:
            if scale != 1.0:
                size = (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
                ink = np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_AREA), np.uint8)
            x, y = self.x + left, top - rise
            if setting.shift:
                x += self.generator.gauss(0, setting.shift) * EM
                y += self.generator.gauss(0, setting.shift) * EM
            if setting.uneven:
                ink = np.asarray(cv2.convertScaleAbs(ink, alpha=1 - setting.uneven * self.generator.random()), np.uint8)
            self.placed.append((ink, x, y))
        self.x += glyph.advance * scale + setting.tracking * EM

    def skip(self, advance: float) -> None:
        """Leave a word space of about `advance` pixels of the em square."""
        jitter = self.setting.space_jitter
        self.x += advance * self.setting.space * (1 + (self.generator.uniform(-jitter, jitter) if jitter else 0.0))


def needed(runs: Runs) -> frozenset[str]:
    """Return the characters that a face must print for these runs."""
    signs: set[str] = set()
    for run in runs:
        signs.update(run.printed)
        if run.look == "small-caps":
            signs.update(run.printed.upper())
    return frozenset(signs - set(DRAWN))


def set_line(runs: Runs, face: Face, faces: Faces, setting: Setting, generator: random.Random) -> LineInk | None:
    """Return the ink of a line, or None when nothing visible is in it."""
    pen = _Pen(setting, generator)
    for run in runs:
        _set_run(run, _face_of(run, face, faces), pen)
    if not pen.placed:
        return None
    line = _assemble(pen, face)
    return _wandering(line, setting.em, generator) if line and face.style == "script" else line


def _face_of(run: Run, face: Face, faces: Faces) -> Face:
    if run.look not in ("bold", "italic", "bold-italic"):
        return face
    other = faces.sibling(face, bold=run.look != "italic", italic=run.look != "bold")
    return other if other.can_print(run.printed) else face


def _set_run(run: Run, face: Face, pen: _Pen) -> None:
    if run.look == "raised":
        scale = RAISED_SIZE * pen.generator.uniform(0.85, 1.1)
        for sign in run.printed:
            pen.put(face.glyph(sign), scale=scale, rise=(face.cap_height - scale * 0.62) * EM)
    elif run.look == "small-caps":
        for sign in run.printed:
            small = sign.upper() != sign
            pen.put(face.glyph(sign.upper()), scale=SMALL_CAPITAL if small else 1.0)
    elif run.look == "spaced":
        _set_spaced(run.printed, face, pen)
    elif run.look == "comb":
        _set_comb(run.printed, face, pen)
    elif run.look == "drawn":
        for sign in run.printed:
            pen.put(_box(sign, pen.generator.randint(2, 5), pen.generator.randrange(4)))
    else:
        _set_plain(run.printed, face, pen)


def _set_plain(text: str, face: Face, pen: _Pen) -> None:
    if pen.setting.ligatures:
        for letters, ligature in _LIGATURES:
            if ligature in face.characters:
                text = text.replace(letters, ligature)
    blank = face.glyph(" ").advance
    for sign in text:
        if sign == " ":
            pen.skip(blank)
        elif sign in DRAWN:
            pen.put(_box(sign, 3, 0))
        else:
            pen.put(face.glyph(sign))


def _set_spaced(text: str, face: Face, pen: _Pen) -> None:
    """Set letters with a gap after each, and clearly wider gaps between words."""
    gap = pen.generator.uniform(0.16, 0.85) * EM
    for sign in text:
        if sign == " ":
            pen.x += gap * pen.generator.uniform(1.6, 2.4) + face.glyph(" ").advance
        else:
            pen.put(face.glyph(sign))
            pen.x += gap


def _set_comb(text: str, face: Face, pen: _Pen) -> None:
    """Set one ruled box for each letter; an empty box between words."""
    pitch, stroke = round(EM * pen.generator.uniform(0.95, 1.5)), pen.generator.randint(1, 3)
    high = round(EM * pen.generator.uniform(1.05, 1.4))
    top, start = -round(high * 0.74), pen.x
    open_above = pen.generator.random() < 0.3
    for place, sign in enumerate(text):
        pen.x = start + place * pitch
        frame = np.zeros((high, pitch + stroke), np.uint8)
        frame[:, :stroke] = frame[:, -stroke:] = frame[-stroke:] = 255
        if open_above:
            frame[: high // 2] = 0
        else:
            frame[:stroke] = 255
        pen.placed.append((frame, pen.x, top))
        glyph = face.glyph(sign)
        pen.x += (pitch - glyph.advance) / 2
        pen.put(glyph)
    pen.x = start + len(text) * pitch


@lru_cache(maxsize=128)
def _box(sign: str, stroke: int, shape: int) -> Glyph:
    """Draw a check box: `stroke` pixels of line, one of four sizes and crosses."""
    side = (38, 44, 50, 56)[shape]
    ink = np.zeros((side + 8, side + 8), np.uint8)
    cv2.rectangle(ink, (4, 4), (side + 3, side + 3), 255, -1 if sign == "■" else stroke, cv2.LINE_AA)
    low, high = (7, side) if shape % 2 else (0, side + 7)
    if sign == "☒":
        cv2.line(ink, (low, low), (high, high), 255, stroke + shape // 2, cv2.LINE_AA)
        cv2.line(ink, (low, high), (high, low), 255, stroke + shape // 2, cv2.LINE_AA)
    elif sign == "☑":
        tick = np.array(((8, side // 2), (side // 2, side - 2), (high, low)), np.int32)
        cv2.polylines(ink, [tick], False, 255, stroke + 1, cv2.LINE_AA)
    return Glyph(ink, 2, -side - 1, side + 12.0)


def _assemble(pen: _Pen, face: Face) -> LineInk | None:
    left = int(min(x for _, x, _ in pen.placed)) - 2
    top = int(min(y for _, _, y in pen.placed)) - 2
    right = int(max(x + ink.shape[1] for ink, x, _ in pen.placed)) + 3
    bottom = int(max(y + ink.shape[0] for ink, _, y in pen.placed)) + 3
    canvas = np.zeros((bottom - top, right - left), np.uint8)
    for ink, x, y in pen.placed:
        row, column = round(y) - top, round(x) - left
        place = canvas[row : row + ink.shape[0], column : column + ink.shape[1]]
        np.maximum(place, ink[: place.shape[0], : place.shape[1]], out=place)
    scale = pen.setting.em / EM
    size = (max(1, round(canvas.shape[1] * scale * pen.setting.stretch)), max(1, round(canvas.shape[0] * scale)))
    resized = np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC))
    rows, columns = _extent(resized.max(axis=1)), _extent(resized.max(axis=0))
    if rows is None or columns is None:
        return None
    return LineInk(
        resized[rows[0] : rows[1], columns[0] : columns[1]],
        -top * scale - rows[0],
        face.x_height * pen.setting.em,
        face.cap_height * pen.setting.em,
    )


def _wandering(line: LineInk, em: float, generator: random.Random) -> LineInk | None:
    """Return the line as handwriting: the baseline varies, and the letters lean more or less than the face does."""
    width = line.ink.shape[1]
    swing, lean = generator.uniform(0, 0.12) * em, generator.gauss(0, 0.12)
    room = round(swing) + 1
    knots = np.linspace(0, width, max(3, round(width / (generator.uniform(2, 6) * em)) + 2))
    moved = [generator.uniform(-swing, swing) for _ in knots]
    shift = np.interp(np.arange(width + 2 * room), knots + room, moved).astype(np.float32)
    padded = np.pad(line.ink, room)
    rows, columns = np.mgrid[0 : padded.shape[0], 0 : padded.shape[1]].astype(np.float32)
    source = columns + np.float32(lean) * (rows - np.float32(line.baseline + room))
    bent = np.asarray(cv2.remap(padded, source, rows + shift, cv2.INTER_LINEAR, borderValue=0), np.uint8)
    top, side = _extent(bent.max(axis=1)), _extent(bent.max(axis=0))
    if top is None or side is None:
        return None
    ink = bent[top[0] : top[1], side[0] : side[1]]
    return LineInk(ink, line.baseline + room - top[0], line.x_height, line.cap_height)


def _extent(profile: Iterable[int]) -> tuple[int, int] | None:
    """First and behind-last place of ink in a profile of maxima."""
    places = np.flatnonzero(np.asarray(profile) > INK)
    return (int(places[0]), int(places[-1]) + 1) if len(places) else None
