"""Change a composed page after it is drawn, for what the composer has not: few lines, photographs, inverse print."""

import random
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from data.layouts.page_truth import LayoutPage, PageLine
from data.synthesis.effects import Pixels
from ocr.core.document import Box, box_around

SPARSE, PHOTOGRAPH, INVERSE = 0.07, 0.08, 0.1
"""Shares of pages with few lines, with a photograph, and with inverse print."""
MOST_LINES = 3
"""Lines that a page of few lines keeps; some keep none."""


def changed(page: LayoutPage, pixels: Pixels, chance: random.Random) -> tuple[LayoutPage, Pixels]:
    """Return a page and its drawing, (height, width) gray or (height, width, 3) RGB, changed by `chance`."""
    pixels = pixels.copy()
    if chance.random() < SPARSE:
        kept = set(chance.sample(range(len(page.lines)), min(len(page.lines), chance.randint(0, MOST_LINES))))
        pixels[:] = _only(pixels, [line for place, line in enumerate(page.lines) if place in kept])
        page = replace(page, lines=tuple(line for place, line in enumerate(page.lines) if place in kept))
    if chance.random() < PHOTOGRAPH:
        page = _photographed(page, pixels, chance)
    if chance.random() < INVERSE and page.lines:
        _invert(page, pixels, chance)
    return page, pixels


def _only(pixels: Pixels, lines: Sequence[PageLine]) -> Pixels:
    """Return a white sheet with these lines on it."""
    sheet = np.full_like(pixels, 255)
    for line in lines:
        left, top, right, bottom = _whole(line.box, 2.0)
        sheet[top:bottom, left:right] = pixels[top:bottom, left:right]
    return sheet


def _photographed(page: LayoutPage, pixels: Pixels, chance: random.Random) -> LayoutPage:
    """Put a photograph on the page; the lines below it are gone."""
    height, width = pixels.shape[:2]
    wide, tall = (round(side * chance.uniform(0.2, 0.6)) for side in (width, height))
    left, top = chance.randint(0, width - wide), chance.randint(0, height - tall)
    area = (left, top, left + wide, top + tall)
    gone = [line for line in page.lines if _meet(line.box, area)]
    for line in gone:
        x0, y0, x1, y1 = _whole(line.box, 2.0)
        pixels[y0:y1, x0:x1] = 255
    picture = photograph((tall, wide), chance.randrange(2**32))
    inside = pixels[top : top + tall, left : left + wide]
    inside[:] = picture if pixels.ndim == 2 else picture[:, :, None]
    return replace(page, lines=tuple(line for line in page.lines if line not in gone))


def photograph(shape: tuple[int, int], seed: int) -> Pixels:
    """Return (height, width) gray that looks like a photograph: soft light, shapes with edges, texture, or a raster."""
    random_numbers = np.random.Generator(np.random.SFC64(seed))
    height, width = shape
    light = np.zeros(shape, np.float32)
    for cells, strength in ((2, 90.0), (5, 60.0), (14, 40.0), (50, float(random_numbers.uniform(5, 45)))):
        grid = random_numbers.standard_normal((cells, max(2, cells * width // height)), np.float32)
        light += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) * strength * 0.5
    for _ in range(int(random_numbers.integers(3, 14))):
        middle = tuple(int(value) for value in random_numbers.uniform(0, 1, 2) * (width, height))
        axes = tuple(int(value) for value in random_numbers.uniform(4, max(5, min(shape) / 3), 2))
        shape_of = np.zeros(shape, np.uint8)
        cv2.ellipse(shape_of, middle, axes, float(random_numbers.uniform(0, 180)), 0, 360, 1, -1)
        light[shape_of > 0] += float(random_numbers.normal(0, 45))
    gray = np.clip(light + random_numbers.uniform(80, 180), 0, 255)
    if random_numbers.random() < 0.4:
        ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
        pitch = float(random_numbers.uniform(3, 7))
        raster = np.cos((xs + ys) * np.pi / pitch) * np.cos((xs - ys) * np.pi / pitch)
        gray = np.where(gray / 127.5 - 1 > raster, 255, 0)
    return np.asarray(gray, np.uint8)


def _invert(page: LayoutPage, pixels: Pixels, chance: random.Random) -> None:
    """Print a block, or all, in white on a dark ground."""
    if chance.random() < 0.2:
        area = (0, 0, pixels.shape[1], pixels.shape[0])
    else:
        block = chance.choice(page.lines).block
        boxes = [line.box for line in page.lines if line.block == block]
        pad = chance.uniform(0.3, 1.5) * max(line.size for line in page.lines if line.block == block) * 0.5
        area = _whole(box_around(boxes), pad)
    left, top, right, bottom = area
    inside = pixels[top:bottom, left:right]
    ground = chance.randint(0, 110)
    inside[:] = ground + ((255 - inside.astype(np.uint16)) * (255 - ground) // 255).astype(np.uint8)


def _whole(box: Box, pad: float) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return max(0, round(left - pad)), max(0, round(top - pad)), round(right + pad) + 1, round(bottom + pad) + 1


def _meet(box: Box, area: tuple[int, int, int, int]) -> bool:
    return box[0] < area[2] + 6 and box[2] > area[0] - 6 and box[1] < area[3] + 6 and box[3] > area[1] - 6
