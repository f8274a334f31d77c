"""Marks over the print: round seals, stamps, handwriting, watermarks, show-through, punch holes, torn corners."""

import math
from dataclasses import replace

from data.layouts.draft import Draft
from data.layouts.page_flow import fitting
from data.layouts.setting.block_setting import STYLES, set_blocks
from data.layouts.setting.glyph_metrics import font_of, measure
from data.layouts.setting.line_breaking import Ink, Measure, SetWord, line_width, tokens_of
from data.layouts.setting.strips import PEN, Figure, TextPart, one_line
from data.layouts.sheet import Sheet
from data.text.generators import write, write_document

_INKS = ((160, 24, 40), (24, 40, 144), (30, 30, 60), (20, 110, 60))
_HOLE = (70, 70, 70)


def round_seal(draft: Draft) -> None:
    """Print a round seal over the text: words along a circle, and lines across its middle."""
    choose = draft.random
    color = choose.choice(_INKS)
    radius = choose.uniform(36, 58)
    x = choose.uniform(radius + 20, draft.sheet.width - radius - 20)
    y = choose.uniform(draft.frame.y + radius, max(draft.frame.y + radius + 1, draft.end))
    ink = Ink(font_of("arimo", bold=True), radius * 0.17, color)
    block = next(draft.desk.blocks)
    text = write("seal_ring", draft.seed).upper()
    ring = _along_circle(text, ink, radius * 0.82, choose.uniform(-3.4, -2.6))
    draft.sheet.texts.append(TextPart(ring, x, y, "stamp", block, "margin"))
    turn = choose.uniform(-18, 18) % 360
    for n, symbol in enumerate(("seal_middle", "seal_date")):
        tokens = tokens_of(write(symbol, draft.seed), ink)
        part = TextPart((), x, y, "stamp", block, "margin", round(turn, 1))
        line = one_line(tokens, part)
        shift = -line_width(tokens) / 2
        words = [word._replace(x=word.x + shift, y=(n - 0.2) * 1.3 * ink.size) for word in line.words]
        draft.sheet.texts.append(TextPart(words, x, y, "stamp", block, "margin", round(turn, 1)))
    for r in (radius, radius * 0.62):
        draft.sheet.figures.append(Figure("seal", (x - r, y - r, x + r, y + r), 1.2, color))


def _along_circle(text: str, ink: Ink, radius: float, start: float) -> list[SetWord]:
    """Return the letters of a text along a circle around (0, 0), clockwise from an angle in radians."""
    words, angle, glued = [], start, False
    for sign in text:
        advance = measure(ink.font, sign).advance * ink.size * 1.12
        if sign != " ":
            x, y = radius * math.cos(angle), radius * math.sin(angle)
            words.append(SetWord(sign, ink, glued, x, y, turn=math.degrees(angle) + 90))
        glued = sign != " "
        angle += advance / radius
    return words


def ink_stamp(draft: Draft) -> None:
    """Print a slanted stamp of two to four lines in a frame, over the text or beside it."""
    choose = draft.random
    ink = Ink(font_of(choose.choice(("arimo", "cousine")), bold=True), choose.uniform(7, 10.5), choose.choice(_INKS))
    lines = [tokens_of(part, ink) for part in write("stamp_text", draft.seed).split(" // ")]
    wide, pitch = max(line_width(line) for line in lines), ink.size * 1.25
    x = choose.uniform(draft.frame.x, max(draft.frame.x + 1, draft.sheet.width - wide - 30))
    y = choose.uniform(draft.frame.y * 0.6, draft.sheet.height * 0.85)
    turn, block = choose.uniform(-9, 9) % 360, next(draft.desk.blocks)
    for n, line in enumerate(lines):
        words = one_line(line, TextPart((), 0, 0, "stamp", block), Measure(wide, align="center")).words
        moved = [word._replace(y=(n + 0.8) * pitch) for word in words]
        draft.sheet.texts.append(TextPart(moved, x, y, "stamp", block, "margin", round(turn, 1)))
    if choose.random() < 0.7:
        _slanted_frame(draft, (x, y, wide, len(lines) * pitch), math.radians(turn), ink)


def _slanted_frame(draft: Draft, place: tuple[float, float, float, float], turn: float, ink: Ink) -> None:
    """Draw a frame around a slanted text; only its extent is a shape of the truth."""
    x, y, wide, tall = place
    corners = [(-5.0, -3.0), (wide + 5, -3.0), (wide + 5, tall + 4), (-5.0, tall + 4)]
    cosine, sine = math.cos(turn), math.sin(turn)
    spread = tuple((x + a * cosine - b * sine, y + a * sine + b * cosine) for a, b in corners)
    box = (
        min(a for a, _ in spread), min(b for _, b in spread), max(a for a, _ in spread), max(b for _, b in spread),
    )  # fmt: skip
    draft.sheet.figures.append(Figure("seal", box, 1.3, ink.color, outline=spread))


def handwriting(draft: Draft) -> None:
    """Write a remark by hand across the print, slanted; it is a side note of the margin."""
    choose = draft.random
    ink = Ink(font_of(draft.desk.type.hand), choose.uniform(15, 26), choose.choice((PEN, PEN, (40, 40, 40))))
    tokens = tokens_of(write("hand_remark", draft.seed), ink)
    wide = line_width(tokens)
    x = choose.uniform(draft.frame.x * 0.5, max(draft.frame.x, draft.sheet.width - wide - 10))
    y = choose.uniform(draft.frame.y, max(draft.frame.y + 1, draft.end))
    turn = round(choose.uniform(-14, 4) % 360, 1)
    part = TextPart((), x, y, "side_note", next(draft.desk.blocks), "margin", turn)
    draft.sheet.texts.append(one_line(tokens, part))


def watermark(draft: Draft) -> None:
    """Print pale large words across the page behind the text, once or several times: noise."""
    choose = draft.random
    text = write("watermark_text", draft.seed).upper()
    gray = choose.randint(185, 228)
    tint = choose.choice(((gray, gray, gray), (gray, gray, gray), (240, gray, gray), (gray, gray, 240)))
    times = choose.choice((1, 1, 3))
    width, height = draft.sheet.width, draft.sheet.height
    turn = choose.choice((-math.degrees(math.atan2(height, width)), -45.0, -30.0, 0.0))
    length = (0.8 if times == 1 else 0.6) * min(width / max(math.cos(math.radians(turn)), 0.3), height)
    font = font_of("arimo", bold=True)
    size = min(length / measure(font, text).advance, 90.0)
    ink = Ink(font, size, tint)
    tokens = tokens_of(text, ink)
    wide, angle = line_width(tokens), math.radians(turn)
    for n in range(times):
        y = height * (n + 0.5) / times
        start = (width / 2 - wide / 2 * math.cos(angle), y - wide / 2 * math.sin(angle))
        part = TextPart((), *start, "noise", next(draft.desk.blocks), "noise", round(turn % 360, 1))
        draft.sheet.texts.append(one_line(tokens, part))


def punch_holes(draft: Draft) -> None:
    """Punch two filing holes at the left edge."""
    x, radius = 0.05 * draft.sheet.width, 8.5
    middle = draft.sheet.height * draft.random.uniform(0.45, 0.55)
    for y in (middle - 113, middle + 113):
        draft.sheet.figures.append(Figure("hole", (x - radius, y - radius, x + radius, y + radius), 0.5, _HOLE))


def torn_corner(draft: Draft) -> None:
    """Tear off a corner of the sheet: what stood there is dark, and its words are gone."""
    choose = draft.random
    wide, tall = draft.sheet.width * choose.uniform(0.05, 0.16), draft.sheet.height * choose.uniform(0.04, 0.12)
    right, low = choose.random() < 0.6, choose.random() < 0.6
    x = draft.sheet.width if right else 0.0
    y = draft.sheet.height if low else 0.0
    corner = [(x, y), (x + (-wide if right else wide), y)]
    steps = choose.randint(4, 7)
    for n in range(1, steps):
        part = n / steps
        jag = choose.uniform(-0.08, 0.08)
        a = x + (-1 if right else 1) * wide * max(0.0, 1 - part + jag)
        b = y + (-1 if low else 1) * tall * min(1.0, part + jag)
        corner.append((a, b))
    corner.append((x, y + (-tall if low else tall)))
    box = (
        min(a for a, _ in corner), min(b for _, b in corner), max(a for a, _ in corner), max(b for _, b in corner),
    )  # fmt: skip
    shade = choose.randint(40, 120)
    color = (shade, shade, shade)
    draft.sheet.figures.append(Figure("tear", box, 0.5, color, fill=color, outline=tuple(corner)))


def show_through(draft: Draft) -> None:
    """Let the other side of the sheet show through: mirrored pale lines, noise."""
    choose = draft.random
    back, shade = Sheet(draft.sheet.width, draft.sheet.height), choose.randint(175, 225)
    blocks = [block for block in write_document("official_letter", f"{draft.seed}/back") if block[0] in STYLES]
    strips = set_blocks(blocks, draft.frame.width, draft.desk)
    back.stack(strips[: fitting(strips, draft.frame.height)], draft.frame.x, draft.frame.y + choose.uniform(-20, 30))
    for text in back.texts:
        words = [
            word._replace(
                x=draft.sheet.width - text.x - word.x,
                ink=word.ink._replace(color=(shade, shade, shade), stretch=-word.ink.stretch),
            )
            for word in text.words
        ]
        draft.sheet.texts.append(replace(text, words=words, x=0.0, role="noise", field="noise"))


def rubrics(draft: Draft) -> None:
    """Sign one to three times with a short scribble, in a margin or over the print."""
    choose = draft.random
    for _ in range(choose.randint(1, 3)):
        wide, tall = choose.uniform(26, 80), choose.uniform(16, 36)
        x = choose.choice((choose.uniform(8, draft.frame.x), choose.uniform(8, draft.sheet.width - wide - 8)))
        y = choose.uniform(draft.frame.y, draft.sheet.height - tall - 10)
        color = choose.choice((PEN, PEN, (30, 30, 30), (24, 40, 144)))
        box, seed = (x, y, x + wide, y + tall), choose.randrange(1 << 30)
        draft.sheet.figures.append(Figure("signature", box, choose.uniform(0.6, 1.4), color, seed=seed))
