"""Degrade a clean page so that it looks scanned, copied, faxed or photographed; boxes follow the geometry.

A profile is a list of steps with their amounts, in physical order: the paper (ink, stains, folds), its placement (one
remapping for skew, perspective and warp together), the device (blur, light, noise), the file (black and white, JPEG).
Every step is a pure function of pixels, a generator and an amount.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from data.synthesis.effects import STEPS, Generator, Pixels
from ocr.core.errors import UsageError

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Profile:
    """The look of one device and one history of the paper; amounts are those of strength 1."""

    paper: Mapping[str, float]
    """Steps before the page is placed."""
    skew: float
    """Maximum in degrees, in either direction."""
    perspective: float
    """Maximum displacement of a corner, as a share of the page's width."""
    warp: float
    """Maximum displacement by a curved sheet, in pixels at 200 dpi."""
    device: Mapping[str, float]
    """Steps after the page was placed."""
    quality: tuple[int, int] | Literal["png", "bilevel"]
    """JPEG quality range, or a lossless format."""
    color: bool = False


@dataclass(frozen=True, slots=True)
class Degraded:
    pixels: Pixels
    """(height, width) gray or (height, width, 3) RGB."""
    content: bytes
    """The encoded image file."""
    suffix: str
    placement: "Placement"
    """The map between the points of the clean and the degraded page."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The map from the pixels of the degraded page to those of the clean one: a homography, two slow waves."""

    matrix: NDArray[np.float64]
    waves: NDArray[np.float64]
    """(n, 5): amplitude x, amplitude y, wave number x, wave number y, phase."""

    def sources(self, points: Points) -> Points:
        """Return for points (n, 2) of the degraded page the points of the clean one."""
        spread = np.c_[points, np.ones(len(points))] @ self.matrix.T
        flat: Points = spread[:, :2] / spread[:, 2:]
        for ax, ay, kx, ky, phase in self.waves:
            bend = np.sin(points[:, 0] * kx + points[:, 1] * ky + phase)[:, None]
            flat = flat + bend * np.array([ax, ay])
        return flat

    def places(self, points: Points) -> Points:
        """Return for points (n, 2) of the clean page the points of the degraded one, exact to 0.01 pixel."""
        found = points.copy()
        for _ in range(12):
            found = found - (self.sources(found) - points)
        return found


def degrade(pixels: Pixels, profile: Profile, strength: float, seed: Sequence[int]) -> Degraded:
    """Apply all steps of a profile; the same arguments give the same bytes."""
    generator = np.random.Generator(np.random.SFC64(list(seed)))
    for name, amount in profile.paper.items():
        pixels = STEPS[name](pixels, generator, amount * strength)
    placement = place(pixels.shape[:2], profile, strength, generator)
    pixels = lay(pixels, placement)
    for name, amount in profile.device.items():
        pixels = STEPS[name](pixels, generator, amount * strength)
    content, suffix = encode(pixels, profile, generator)
    return Degraded(pixels, content, suffix, placement)


def place(shape: tuple[int, ...], profile: Profile, strength: float, generator: Generator) -> Placement:
    """Choose a random placement of a page of (height, width) pixels within the bounds of the profile."""
    height, width = shape[:2]
    turn = np.deg2rad(generator.uniform(-1, 1) * profile.skew * strength)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    center = np.array([width / 2, height / 2])
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    wander = generator.uniform(-1, 1, (4, 2)) * profile.perspective * strength * width
    moved = (corners - center) @ rotation.T + center + wander
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), moved.astype(np.float32))
    bulge = profile.warp * strength
    waves = np.array(
        [
            [*(generator.uniform(-1, 1, 2) * bulge), *(generator.uniform(-1, 1, 2) * 2.2 * np.pi / height), phase]
            for phase in generator.uniform(0, 2 * np.pi, 2)
        ]
    )
    return Placement(np.asarray(matrix, np.float64), waves)


def lay(pixels: Pixels, placement: Placement) -> Pixels:
    """Remap the page by a placement; pixels outside the sheet get the color of the paper."""
    height, width = pixels.shape[:2]
    step = 16
    ys, xs = np.mgrid[0 : height + step : step, 0 : width + step : step]
    grid = placement.sources(np.c_[xs.ravel(), ys.ravel()].astype(np.float64)).reshape(*xs.shape, 2)
    # The map is computed on a grid with a node every `step` pixels; an affine warp enlarges it and keeps the nodes.
    enlarge = np.array([[1 / step, 0, 0], [0, 1 / step, 0]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    full = cv2.warpAffine(
        grid.astype(np.float32), enlarge, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    paper = tuple(int(value) for value in np.atleast_1d(np.median(pixels[:: height // 8, :: width // 8], axis=(0, 1))))
    laid = cv2.remap(pixels, full, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=paper)
    return np.asarray(laid, np.uint8)


def encode(pixels: Pixels, profile: Profile, generator: Generator) -> tuple[bytes, str]:
    """Encode the image; return the bytes of the file and its suffix."""
    ordered = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if pixels.ndim == 3 else pixels
    if profile.quality == "bilevel":
        return _encoded(".png", ordered, [cv2.IMWRITE_PNG_BILEVEL, 1, cv2.IMWRITE_PNG_COMPRESSION, 3]), ".png"
    if profile.quality == "png":
        return _encoded(".png", ordered, [cv2.IMWRITE_PNG_COMPRESSION, 1]), ".png"
    least, most = profile.quality
    return _encoded(".jpg", ordered, [cv2.IMWRITE_JPEG_QUALITY, int(generator.integers(least, most + 1))]), ".jpg"


def _encoded(suffix: str, pixels: Any, options: list[int]) -> bytes:
    _, content = cv2.imencode(suffix, pixels, options)
    return bytes(content)


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        "clean": Profile({}, 0, 0, 0, {}, "png"),
        "light": Profile({"fade": 0.5}, 0.3, 0, 0.3, {"blur": 0.5, "noise": 2}, (80, 95)),
        "scan": Profile(
            {"fade": 1, "punch": 0.5}, 0.9, 0.001, 1.5, {"blur": 0.8, "edge": 0.6, "noise": 3, "speckle": 1}, (55, 90)
        ),
        "photocopy": Profile(
            {"lose_toner": 1, "spread_ink": 1, "punch": 1}, 1.4, 0.002, 2,
            {"blur": 0.9, "edge": 2, "speckle": 12, "noise": 8}, (45, 80),
        ),
        "fax": Profile(
            {"lose_toner": 0.6}, 0.8, 0, 1, {"coarsen": 0.7, "speckle": 4, "noise": 14, "binarize": 1}, "bilevel"
        ),
        "binary": Profile(
            {"fade": 1}, 0.8, 0.001, 1, {"blur": 0.7, "noise": 5, "speckle": 2, "binarize": 1}, "bilevel"
        ),
        "phone": Profile(
            {"fade": 1, "fold": 0.6}, 2.0, 0.012, 6,
            {"blur": 1.0, "light": 1, "shadow": 1, "noise": 5}, (50, 88), color=True,
        ),
        "archive": Profile(
            {"spread_ink": 1.2, "bleed_through": 1, "fade": 0.7, "yellow": 1.3, "stain": 1.5, "fold": 1}, 1.0, 0.004, 4,
            {"light": 2.7, "blur": 3, "grain": 5, "noise": 3}, (60, 90), color=True,
        ),
        "newsprint": Profile(
            {"lose_toner": 0.5, "spread_ink": 1, "bleed_through": 1, "fade": 1.8, "yellow": 0.8}, 0.8, 0.001, 3,
            {"coarsen": 0.6, "blur": 0.8, "grain": 9, "noise": 4}, (50, 80),
        ),
        "microfilm": Profile(
            {"lose_toner": 0.1, "spread_ink": 1.3}, 0.7, 0.001, 2, {"blur": 0.5, "grain": 12, "binarize": 2.4},
            "bilevel",
        ),
        "dark": Profile(
            {"fade": 1.2, "fold": 0.5}, 1.0, 0.001, 2, {"blur": 1.0, "light": 1, "darken": 1, "noise": 7}, (45, 80)
        ),
    }
)  # fmt: skip


def parse_profiles(wanted: str) -> tuple[tuple[str, float], ...]:
    """Parse "scan,fax:0.5" into ("scan", 1.0), ("fax", 0.5).

    Raises UsageError on an unknown profile or a strength outside 0 to 2.
    """
    parsed = []
    for part in wanted.split(","):
        name, _, said = part.strip().partition(":")
        try:
            strength = float(said or 1)
        except ValueError as failure:
            raise UsageError(f"{part!r}: the strength is not a number", hint="for example: scan:0.5") from failure
        if name not in PROFILES or not 0 <= strength <= 2:
            raise UsageError(
                f"{part!r}: unknown profile, or a strength outside 0 to 2", hint=f"profiles: {', '.join(PROFILES)}"
            )
        parsed.append((name, strength))
    return tuple(parsed)
