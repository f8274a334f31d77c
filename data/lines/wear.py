"""What happened to a line: how its ink, its paper and the device that saw it changed it. One named kind of wear each.

Every wear takes a `Sheet`, gray pixels of a line with room around it, and a strength: 0.2 is faint, 1 is common in bad
archives, more is worse. Most amounts were set by looking at composed lines beside strips of real pages.
"""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from data.lines.marks import (
    Pixels,
    Sheet,
    bleed_through,
)

Float = NDArray[np.float32]
Effect = Callable[[Sheet, float], Pixels]


def _blurred(pixels: Pixels, sigma: float) -> Float:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), max(0.2, sigma)), np.float32)


def _bytes(values: Float) -> Pixels:
    return np.asarray(cv2.convertScaleAbs(np.maximum(values, 0)), np.uint8)


def _cloud(sheet: Sheet, cell: float) -> Float:
    """Smooth noise of mean 0 and deviation 1 at its knots, `cell` pixels apart."""
    height, width = sheet.pixels.shape
    knots = sheet.noise.standard_normal((max(2, int(height / cell) + 2), max(2, int(width / cell) + 2)), np.float32)
    return np.asarray(cv2.resize(knots, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)


def _grain(sheet: Sheet) -> Float:
    """White noise of deviation 1: a stretch of a long one, since drawing it anew takes a tenth of all time."""
    noise, size = _long_noise(), sheet.pixels.size
    if size > len(noise) // 2:
        return sheet.noise.standard_normal(sheet.pixels.shape, np.float32)
    start = sheet.random.randrange(len(noise) - size)
    return noise[start : start + size].reshape(sheet.pixels.shape)


@cache
def _long_noise() -> Float:
    return np.random.Generator(np.random.SFC64(1)).standard_normal(1 << 20, np.float32)


def _jpeg(pixels: Pixels, quality: int) -> Pixels:
    _, content = cv2.imencode(".jpg", pixels, (cv2.IMWRITE_JPEG_QUALITY, quality))
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE), np.uint8)


def _dust(sheet: Sheet, pixels: Pixels, rate: float) -> Pixels:
    """Add specks, dark and light, `rate` of them for each pixel."""
    count = int(sheet.noise.poisson(pixels.size * rate))
    if not count:
        return pixels
    marked = pixels.copy()
    rows, columns = sheet.noise.integers(0, pixels.shape[0], count), sheet.noise.integers(0, pixels.shape[1], count)
    marked[rows, columns] = sheet.noise.choice(np.array((20, 60, 90, 250, 255), np.uint8), count)
    for place in range(min(6, count // 12)):
        center = (int(columns[place]), int(rows[place]))
        cv2.circle(marked, center, sheet.random.randint(1, 3), sheet.random.choice((20, 60, 250)), -1)
    return marked


def _thick(pixels: Pixels, share: float, side: int = 2) -> Pixels:
    grown = cv2.erode(pixels, np.ones((side, side), np.uint8))
    return np.asarray(cv2.addWeighted(grown, min(1.0, share), pixels, 1 - min(1.0, share), 0), np.uint8)


def _thin(pixels: Pixels, share: float, side: tuple[int, int] = (2, 2)) -> Pixels:
    shrunk = cv2.dilate(pixels, np.ones(side, np.uint8))
    return np.asarray(cv2.addWeighted(shrunk, min(1.0, share), pixels, 1 - min(1.0, share), 0), np.uint8)


def _tones(sheet: Sheet, values: Float, strength: float) -> Float:
    """Ink that is not black on paper that is not white."""
    low, high = sheet.random.uniform(0, 90) * strength, 255 - sheet.random.uniform(0, 55) * strength
    return np.asarray(low + (high - low) / 255 * values, np.float32)


def clean(sheet: Sheet, strength: float) -> Pixels:
    """Return the line as rendered from a file, with at most a light JPEG, a soft lens or a pale printer."""
    way, pixels = sheet.random.random(), sheet.pixels
    if way < 0.25:
        return _jpeg(pixels, round(95 - 30 * min(1.0, strength)))
    if way < 0.45:
        return _bytes(_blurred(pixels, sheet.random.uniform(0.25, 0.65)))
    if way < 0.6:
        return _bytes(_tones(sheet, pixels.astype(np.float32), strength))
    return pixels


def scan(sheet: Sheet, strength: float) -> Pixels:
    """Return the line as an office scanner sees it."""
    pixels = sheet.pixels
    if sheet.random.random() < 0.3:
        pixels = _thick(pixels, sheet.random.uniform(0.2, 0.6) * strength)
    values = _blurred(pixels, sheet.random.uniform(0.35, 1.0) * (0.7 if sheet.em < 19 else 1) * (0.5 + strength / 2))
    values = _tones(sheet, values, strength)
    if sheet.random.random() < 0.4:
        values += _cloud(sheet, 40) * sheet.random.uniform(0, 6) * strength
    values += _grain(sheet) * sheet.random.uniform(1, 9) * strength
    worn = _bytes(values)
    if sheet.random.random() < 0.4:
        worn = _dust(sheet, worn, sheet.random.uniform(0, 0.0006) * strength)
    return _jpeg(worn, sheet.random.randint(45, 92))


def photocopy(sheet: Sheet, strength: float) -> Pixels:
    """Return the line as a photocopier prints it."""
    generator = sheet.random
    pixels = sheet.pixels
    if generator.random() < 0.45:
        pixels = _thick(pixels, generator.uniform(0.2, 0.8) * strength)
    elif generator.random() < 0.4:
        pixels = _thin(pixels, generator.uniform(0.2, 0.6) * strength)
    values, cloud = _blurred(pixels, generator.uniform(0.5, 1.1)), _cloud(sheet, generator.uniform(25, 90))
    values += cloud * (generator.uniform(0, 24) * strength) + _grain(sheet) * (generator.uniform(4, 26) * strength)
    if generator.random() < 0.7:
        values = np.asarray(cv2.GaussianBlur(values, (0, 0), generator.uniform(0.4, 0.8)), np.float32)
        edge = generator.uniform(110, 180) + cloud * (generator.uniform(0, 10) * strength)
        dark, light = np.float32(generator.uniform(0, 45)), np.float32(generator.uniform(225, 255))
        values = np.where(values < edge, dark, light)
    worn = _dust(sheet, _bytes(values), generator.choice((0, 0.0005, 0.002)) * strength)
    if generator.random() < 0.8:
        worn = _bytes(_blurred(worn, generator.uniform(0.4, 0.9)))
    return _jpeg(worn, generator.randint(40, 85))


def bad_photocopy(sheet: Sheet, strength: float) -> Pixels:
    """Imitate a copy of a copy: toner lost in patches and streaks, dust, heavy noise before the threshold."""
    generator = sheet.random
    pixels = sheet.pixels
    if generator.random() < 0.6:
        loss = np.clip((_cloud(sheet, sheet.em * generator.uniform(0.4, 2.5)) - generator.uniform(0.9, 1.7)) * 2, 0, 1)
        pixels = _bytes(pixels + (255.0 - pixels) * loss * min(1.0, strength))
    values = _blurred(pixels, generator.uniform(0.5, 1.25)) + _grain(sheet) * (generator.uniform(14, 42) * strength)
    cloud = _cloud(sheet, generator.uniform(15, 80))
    values += cloud * (generator.uniform(5, 28) * strength)
    values = np.asarray(cv2.GaussianBlur(values, (0, 0), generator.uniform(0.4, 0.85)), np.float32)
    if generator.random() < 0.8:
        edge = generator.uniform(100, 188) + cloud * (generator.uniform(0, 12) * strength)
        values = np.where(values < edge, np.float32(generator.uniform(0, 60)), np.float32(generator.uniform(215, 255)))
    worn = _dust(sheet, _bytes(values), generator.uniform(0.0005, 0.008) * strength)
    if generator.random() < 0.25:
        column = generator.randrange(worn.shape[1])
        worn[:, column : column + generator.randint(1, 3)] = generator.choice((40, 90, 250, 255))
    if generator.random() < 0.8:
        worn = _bytes(_blurred(worn, generator.uniform(0.4, 0.95)))
    return _jpeg(worn, generator.randint(28, 75))


def fax(sheet: Sheet, strength: float) -> Pixels:
    """Few rows, a threshold, lines lost or doubled on the way."""
    generator = sheet.random
    height, width = sheet.pixels.shape
    fine = 22 / max(12.0, sheet.em)  # 22 pixels to the em: 10 points at about 160 rows to the inch
    across, down = min(1.0, fine * generator.uniform(0.95, 1.5)), min(1.0, fine * generator.uniform(0.75, 1.3))
    size = (max(8, round(width * across)), max(8, round(height * down)))
    values = cv2.resize(sheet.pixels, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    values += sheet.noise.standard_normal(values.shape, np.float32) * (generator.uniform(4, 34) * strength)
    worn = np.where(values < generator.uniform(120, 195), np.uint8(0), np.uint8(255))
    if generator.random() < 0.25 * strength:
        row = generator.randrange(len(worn))
        start = generator.randrange(worn.shape[1])
        worn[row, start : start + generator.randint(5, 80)] = generator.choice((0, 255))
    worn = np.asarray(
        cv2.resize(worn, (width, height), interpolation=generator.choice((cv2.INTER_NEAREST, cv2.INTER_LINEAR)))
    )
    return _dust(sheet, worn, generator.choice((0, 0.0005, 0.003)) * strength)


def microfilm(sheet: Sheet, strength: float) -> Pixels:
    """Soft and contrasty, with film grain and scratches along the film; often stored black and white."""
    generator = sheet.random
    pixels = _thick(sheet.pixels, generator.uniform(0.2, 1.0) * strength, 2 if sheet.em < 34 else 3)
    values = _blurred(pixels, generator.uniform(0.5, 1.3) * sheet.em / 30 * (0.6 + 0.4 * strength))
    values += _cloud(sheet, generator.uniform(1.6, 3.0)) * (generator.uniform(4, 26) * strength)
    values += _cloud(sheet, sheet.em * 1.5) * (generator.uniform(0, 20) * strength)
    for _ in range(generator.choice((0, 0, 0, 1, 2))):
        column = generator.randrange(values.shape[1])
        values[:, column : column + generator.randint(1, 2)] += generator.choice((-120, 140)) * min(1.0, strength)
    if generator.random() < 0.65:
        return np.where(values < generator.uniform(115, 200), np.uint8(0), np.uint8(255))
    values = np.asarray(128 + (values - 128) * generator.uniform(1.0, 1.9), np.float32)
    return _jpeg(_bytes(np.clip(_tones(sheet, np.clip(values, 0, 255), strength), 0, 255)), generator.randint(45, 85))


def letterpress(sheet: Sheet, strength: float) -> Pixels:
    """Worn type: counters filled with ink, thin strokes broken, ink that ran, dirt from the sheet."""
    generator, em = sheet.random, sheet.em
    pixels = sheet.pixels
    if generator.random() < 0.75:
        pixels = _thick(
            pixels, generator.uniform(0.25, 1.0) * strength, 3 if em > 30 and generator.random() < 0.6 else 2
        )
    else:
        pixels = _thin(pixels, generator.uniform(0.2, 0.9) * strength)
    soft = generator.uniform(0.7, 1.6) * em / 30 if generator.random() < 0.45 else generator.uniform(0.4, 0.9)
    values = _blurred(pixels, soft * (0.5 + 0.5 * min(1.2, strength)))
    # Small clouds break and fill strokes, larger ones let whole letters pale or clot.
    values += _cloud(sheet, generator.uniform(1.6, 4)) * (generator.uniform(6, 38) * strength)
    values += _cloud(sheet, em * generator.uniform(0.5, 1.6)) * (generator.uniform(0, 40) * strength)
    if generator.random() < 0.7:
        values = np.where(values < generator.uniform(115, 212), np.float32(0), np.float32(255))
        if generator.random() < 0.35 and em > 24:
            values = np.asarray(cv2.medianBlur(values.astype(np.uint8), 3), np.float32)
        if generator.random() < 0.4:
            values = np.asarray(cv2.GaussianBlur(values, (0, 0), generator.uniform(0.4, 0.9)), np.float32)
    worn = _dust(sheet, _bytes(values), generator.choice((0, 0.0004, 0.002)) * strength)
    return _jpeg(worn, generator.randint(40, 85)) if generator.random() < 0.3 else worn


def typewriter(sheet: Sheet, strength: float) -> Pixels:
    """Ribbon weave, letters struck hard or faintly, now and then twice."""
    generator = sheet.random
    pixels = sheet.pixels
    if generator.random() < 0.15:
        moved = np.roll(pixels, generator.randint(1, 2), axis=1)
        pixels = np.asarray(cv2.min(pixels, cv2.addWeighted(moved, 0.6, np.full_like(moved, 255), 0.4, 0)), np.uint8)
    ink = 255.0 - _blurred(_thick(pixels, generator.uniform(0.1, 0.9) * strength), generator.uniform(0.4, 1.0))
    ink *= np.clip(1 - np.abs(_cloud(sheet, generator.uniform(2, 5))) * generator.uniform(0.1, 0.5) * strength, 0.2, 1)
    values = _tones(sheet, 255.0 - ink, strength) + _grain(sheet) * (generator.uniform(1, 10) * strength)
    if generator.random() < 0.3:
        return np.where(values < generator.uniform(130, 185), np.uint8(0), np.uint8(255))
    return _jpeg(_bytes(values), generator.randint(45, 90))


def low_resolution(sheet: Sheet, strength: float) -> Pixels:
    """75 to 120 dots to the inch: the letters came small; JPEG, sometimes a threshold before it."""
    generator = sheet.random
    pixels, way = sheet.pixels, generator.random()
    if way < 0.3:
        pixels = _thick(pixels, generator.uniform(0.1, 0.6) * strength)
    elif way < 0.42:
        pixels = _thin(pixels, generator.uniform(0.05, 0.3) * strength)
    values = _blurred(pixels, generator.uniform(0.2, 0.6))
    if generator.random() < 0.3:
        dark, light = np.float32(generator.uniform(0, 60)), np.float32(generator.uniform(220, 255))
        values = np.where(values < generator.uniform(120, 190), dark, light)
    values = _tones(sheet, values, strength) + _grain(sheet) * (generator.uniform(0, 8) * strength)
    return _jpeg(_bytes(values), generator.randint(35, 95)) if generator.random() < 0.7 else _bytes(values)


def old_paper(sheet: Sheet, strength: float) -> Pixels:
    """Clouded paper and weak ink."""
    generator, em = sheet.random, sheet.em
    ink = 255.0 - _blurred(
        _thick(sheet.pixels, generator.uniform(0, 0.8) * strength), generator.uniform(0.5, 1.5) * em / 30
    )
    ink *= np.clip(
        1 - np.abs(_cloud(sheet, em * generator.uniform(0.5, 2))) * generator.uniform(0, 0.5) * strength, 0.25, 1
    )
    values = _tones(sheet, 255.0 - ink, min(1.4, 1.3 * strength)) + _cloud(sheet, 60) * (
        generator.uniform(0, 14) * strength
    )
    values += _cloud(sheet, 3) * (generator.uniform(0, 8) * strength)
    return _jpeg(_bytes(values), generator.randint(50, 92))


def binary(sheet: Sheet, strength: float) -> Pixels:
    """Stored in black and white, sometimes after a loss of resolution."""
    generator = sheet.random
    values = _blurred(sheet.pixels, generator.uniform(0.4, 1.0)) + _grain(sheet) * (generator.uniform(2, 24) * strength)
    if generator.random() < 0.4:
        height, width = values.shape
        scale = generator.uniform(0.55, 0.85)
        small = cv2.resize(
            values, (max(8, int(width * scale)), max(8, int(height * scale))), interpolation=cv2.INTER_AREA
        )
        values = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    worn = np.where(values < generator.uniform(100, 188), np.uint8(0), np.uint8(255))
    return _dust(sheet, worn, generator.choice((0, 0, 0.001, 0.004)) * strength)


def row_loss(sheet: Sheet, strength: float) -> Pixels:
    """Remove rows as a scanner does: at the bars of t and f, the tops of letters, or thin level strokes everywhere."""
    generator = sheet.random
    pixels = sheet.pixels.copy()
    bars, top = round(sheet.baseline - sheet.x_height), round(sheet.baseline - sheet.ascender)
    way = generator.random()
    thickness = max(1, round(sheet.em * generator.uniform(0.03, 0.1) * min(1.2, strength)))
    if way < 0.4:  # the rows of the bars: gone white, or closed up
        row = max(1, bars - generator.randint(0, thickness))
        if generator.random() < 0.5:
            pixels[row : row + thickness] = 255
        else:
            pixels[row:-thickness] = pixels[row + thickness :].copy()
    elif way < 0.6:
        end = top + round((bars - top) * generator.uniform(0.25, 0.95) * min(1.0, 0.3 + strength))
        pixels[max(0, top - 3) : max(1, end)] = 255
    elif way < 0.85:  # level strokes are the first to go where ink is thin
        pixels = _thin(
            pixels, generator.uniform(0.5, 1.0) * min(1.0, 0.4 + strength), (max(2, round(sheet.em / 14)), 1)
        )
    else:
        row = generator.randint(max(1, bars), max(2, round(sheet.baseline)))
        pixels[row : row + thickness] = generator.choice((255, 255, 190))
    if generator.random() < 0.5:
        values = _blurred(pixels, generator.uniform(0.3, 0.8))
        return np.where(values < generator.uniform(115, 180), np.uint8(0), np.uint8(255))
    return scan(sheet.with_pixels(pixels), strength * 0.7)


def _device(sheet: Sheet, strength: float) -> Pixels:
    """Choose a scanner, a copier or no loss, for wears of the paper itself."""
    effect = sheet.random.choices((clean, scan, photocopy, binary, old_paper), (3, 6, 2, 1, 1))[0]
    return effect(sheet, strength)


def marked(mark: Callable[[Sheet, float], Pixels], after: float = 0.6) -> Effect:
    """Return a wear that marks the paper, then passes a device at `after` of the strength."""

    def effect(sheet: Sheet, strength: float) -> Pixels:
        return _device(sheet.with_pixels(mark(sheet, strength)), strength * after)

    effect.__doc__ = mark.__doc__
    return effect


def bleed(sheet: Sheet, strength: float) -> Pixels:
    """Return the line with the print of the other side."""
    return old_paper(sheet.with_pixels(bleed_through(sheet, strength)), strength * 0.7)
