"""Running text of other kinds: drop caps, letter-spaced headings, footnotes, verse, statements of several speakers."""

from collections.abc import Sequence
from dataclasses import replace

from data.layouts.draft import Draft
from data.layouts.page_flow import Material, Piece
from data.layouts.setting.block_setting import STYLES, BlockStyle, finish_block, set_text, set_tokens
from data.layouts.setting.glyph_metrics import measure
from data.layouts.setting.line_breaking import Align, Ink, Measure, SetWord, Token, break_lines, tokens_of, width_of
from data.layouts.setting.strips import Desk, Strip, Stroke, TextPart, stack_lines
from data.text.generators import write

_PARAGRAPHS = ("para", "speech")
_RAISED = dict(zip("0123456789*", "⁰¹²³⁴⁵⁶⁷⁸⁹*", strict=True))
_CAP = 0.66
"""Height of a capital letter, in em."""


def first_paragraphs(draft: Draft, most: int) -> list[int]:
    """Return the places of the first paragraphs of the body that are longer than two lines."""
    places = [
        n
        for n, piece in enumerate(draft.pieces)
        if len(piece.blocks) == 1 and piece.blocks[0][0] in _PARAGRAPHS and len(piece.blocks[0][1]) > 180
    ]
    return places[:most]


def drop_cap(draft: Draft) -> None:
    """Open a paragraph with a letter as high as two to four lines."""
    rows = draft.random.choice((2, 2, 3, 3, 4))
    place = next(iter(first_paragraphs(draft, 1)), None)
    if place is not None:
        text = draft.pieces[place].blocks[0][1].lstrip("–— ")
        if len(text) > 90 * rows and text[0].isalpha():
            draft.pieces[place] = Piece(lambda width, desk: _capped(text, rows, width, desk))


def _capped(text: str, rows: int, width: float, desk: Desk) -> list[Strip]:
    size, pitch = desk.type.size, desk.type.leading * desk.type.size
    ink = desk.ink()
    large = replace_size(desk.ink(bold=True), ((rows - 1) * pitch + _CAP * size) / _CAP)
    letter = Token(text[0].upper(), large)
    align: Align = "justify" if desk.type.justified else "left"
    room = Measure(width, align=align, hyphenate=desk.type.hyphenate, dent_rows=rows, dent=width_of(letter) + 3)
    lines = break_lines(tokens_of(text[1:], ink), room)
    lines[0][0] = lines[0][0]._replace(glued=text[1] != " ")
    lines[0].insert(0, SetWord(letter.text, large, glued=False, x=0.0, y=(rows - 1) * pitch))
    strips = stack_lines(lines, TextPart((), 0, 0, "paragraph", next(desk.blocks)), pitch, 0.3 * size)
    return [replace(strip, keep=True) if n < rows else strip for n, strip in enumerate(strips)]


def replace_size(ink: Ink, size: float) -> Ink:
    """Return an ink in another type size."""
    return ink._replace(size=round(size, 2))


def spaced_heading(draft: Draft) -> None:
    """Print a heading with wide spaces between its letters."""
    text = write("spaced_heading", draft.seed)
    gap = draft.random.uniform(0.35, 1.0)
    align = draft.random.choice(("center", "center", "left"))
    bold = draft.random.random() < 0.6

    def build(width: float, desk: Desk) -> list[Strip]:
        words = letter_spaced(text, desk.ink(1.05, bold=bold), gap)
        if words[-1].x > 0.9 * width:  # too wide for a narrow column
            words = letter_spaced(text, desk.ink(0.8, bold=bold), 0.15)
        ink, last = words[-1].ink, words[-1]
        wide = last.x + measure(ink.font, last.text).advance * ink.size
        start = max(0.0, (width - wide) / 2) if align == "center" else 0.0
        part = TextPart((), start, 0, "heading", next(desk.blocks))
        style = BlockStyle("heading", above=0.9, below=0.6, keep=True)
        return finish_block(stack_lines([words], part, desk.type.leading * ink.size, 0.9 * ink.size), style, ink.size)

    draft.insert(Piece(build), 3)


def letter_spaced(text: str, ink: Ink, gap: float) -> list[SetWord]:
    """Return the letters of a text, each a word, `gap` em apart; the spaces of the text are three times as wide."""
    at, words = 0.0, []
    for number, word in enumerate(text.split()):
        at += 3 * gap * ink.size if number else 0.0
        for place, letter in enumerate(word):
            words.append(SetWord(letter, ink, place > 0, at))
            at += (measure(ink.font, letter).advance + gap) * ink.size
    return words


def footnotes(draft: Draft) -> None:
    """Mark one to four places of the text, and print the notes under a short rule at the foot of the page."""
    choose = draft.random
    places = first_paragraphs(draft, 3)
    first = choose.choice((1, 1, 1, choose.randint(2, 180)))
    raised = choose.random() < 0.8
    notes: list[str] = []
    for place in places:
        text = draft.pieces[place].blocks[0][1]
        words = text.split()
        at = choose.randrange(2, max(3, min(len(words) - 1, 30)))
        mark = "*" * (len(notes) + 1) if first == 1 and choose.random() < 0.1 else str(first + len(notes))
        draft.pieces[place] = Piece(_marked(words, at, mark if raised else f"({mark})", raised))
        notes.append(mark)
    texts = [write("footnote", f"{draft.seed}/{mark}") for mark in notes]
    if notes:
        draft.foot.append(Piece(lambda width, desk: _set_notes(notes, texts, width, desk)))


def _marked(words: Sequence[str], at: int, mark: str, raised: bool) -> Material:
    """Return the setting of a paragraph with a mark glued to the word at a place."""

    def build(width: float, desk: Desk) -> list[Strip]:
        ink = desk.ink()
        tokens = [*tokens_of(" ".join(words[: at + 1]), ink), _mark(mark, ink, raised)]
        return set_tokens([[*tokens, *tokens_of(" ".join(words[at + 1 :]), ink)]], STYLES["para"], width, desk)

    return build


def _mark(mark: str, ink: Ink, raised: bool) -> Token:
    """Return a footnote mark after a word: small and raised, or in brackets."""
    if not raised:
        return Token(mark, ink, glued=True)
    small = ink._replace(size=round(ink.size * 0.62, 2), rise=0.34 * ink.size)
    return Token(mark, small, glued=True, said="".join(_RAISED[sign] for sign in mark))


def _set_notes(marks: Sequence[str], texts: Sequence[str], width: float, desk: Desk) -> list[Strip]:
    ink = desk.ink(0.8)
    rule = Strip(8, 6, strokes=(Stroke(0, 2, width * 0.3, 2, 0.4),))
    strips = [rule]
    style = BlockStyle("footnote", size=0.8)
    for mark, text in zip(marks, texts, strict=True):
        head = _mark(mark, ink, raised=True)._replace(glued=False)
        strips += set_tokens([[head, *tokens_of(text, ink)]], style, width, desk)
    return strips


def verse(draft: Draft) -> None:
    """Print a poem: a title, and stanzas whose lines are shorter than the column."""
    choose = draft.random
    stanzas = choose.randint(2, 5)
    length = choose.choice((3, 4, 4, 6, 8))
    lines = [[write("verse_line", f"{draft.seed}/{s}/{n}") for n in range(length)] for s in range(stanzas)]
    title = write("verse_title", draft.seed)
    inset, stagger, italic = choose.uniform(0.05, 0.3), choose.choice((0.0, 0.0, 1.5)), choose.random() < 0.3

    def build(width: float, desk: Desk) -> list[Strip]:
        ink, size = desk.ink(italic=italic), desk.type.size
        strips = set_text(title, replace(STYLES["section"], align="center"), width, desk)
        for stanza in lines:
            rows = []
            for number, line in enumerate(stanza):
                shape = Measure(width * (1 - inset), number % 2 * stagger * size, 3 * size)
                rows += break_lines(tokens_of(line, ink), shape)
            part = TextPart((), width * inset, 0, "verse", next(desk.blocks))
            strips += stack_lines(rows, part, desk.type.leading * size, 0.9 * size)
        return [*strips, Strip(size)]

    draft.insert(Piece(build), 2)


def dialogue(draft: Draft) -> None:
    """Record a hearing: statements of two or three speakers, each with a hanging indent after the name."""
    choose = draft.random
    turns = choose.randint(5, 14)
    names = [write("speaker", f"{draft.seed}/{n}") for n in range(choose.choice((2, 2, 3)))]
    said = [write("statement", f"{draft.seed}/{n}") for n in range(turns)]
    hang, upper, bold = choose.choice((0.0, 3.0, 6.0)), choose.random() < 0.5, choose.random() < 0.7

    def build(width: float, desk: Desk) -> list[Strip]:
        strips = []
        for number, text in enumerate(said):
            name = names[number % len(names)]
            head = tokens_of(f"{name.upper() if upper else name}:", desk.ink(bold=bold))
            style = BlockStyle(rest=hang, above=0.3)
            strips += set_tokens([[*head, *tokens_of(text, desk.ink())]], style, width, desk)
        return strips

    draft.insert(Piece(build), 4)
