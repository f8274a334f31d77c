"""Degrade a page step by step: ink and paper, light, sensor. Each step is one pure function.

Every step takes (height, width) gray or (height, width, 3) RGB pixels, a seeded generator and an amount: 1 is common, 2
is severe (for noises, gray levels). It returns new pixels of the same shape.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Generator = np.random.Generator
Step = Callable[[Pixels, Generator, float], Pixels]


def _cloud(shape: tuple[int, ...], generator: Generator, cells: int) -> NDArray[np.float32]:
    """Return smooth random values from 0 to 1, (height, width), with about `cells` maxima along the page."""
    height, width = shape[:2]
    small = generator.random((cells + 2, max(3, (cells + 2) * width // height)), np.float32)
    hills = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(np.asarray(hills, np.float32), 0, 1)


def _shade(pixels: Pixels, factor: NDArray[np.float32]) -> Pixels:
    """Multiply by a (height, width) factor from 0 to 1."""
    scaled = np.clip(factor * 255, 0, 255).astype(np.uint8)
    if pixels.ndim == 3:
        scaled = cv2.cvtColor(scaled, cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.multiply(pixels, scaled, scale=1 / 255), np.uint8)


def fade(pixels: Pixels, generator: Generator, amount: float) -> Pixels:
    """Make the ink less black and the paper less white."""
    ink = generator.uniform(20, 60) * amount
    paper = 255 - generator.uniform(6, 22) * amount
    table = np.clip(ink + (paper - ink) * np.arange(256) / 255, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(pixels, table), np.uint8)


def yellow(pixels: Pixels, generator: Generator, amount: float) -> Pixels:
    """Age the paper unevenly: warmer in color, darker in gray."""
    age = (_cloud(pixels.shape, generator, 5) * 0.5 + 0.5) * amount
    if pixels.ndim == 2:
        return _shade(pixels, 1 - 0.26 * age)
    tint = np.stack([1 - 0.12 * age, 1 - 0.22 * age, 1 - 0.45 * age], axis=2)
    return np.asarray(cv2.multiply(pixels, np.clip(tint * 255, 0, 255).astype(np.uint8), scale=1 / 255), np.uint8)


def bleed_through(pixels: Pixels, generator: Generator, amount: float) -> Pixels:
    """Let the other side of the sheet show through: mirrored, blurred and faint."""
    back = cv2.GaussianBlur(np.roll(pixels[:, ::-1], int(generator.integers(40, 200)), axis=0), (0, 0), 1.6)
    faint = min(0.35, generator.uniform(0.08, 0.22) * amount)
    return np.asarray(cv2.min(pixels, cv2.addWeighted(back, faint, np.full_like(back, 255), 1 - faint, 0)), np.uint8)


def spread_ink(pixels: Pixels, generator: Generator, amount: float) -> Pixels:
    """Thicken the ink, as where it ran or a copy is too dark."""
    share = min(1.0, generator.uniform(0.2, 0.7) * amount)
    side = 2 if amount < 1.5 else 3
    thick = cv2.erode(pixels, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    return np.asarray(cv2.addWeighted(thick, share, pixels, 1 - share, 0), np.uint8)


def lose_toner(pixels: Pixels, generator: Generator, amount: float) -> Pixels:
    """Remove toner in patches and streaks; for white paper, so before any aging."""
    cloud = _cloud(pixels.shape, generator, 28) * 0.6 + _cloud(pixels.shape, generator, 6) * 0.4
    lost = np.clip((cloud - (0.80 - 0.10 * amount)) * 7, 0, 1)
    for _ in range(int(generator.poisson(0.7 * amount))):
        left = int(generator.integers(0, pixels.shape[1] - 20))
        lost[:, left : left + int(generator.integers(3, 12))] += generator.uniform(0.3, 0.8)
    white = np.clip(lost * 255, 0, 255).astype(np.uint8)
    if pixels.ndim == 3:
        white = cv2.cvtColor(white, cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.add(pixels, cv2.multiply(cv2.bitwise_not(pixels), white, scale=1 / 255)), np.uint8)


def stain(pixels: Pixels, generator: Generator, amount: float) -> Pixels:
    """Add coffee rings and damp spots."""
    height, width = pixels.shape[:2]
    dark = np.ones((height // 4 + 1, width // 4 + 1), np.float32)
    for _ in range(int(generator.poisson(1.2 * amount))):
        center = (int(generator.integers(0, width // 4)), int(generator.integers(0, height // 4)))
        axes = (int(generator.integers(12, width // 20)), int(generator.integers(12, width // 20)))
        tone = float(generator.uniform(0.55, 0.92))
        cv2.ellipse(dark, center, axes, float(generator.uniform(0, 180)), 0, 360, tone, -1)
        cv2.ellipse(dark, center, axes, float(generator.uniform(0, 180)), 0, 360, tone * 0.8, 2)
    soft = cv2.GaussianBlur(dark, (0, 0), 2.5)
    return _shade(pixels, cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR))


def fold(pixels: Pixels, generator: Generator, amount: float) -> Pixels:
    """Add creases: a pale line with a shadow beside it."""
    height, width = pixels.shape[:2]
    factor = np.ones((height, width), np.float32)
    for _ in range(int(generator.integers(0, 1 + max(1, round(2 * amount))))):
        across = bool(generator.random() < 0.6)
        length = height if across else width
        at = int(generator.normal(length * generator.choice([1 / 3, 1 / 2, 2 / 3]), length * 0.01))
        shadow = 1 - 0.16 * amount * np.exp(-((np.arange(length) - at - 5) ** 2) / 60.0)
        factor *= shadow[:, None].astype(np.float32) if across else shadow[None, :].astype(np.float32)
    return _shade(pixels, factor)


def punch(pixels: Pixels, generator: Generator, amount: float) -> Pixels:
    """Punch two filing holes at the left edge of some pages."""
    if generator.random() > 0.3 * amount:
        return pixels
    height, width = pixels.shape[:2]
    left, apart, radius = int(width * 0.045), int(height * 0.135), int(width * 0.014)
    marked = pixels.copy()
    middle = int(height * generator.uniform(0.45, 0.55))
    for place_y in (middle - apart, middle + apart):
        cv2.circle(marked, (left, place_y), radius, (70, 70, 70) if pixels.ndim == 3 else 70, -1, cv2.LINE_AA)
    return marked


def blur(pixels: Pixels, generator: Generator, amount: float) -> Pixels:
    """Blur by up to `amount` pixels (standard deviation)."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), generator.uniform(0.35, 1.0) * amount + 0.05), np.uint8)


def coarsen(pixels: Pixels, generator: Generator, amount: float) -> Pixels:
    """Lower the resolution and enlarge again: 1 halves it."""
    height, width = pixels.shape[:2]
    scale = 1 / (1 + generator.uniform(0.6, 1.0) * amount)
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def light(pixels: Pixels, generator: Generator, amount: float) -> Pixels:
    """Light the page unevenly: one slow gradient."""
    height, width = pixels.shape[:2]
    slope = generator.choice([-1, 1], 2) * generator.uniform(0.08, 0.32, 2) * amount
    ys, xs = (
        np.linspace(-0.5, 0.5, 32, dtype=np.float32)[:, None],
        np.linspace(-0.5, 0.5, 32, dtype=np.float32)[None, :],
    )
    plane = np.clip(1 - 0.10 * amount + slope[0] * xs + slope[1] * ys, 0.15, 1).astype(np.float32)
    return _shade(pixels, cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR))


def shadow(pixels: Pixels, generator: Generator, amount: float) -> Pixels:
    """Add the shadow of a hand or a phone."""
    height, width = pixels.shape[:2]
    mask = np.ones((height // 8, width // 8), np.float32)
    corner = generator.integers(0, 2, 2) * [width // 8, height // 8]
    shape = corner + generator.normal(0, width / 18, (7, 2))
    cv2.fillConvexPoly(mask, cv2.convexHull(shape.astype(np.int32)), float(1 - 0.35 * min(1.6, amount)))
    soft = cv2.GaussianBlur(mask, (0, 0), 6)
    return _shade(pixels, cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR))


def edge(pixels: Pixels, generator: Generator, amount: float) -> Pixels:
    """Darken the borders, as with an open lid."""
    height, width = pixels.shape[:2]
    ramp = np.ones((height, width), np.float32)
    for side in range(4):
        depth = int(max(0, generator.normal(6, 10)) * amount)
        if depth:
            fall = np.linspace(generator.uniform(0.25, 0.8), 1, depth, dtype=np.float32)
            turned = np.rot90(ramp, side)
            turned[:depth] *= fall[:, None]
    return _shade(pixels, ramp)


def darken(pixels: Pixels, generator: Generator, amount: float) -> Pixels:
    """Darken the page, as with a weak lamp or a wrong setting."""
    dim = max(0.3, 1 - generator.uniform(0.25, 0.5) * amount)
    return np.asarray(cv2.convertScaleAbs(pixels, alpha=dim, beta=0), np.uint8)


def noise(pixels: Pixels, generator: Generator, amount: float) -> Pixels:
    """Add sensor noise; `amount` is its standard deviation in gray levels."""
    height, width = pixels.shape[:2]
    grain = generator.standard_normal((height, width), np.float32)
    grain *= np.float32(generator.uniform(0.6, 1.2) * amount)
    if pixels.ndim == 3:
        grain = cv2.cvtColor(grain, cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.add(pixels, grain, dtype=cv2.CV_8U), np.uint8)


def speckle(pixels: Pixels, generator: Generator, amount: float) -> Pixels:
    """Add dust: small dark and light dots."""
    height, width = pixels.shape[:2]
    marked = pixels.copy()
    count = int(generator.poisson(height * width * 2.5e-5 * amount))
    ys, xs = generator.integers(1, height - 1, count), generator.integers(1, width - 1, count)
    tones = generator.choice(np.array([30, 60, 90, 250], np.uint8), count)
    for dy, dx in ((0, 0), (0, 1), (1, 0)):
        grow = generator.random(count) < (1, 0.5, 0.4)[dy * 2 + dx]
        marked[ys[grow] + dy, xs[grow] + dx] = tones[grow] if pixels.ndim == 2 else tones[grow][:, None]
    return marked


def grain(pixels: Pixels, generator: Generator, amount: float) -> Pixels:
    """Add paper fiber and film grain: noise with a size, `amount` gray levels strong."""
    height, width = pixels.shape[:2]
    coarse = generator.standard_normal((height // 2 + 1, width // 2 + 1), np.float32) * np.float32(amount)
    field = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    if pixels.ndim == 3:
        field = cv2.cvtColor(field, cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.add(pixels, field, dtype=cv2.CV_8U), np.uint8)


def binarize(pixels: Pixels, generator: Generator, amount: float) -> Pixels:
    """Convert to black and white by a local threshold."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels
    local = cv2.resize(grey, None, fx=1 / 16, fy=1 / 16, interpolation=cv2.INTER_AREA)
    paper = cv2.resize(cv2.dilate(local, np.ones((3, 3), np.uint8)), grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    cut = generator.uniform(0.62, 0.78) + 0.08 * (amount - 1)  # a higher threshold gives thicker ink
    return np.where(grey > paper * np.float32(cut), np.uint8(255), np.uint8(0))


STEPS: Mapping[str, Step] = MappingProxyType(
    {
        step.__name__: step
        for step in (
            fade, yellow, bleed_through, spread_ink, lose_toner, stain, fold, punch, blur, coarsen, light, shadow, edge,
            darken, noise, speckle, grain, binarize,
        )
    }
)  # fmt: skip
