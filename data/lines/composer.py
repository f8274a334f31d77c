"""Compose lines of text as the built-in engine cuts them from a page: strips 48 pixels high, with their right text.

    composer = LineComposer(LineConfig(texts=(Path("texts"),), fonts=(Path("fonts"),)), seed=1)
    line = composer.compose()       # the next line
    line = composer.compose(12_345) # the line of one index, the same in every process

A line depends on the configuration, the seed and its index only.
"""

import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from data.lines.faces import EM, Face, Faces, read_faces
from data.lines.hard import CASES, Run, Runs, text_of, word_source, write_case
from data.lines.ink import Setting, needed, set_line
from data.lines.marks import Margins, Pixels, Sheet, lay_out
from data.lines.texts import Texts, cut_line, draw_length
from data.lines.wear_kinds import WEARS, Wear
from ocr.core.errors import DataError, UsageError

HEIGHT = 48
"""Pixels: the recognizer reads strips of this height."""
STRIDE = 8
"""Pixels of width that one time step of the recognizer stands for."""
LEAST_PIXELS = 16
PAPER = 90
"""Percentile of the gray values of a strip that is taken for its paper, as in the engine."""
STYLES: Mapping[str, float] = {
    "serif": 30, "antique": 20, "slab": 6, "sans": 22, "narrow": 5, "typewriter": 8, "script": 7, "display": 1.5,
    "blackletter": 0.4, "dots": 1.5,
}  # fmt: skip
"""Share of each style of face, before a wear prefers some of them."""
LEAST_KEPT = 0.45
"""Of the ink at one place of a line: a place that keeps less can no longer be read."""
MOST_BURIED = 0.5
"""Of the paper at one place: where more of it is dark, nothing can be read."""
SURE = 0.95
"""Share of the places that must be readable. Set by looking at 400 worn lines; the rest is read by its neighbors."""
LEAST_SPACE = 0.16
"""Share of the em that stays between two words."""
_TRIES = 60


@dataclass(frozen=True)
class LineConfig:
    """What lines are composed of. Paths are read when a composer is built, so that it can be sent to a process."""

    texts: tuple[Path, ...] = ()
    """Text files and folders of `*.txt` files, besides the project's grammar."""
    fonts: tuple[Path, ...] = ()
    """Folders of font files, besides the shipped ones."""
    shipped_fonts: bool = True
    held_out: bool = False
    """Read only the blocks of the texts that training never sees, and other documents of the grammar."""
    grammar: float = 0.22
    """Share of running text that the project's grammar writes; all of it where there are no `texts`."""
    hard: float = 0.38
    """Share of lines that are hard cases."""
    cases: Mapping[str, float] = field(default_factory=dict)
    """Weights of the hard cases that differ from `hard.CASES`, by name; 0 leaves one out."""
    wears: Mapping[str, float] = field(default_factory=dict)
    """Weights of the kinds of wear that differ from `wear.WEARS`, by name; 0 leaves one out."""
    styles: Mapping[str, float] = field(default_factory=dict)
    """Weights of the styles of face that differ from `STYLES`, by name."""
    strength: tuple[float, float] = (0.15, 1.25)
    """Least and most strength of the wear."""
    most_width: int = 2560
    """Pixels; wider lines are composed anew."""


@dataclass(frozen=True, slots=True)
class ComposedLine:
    """One strip: gray `pixels` (48, width) uint8, dark text on light paper unless its wear says otherwise."""

    pixels: Pixels
    text: str
    wear: str
    domain: str
    face: str


def time_steps(text: str) -> int:
    """Return how many steps CTC needs to give `text`: one each character, and one between two that are alike."""
    return len(text) + sum(first == second for first, second in itertools.pairwise(text))


def fits(text: str, width: int) -> bool:
    """Return whether a strip of `width` pixels has time steps enough for its text."""
    return bool(text) and width // STRIDE >= time_steps(text)


class LineComposer:
    """Composes lines; see the module. Raises DataError and UsageError on a configuration that cannot work."""

    def __init__(self, config: LineConfig, seed: int) -> None:
        self._config, self._seed, self._next = config, seed, 0
        self._wears = _weights("wear", {name: wear.weight for name, wear in WEARS.items()}, config.wears)
        self._cases = _weights("hard case", {name: weight for name, (_, weight) in CASES.items()}, config.cases)
        self._styles = _weights("style of face", STYLES, config.styles)
        if not 0 <= config.strength[0] <= config.strength[1]:
            raise UsageError(f"strength {config.strength}: the least comes first", hint="for example: (0.15, 1.25)")
        self._faces: Faces = read_faces(config.fonts, shipped=config.shipped_fonts)
        self._texts = Texts(config.texts, held_out=config.held_out, grammar=config.grammar, seed=seed)
        cv2.setNumThreads(1)

    def compose(self, index: int | None = None) -> ComposedLine:
        """Return the line of an index, or the next one. Raises DataError when no line can be composed."""
        if index is None:
            index, self._next = self._next, self._next + 1
        generator = random.Random(f"{self._seed}/{index}")
        noise = np.random.Generator(np.random.SFC64(generator.getrandbits(64)))
        for _ in range(_TRIES):
            if line := self._attempt(generator, noise):
                return line
        raise DataError(
            f"no line could be composed in {_TRIES} tries (seed {self._seed}, index {index})",
            hint="allow wider lines or fonts with more characters",
        )

    def _attempt(self, generator: random.Random, noise: np.random.Generator) -> ComposedLine | None:
        runs, domain = self._write(generator)
        name = _draw(self._wears, generator)
        wear = WEARS[name]
        face = self._face(runs, wear, generator)
        if face is None:
            return None
        text = text_of(runs)
        setting = draw_setting(wear, face, text, generator)
        line = set_line(runs, face, self._faces, setting, generator)
        if line is None:
            return None
        width, height = line.ink.shape[1], max(line.ink.shape[0], round(setting.em * 1.2))
        if (
            width / height * HEIGHT > self._config.most_width
            or width * HEIGHT < STRIDE * time_steps(text) * height * 0.8
        ):
            return None
        sheet = lay_out(line, setting.em, draw_margins(name, generator), (generator, noise))
        pixels = self._worn(sheet, wear, generator)
        if pixels is None:
            return None
        strip = cut_strip(sheet, pixels)
        if strip.shape[1] > self._config.most_width or not fits(text, strip.shape[1]):
            return None
        return ComposedLine(strip, text, name, domain, face.name)

    def _write(self, generator: random.Random) -> tuple[Runs, str]:
        passage = self._texts.draw(generator)
        if generator.random() < self._config.hard and any(self._cases.values()):
            case = _draw(self._cases, generator)
            return write_case(case, generator, word_source(passage.text, generator)), f"hard:{case}"
        text = vary_signs(cut_line(passage.text, draw_length(generator), generator), generator)
        look = generator.choices(("plain", "bold", "italic", "bold-italic"), (80, 8, 9, 3))[0]
        return (Run(text, look),), passage.domain  # type: ignore[arg-type]

    def _face(self, runs: Runs, wear: Wear, generator: random.Random) -> Face | None:
        signs = needed(runs)
        styles = [style for style in self._faces.styles if self._styles.get(style, 0)]
        weights = [self._styles[style] * wear.styles.get(style, 1.0) for style in styles]
        if not any(weights):
            weights = [1.0] * len(styles)
        for _ in range(12):
            face = generator.choice(self._faces.styles[generator.choices(styles, weights)[0]])
            if face.can_print(signs):
                return face
        able = [face for face in self._faces.all if face.can_print(signs)]
        return generator.choice(able) if able else None

    def _worn(self, sheet: Sheet, wear: Wear, generator: random.Random) -> Pixels | None:
        """Return the sheet after its wear: weaker where it is illegible, None where that does not help."""
        low, high = self._config.strength
        strength = generator.triangular(low, high, (low + high) / 2)
        for _ in range(3):
            pixels = wear.effect(sheet, strength)
            if is_legible(sheet.pixels, pixels, sheet.strip):
                return pixels
            strength *= 0.55
        return None


def _weights(what: str, usual: Mapping[str, float], changed: Mapping[str, float]) -> dict[str, float]:
    for name, weight in changed.items():
        if name not in usual:
            raise UsageError(f"there is no {what} {name!r}", hint=f"name some of: {', '.join(usual)}")
        if weight < 0:
            raise UsageError(f"{what} {name!r}: the weight {weight} is negative", hint="0 leaves it out")
    weights = {**usual, **changed}
    if what != "hard case" and not any(weights.values()):
        raise UsageError(f"every {what} has the weight 0", hint="give one of them a weight above 0")
    return weights


def _draw(weights: Mapping[str, float], generator: random.Random) -> str:
    return generator.choices(tuple(weights), tuple(weights.values()))[0]


def vary_signs(text: str, generator: random.Random) -> str:
    """Return a line with its dashes and apostrophes as some printer may have set them; the text says the same."""
    if "--" in text:
        text = text.replace("--", generator.choice("—–—"))
    elif "—" in text and generator.random() < 0.35:
        text = text.replace("—", "–")
    if "'" in text and generator.random() < 0.5:
        text = text.replace("'", "’")
    if generator.random() < 0.05:
        text = text.upper()
    return text


def draw_setting(wear: Wear, face: Face, text: str, generator: random.Random) -> Setting:
    """Return the size, spacing and evenness of one line.

    A justified line narrows or widens its spaces. Figures and lone letters keep theirs: nothing else tells words apart.
    """
    em = generator.uniform(*wear.em) * (1.2 if face.style == "script" else 1.0)
    spaced = generator.random()
    space = 1.0 if spaced < 0.45 else generator.uniform(0.62, 1.0) if spaced < 0.6 else generator.uniform(1.0, 2.6)
    least = LEAST_SPACE * EM / max(1.0, face.glyph(" ").advance)
    if 2 * sum(sign.isdigit() for sign in text) > len(text) or any(len(word) == 1 for word in text.split()):
        least = max(1.0, 1.3 * least)
    space = max(space, least)
    narrow = generator.random()
    stretch = 1.0 if narrow < 0.65 else generator.uniform(0.76, 1.0) if narrow < 0.88 else generator.uniform(1.0, 1.2)
    joined = face.style == "script"
    tracking = 0.0 if joined or generator.random() < 0.8 else generator.uniform(-0.03, 0.12)
    return Setting(
        em=em, stretch=stretch, tracking=tracking, space=space,
        space_jitter=generator.choice((0.0, 0.0, generator.uniform(0, 0.35))),
        shift=0.0 if joined else wear.shift * generator.random(),
        uneven=wear.uneven * generator.random(),
        ligatures=generator.random() < 0.5 and face.style != "typewriter",
    )  # fmt: skip


def draw_margins(wear: str, generator: random.Random) -> Margins:
    """Return the room around a line's ink and the distance of its neighbors."""
    above, below = max(0.03, generator.gauss(0.2, 0.08)), max(0.02, generator.gauss(0.2, 0.08))
    cut = generator.random()
    if cut < 0.03 or (wear == "row-loss" and cut < 0.2):
        above = -generator.uniform(0.02, 0.09)
    elif cut > 0.97:
        below = -generator.uniform(0.02, 0.08)
    pitch = 0.0
    if wear == "neighbors":
        pitch = generator.uniform(0.92, 1.18)
    elif generator.random() < 0.75:
        pitch = generator.uniform(1.0, 1.6)
    sides = [max(0.02, generator.gauss(0.2, 0.07)) for _ in range(2)]
    beside = (generator.random() < 0.8, generator.random() < 0.8)
    return Margins(above, below, sides[0], sides[1], pitch, beside)


def cut_strip(sheet: Sheet, pixels: Pixels) -> Pixels:
    """Return the strip (48, width) as the engine cuts it: a little off, leaning, without most of its neighbors."""
    generator = sheet.random
    left, top, right, bottom = sheet.strip
    lean = generator.gauss(0, 0.28)
    if abs(lean) > 0.15:
        turn = cv2.getRotationMatrix2D((pixels.shape[1] / 2, pixels.shape[0] / 2), lean, 1)
        reversed_size = (pixels.shape[1], pixels.shape[0])
        pixels = np.asarray(cv2.warpAffine(pixels, turn, reversed_size, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    move = generator.randint(-1, 1)
    strip = pixels[max(0, top + move) : bottom + move, left:right]
    if generator.random() < 0.55:
        strip = strip.copy()
        paper = np.percentile(strip[::3, ::3], PAPER)
        rest = generator.uniform(0, 0.16) * sheet.em  # half of what two strips of tight print share
        above = min(round(rest), max(0, round(sheet.baseline - sheet.ascender) - top + 2))
        below = min(round(rest), max(0, bottom - round(sheet.baseline + 0.18 * sheet.em)))
        strip[:above] = paper
        strip[len(strip) - below :] = paper
    width = max(LEAST_PIXELS, round(strip.shape[1] * HEIGHT / strip.shape[0]))
    return np.asarray(cv2.resize(strip, (width, HEIGHT)), np.uint8)


def is_legible(clean: Pixels, worn: Pixels, strip: tuple[int, int, int, int]) -> bool:
    """Return whether most of a line's ink can still be told from the paper around it, along its whole length.

    Both are sheets of the same shape; ink may have become lighter than its paper. Lines that cannot be
    read are useless for training.
    """
    left, top, right, bottom = strip
    half = (max(1, (right - left) // 2), max(1, (bottom - top) // 2))
    before, after = (
        np.asarray(cv2.resize(pixels[top:bottom, left:right], half, interpolation=cv2.INTER_AREA), np.uint8)
        for pixels in (clean, worn)
    )
    mask = before < 175
    if not mask.any() or mask.all():
        return True
    soft = np.asarray(cv2.blur(after, (2, 2)), np.float32)
    paper, spread = float(np.median(soft[~mask])), float(soft[~mask].std())
    difference = paper - soft
    contrast = float(difference[mask].mean())
    if contrast < 0:
        difference = -difference
    if abs(contrast) < max(20.0, spread):
        return False
    dark = difference > max(16.0, spread)
    kept = _shares(mask & dark, mask)
    buried = _shares(dark & ~mask, ~mask)
    return all(not len(fine) or fine.mean() > SURE for fine in (kept > LEAST_KEPT, buried < MOST_BURIED))


def _shares(part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> NDArray[np.float32]:
    """For each place along a strip, about a third of its height wide, the share of `whole` that `part` is."""
    cells = max(1, whole.shape[1] // max(6, whole.shape[0] // 3))
    parts, wholes = (
        cv2.resize(values.astype(np.float32), (cells, 1), interpolation=cv2.INTER_AREA)[0] for values in (part, whole)
    )
    there = wholes > 0.03
    return np.asarray(parts[there] / wholes[there], np.float32)


def without(config: LineConfig, *wears: str) -> LineConfig:
    """Return a configuration that leaves out some kinds of wear."""
    return replace(config, wears={**config.wears, **dict.fromkeys(wears, 0.0)})
