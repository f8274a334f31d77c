"""What lies on the paper beside a line's own letters: neighbor lines, rules, strokes of pens and stamps, shapes, ink of
the other side. Also the sheet itself: a line with room around it, of which the engine cuts a strip.
"""

import random
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from data.lines.ink import LineInk

Pixels = NDArray[np.uint8]
ROOM = 0.35
"""Around the strip, in em: wear works on more than is kept, so that it has no border at the strip's edge."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A line on its paper: gray `pixels` (height, width), dark ink on white; lengths in pixels of the page."""

    pixels: Pixels
    em: float
    baseline: float
    """Row on which the letters stand."""
    x_height: float
    ascender: float
    strip: tuple[int, int, int, int]
    """(left, top, right, bottom) of what the engine cuts."""
    random: random.Random
    noise: np.random.Generator

    def with_pixels(self, pixels: Pixels) -> "Sheet":
        """Return the same sheet with other pixels of the same shape."""
        return replace(self, pixels=pixels)


@dataclass(frozen=True, slots=True)
class Margins:
    """Room that the strip leaves around the ink, in em; negative where it cuts letters."""

    above: float
    below: float
    left: float
    right: float
    pitch: float
    """Distance of the neighbor lines' baselines; 0 where there are none."""
    neighbors: tuple[bool, bool] = (True, True)
    """Whether there is a line above and one below."""


def lay_out(line: LineInk, em: float, margins: Margins, seeded: tuple[random.Random, np.random.Generator]) -> Sheet:
    """Return a line on white paper with its neighbors, and where the strip is cut."""
    generator, noise = seeded
    height, width = line.ink.shape
    room = round(em * ROOM) + 3
    above, below, left, right = (
        round(em * share) for share in (margins.above, margins.below, margins.left, margins.right)
    )
    # The strip covers the letters of a usual line even where this one has no ascender or descender.
    above += max(0, round((line.cap_height - line.baseline) * 0.7))
    below += max(0, round((line.baseline + em * 0.2 - height) * 0.7))
    left, right = max(0, left), max(0, right)
    first, start = room + max(0, above), room + left
    last = first + height
    ink = np.zeros((last + max(0, below) + room, start + width + right + room), np.uint8)
    ink[first:last, start : start + width] = line.ink
    strip = (room, first - above, start + width + right, max(first - above + 8, last + below))
    ascender = max(line.cap_height, line.x_height * 1.4)
    sheet = Sheet(ink, em, first + line.baseline, line.x_height, ascender, strip, generator, noise)
    if margins.pitch:
        _add_neighbors(sheet, line, margins)
    return sheet.with_pixels(np.asarray(cv2.bitwise_not(ink), np.uint8))


def _add_neighbors(sheet: Sheet, line: LineInk, margins: Margins) -> None:
    """Write the lines above and below into the ink: the same letters at other places, which costs nothing to set."""
    ink, width = sheet.pixels, sheet.pixels.shape[1]
    repeats = -(-width // max(1, line.ink.shape[1] + round(sheet.em * 0.3))) + 1
    spaced = np.pad(line.ink, ((0, 0), (0, round(sheet.em * 0.3))))
    for way, wanted in zip((-1, 1), margins.neighbors, strict=True):
        if not wanted:
            continue
        other = np.roll(np.tile(spaced, (1, repeats)), sheet.random.randrange(max(1, line.ink.shape[1])), axis=1)[
            :, :width
        ]
        top = round(sheet.baseline + way * margins.pitch * sheet.em - line.baseline)
        first, last = max(0, top), min(ink.shape[0], top + other.shape[0])
        if first < last:
            edge = sheet.random.choice((0, 0, round(sheet.em * ROOM)))
            place = ink[first:last, edge:]
            np.maximum(place, other[first - top : last - top, edge:], out=place)


def unmarked(sheet: Sheet, _strength: float) -> Pixels:
    """Add only the neighbor lines, which the layout brings near for this wear."""
    return sheet.pixels


def _dark(sheet: Sheet, strength: float) -> int:
    return int(sheet.random.uniform(0, 130) + 60 * max(0.0, 1 - strength))


def underline(sheet: Sheet, strength: float) -> Pixels:
    """Add a ruled, typed or hand-drawn line below the letters, or through their descenders."""
    generator, pixels = sheet.random, sheet.pixels.copy()
    left, _, right, _ = sheet.strip
    row = sheet.baseline + sheet.em * generator.uniform(0.05, 0.24)
    thickness = max(1, round(sheet.em * generator.uniform(0.02, 0.09) * (0.5 + strength / 2)))
    start = left + generator.choice((0, 0, generator.randint(0, max(1, (right - left) // 2))))
    end = right - generator.choice((0, 0, generator.randint(0, max(1, (right - left) // 3))))
    if generator.random() < 0.25:  # by hand: it wanders
        steps = np.linspace(start, max(start + 2, end), 12)
        wander = np.cumsum(sheet.noise.normal(0, sheet.em * 0.02, 12))
        points = np.stack((steps, row + wander), axis=1).round().astype(np.int32)
        cv2.polylines(pixels, [points], False, _dark(sheet, strength), thickness, cv2.LINE_AA)
        return pixels
    first = round(row)
    pixels[first : first + thickness, start:end] = _dark(sheet, strength)
    if generator.random() < 0.15:
        second = first + 2 * thickness + 1
        pixels[second : second + thickness, start:end] = _dark(sheet, strength)
    return pixels


def rules(sheet: Sheet, strength: float) -> Pixels:
    """Add rules of tables and columns at the strip's edges, and cells of a form around the letters."""
    generator, pixels = sheet.random, sheet.pixels.copy()
    left, top, right, bottom = sheet.strip
    thickness = max(1, round(sheet.em * generator.uniform(0.02, 0.08)))
    dark = _dark(sheet, strength)
    near = max(1, round(sheet.em * 0.12))
    way = generator.randrange(5)
    if way in (0, 3):
        row = bottom - generator.randint(0, near)
        pixels[row : row + thickness] = dark
    if way in (1, 3):
        row = max(0, top + generator.randint(-1, near // 2))
        pixels[row : row + thickness] = dark
    if way in (2, 3, 4):
        column = right - generator.randint(1, near)
        pixels[:, column : column + thickness] = dark
    if way == 4:
        column = left + generator.randint(0, near)
        pixels[:, column : column + thickness] = dark
    return pixels


def strokes(sheet: Sheet, strength: float) -> Pixels:
    """Pen strokes, a signature or the ring of a stamp across the letters."""
    generator = sheet.random
    layer = np.full_like(sheet.pixels, 255)
    height, width = layer.shape
    tone = int(
        generator.choice((generator.uniform(20, 110), generator.uniform(110, 200))) + 40 * max(0.0, 1 - strength)
    )
    for _ in range(generator.randint(1, 1 + round(2 * min(1.5, strength)))):
        thickness = max(1, round(sheet.em * generator.uniform(0.025, 0.08)))
        if generator.random() < 0.35:
            radius = round(sheet.em * generator.uniform(1.5, 5))
            center = (generator.randrange(width), generator.randint(-radius, height + radius))
            cv2.circle(layer, center, radius, tone, thickness, cv2.LINE_AA)
            if generator.random() < 0.6:
                cv2.circle(layer, center, max(2, radius - 3 * thickness), tone, max(1, thickness // 2), cv2.LINE_AA)
        else:
            cv2.polylines(layer, [_scrawl(sheet)], False, tone, thickness, cv2.LINE_AA)
    if generator.random() < 0.5:
        layer = np.asarray(cv2.GaussianBlur(layer, (0, 0), 0.7), np.uint8)
    return np.asarray(cv2.multiply(sheet.pixels, layer, scale=1 / 255), np.uint8)


def _scrawl(sheet: Sheet) -> NDArray[np.int32]:
    """Return points (n, 2) of a smooth pen stroke across the strip."""
    generator = sheet.random
    height, width = sheet.pixels.shape
    length = min(width, round(sheet.em * generator.uniform(2, 12)))
    start = generator.randint(-length // 3, max(1, width - length // 2))
    along = np.linspace(0, 1, 40)
    waves = sum(
        generator.uniform(0.1, 0.6) * np.sin(2 * np.pi * along * generator.uniform(0.4, 4) + generator.uniform(0, 6.3))
        for _ in range(3)
    )
    loop = generator.uniform(0, 0.9) * sheet.em * np.cos(2 * np.pi * along * generator.uniform(1, 5))
    rows = height * generator.uniform(0.2, 0.8) + waves * sheet.em * generator.uniform(0.3, 1.3)
    return np.stack((start + along * length + loop, rows), axis=1).round().astype(np.int32)


def shapes(sheet: Sheet, strength: float) -> Pixels:
    """Colored or gray fields behind the letters, seen in gray: bands, discs, the corner of a picture, a watermark."""
    generator = sheet.random
    field = np.full_like(sheet.pixels, 255)
    height, width = field.shape
    for _ in range(generator.randint(1, 3)):
        tone = round(255 - generator.uniform(15, 125) * min(1.15, strength))
        way = generator.randrange(4)
        if way == 0:
            start = generator.randint(-width // 4, width)
            field[:, max(0, start) : max(1, start + generator.randint(width // 6 + 1, width + 2))] = tone
        elif way == 1:
            radius = round(sheet.em * generator.uniform(0.6, 4))
            cv2.circle(field, (generator.randrange(width), generator.randrange(height)), radius, tone, -1, cv2.LINE_AA)
        elif way == 2:
            slope = generator.uniform(-0.6, 0.6) * height
            side = generator.uniform(0, height)
            corners = np.array(((0, side), (width, side + slope), (width, height), (0, height)), np.int32)
            cv2.fillConvexPoly(field, corners, tone, cv2.LINE_AA)
        else:
            cv2.polylines(field, [_scrawl(sheet)], False, tone, max(2, round(sheet.em * generator.uniform(0.15, 0.6))))
    if generator.random() < 0.4:
        field = np.asarray(cv2.GaussianBlur(field, (0, 0), generator.uniform(0.6, 4)), np.uint8)
    return np.asarray(cv2.multiply(sheet.pixels, field, scale=1 / 255), np.uint8)


def highlighter(sheet: Sheet, strength: float) -> Pixels:
    """Add a band of a marker, darker where strokes meet."""
    generator = sheet.random
    field = np.full_like(sheet.pixels, 255)
    left, top, right, bottom = sheet.strip
    for _ in range(generator.randint(1, 2)):
        tone = round(255 - generator.uniform(20, 90) * min(1.2, strength))
        start = generator.randint(left, max(left + 1, (left + right) // 2))
        end = generator.randint(start, right) if generator.random() < 0.6 else right
        edges = sorted(generator.randint(top, bottom) for _ in range(2))
        high = max(edges[1], edges[0] + round(sheet.em * 0.6))
        band = np.full_like(field, 255)
        band[edges[0] : high, start:end] = tone
        field = np.asarray(cv2.multiply(field, band, scale=1 / 255), np.uint8)
    return np.asarray(cv2.multiply(sheet.pixels, field, scale=1 / 255), np.uint8)


def bleed_through(sheet: Sheet, strength: float) -> Pixels:
    """Add the other side of the sheet: mirrored, soft, between the lines as well as on them."""
    generator = sheet.random
    moved = np.roll(sheet.pixels[:, ::-1], generator.randint(-round(sheet.em), round(sheet.em)), axis=0)
    back = cv2.GaussianBlur(moved, (0, 0), generator.uniform(0.9, 2.2))
    faint = min(0.6, generator.uniform(0.15, 0.5) * strength)
    return np.asarray(
        cv2.min(sheet.pixels, cv2.addWeighted(back, faint, np.full_like(back, 255), 1 - faint, 0)), np.uint8
    )


def halftone(sheet: Sheet, strength: float) -> Pixels:
    """Paper or ink given by a screen of dots."""
    generator = sheet.random
    angle = generator.choice((0.785, 0.26, 1.3, generator.uniform(0, 1.57)))
    turn = 2 * np.pi / generator.uniform(2.4, 6.0)
    rows, columns = np.mgrid[0 : sheet.pixels.shape[0], 0 : sheet.pixels.shape[1]].astype(np.float32)
    first = np.cos((columns * np.cos(angle) + rows * np.sin(angle)) * turn)
    screen = (first * np.cos((rows * np.cos(angle) - columns * np.sin(angle)) * turn) + 1) / 2
    if generator.random() < 0.3:  # gray ink, made of dots
        lost = screen > 1 - generator.uniform(0.1, 0.35) * min(1.2, strength)
        return np.where(lost, np.uint8(255), sheet.pixels)
    dots = screen > 1 - generator.uniform(0.05, 0.4) * min(1.3, strength)
    return np.where(dots, np.minimum(sheet.pixels, np.uint8(generator.uniform(0, 130))), sheet.pixels)


def inverse(sheet: Sheet, strength: float) -> Pixels:
    """White letters on a dark field."""
    paper, ink = sheet.random.uniform(0, 110) * min(1.0, strength), sheet.random.uniform(200, 255)
    return np.asarray(cv2.convertScaleAbs(sheet.pixels, alpha=(paper - ink) / 255, beta=ink), np.uint8)
