"""Documents with lines, words and boxes that the tests of output formats share."""

from dataclasses import replace

from ocr.core.document import Box, EngineIdentity, Field, Line, Page, Role, Source, Table, Word, box_around

READER = EngineIdentity("fake", 'fake "1" <dpi=200>')
SOURCE = Source("pasta/ação & cia.pdf", "a" * 64, 3)


def line(text: str, left: float, top: float, field: Field = "text", confidence: float | None = 0.97) -> Line:
    """A line 20 pixels high whose letters are 10 pixels wide."""
    words, x = [], left
    for part in text.split(" "):
        words.append(Word(part, (x, top, x + 10 * len(part), top + 20), confidence))
        x += 10 * (len(part) + 1)
    return Line(text, box_around(word.box for word in words), confidence, tuple(words), field)


def standing_line(text: str, box: Box, field: Field = "margin", *, upward: bool = True) -> Line:
    """A line that runs up the page, or down."""
    left, top, right, bottom = box
    step = (bottom - top) / len(text)
    words, start = [], 0.0
    for part in text.split(" "):
        end = start + step * len(part)
        place = (left, bottom - end, right, bottom - start) if upward else (left, top + start, right, top + end)
        words.append(Word(part, place, 0.8))
        start = end + step
    return Line(text, box, 0.8, tuple(words), field)


FIRST = Page(
    1,
    "ok",
    flags=("low confidence",),
    confidence=0.95,
    header="PODER JUDICIÁRIO",
    text="O réu interpôs ape-\nlação à 2ª Câmara <sic>.\nItem Valor\nCustas R$ 10,00\nNova linha & fim.",
    margin="PROTOCOLO 123",
    footer="fls. 2",
    paragraphs=("O réu interpôs apelação à 2ª Câmara <sic>.", "Nova linha & fim."),
    lines=(
        line("PODER JUDICIÁRIO", 200, 20, "header"),
        line("O réu interpôs ape-", 100, 100),
        line("lação à 2ª Câmara <sic>.", 100, 130, confidence=0.4),
        line("Item", 100, 200),
        line("Valor", 300, 200),
        line("Custas", 100, 230),
        line("R$ 10,00", 300, 230),
        line("Nova linha & fim.", 100, 300, confidence=None),
        standing_line("PROTOCOLO 123", (560, 200, 580, 460)),
        line("fls. 2", 280, 760, "footer"),
    ),
    tables=(Table((100, 200, 380, 250), (("Item", "Valor"), ("Custas", "R$ 10,00")), after=1),),
    width=600,
    height=800,
)
"""A page with every field, a table, a line that stands, and signs that markup escapes."""

_ROLES: tuple[tuple[str, Role, int], ...] = (
    ("ATA DA SESSÃO", "title", 0),
    ("1. Abertura", "heading", 1),
    ("O presidente abriu a sessão", "paragraph", 2),
    ("e leu a pauta.", "paragraph", 2),
    ("- aprovação da ata", "list-item", 3),
    ("2) ordem do dia", "list-item", 4),
    ("Quadro 1: votos", "caption", 5),
    ("1 Ver anexo.", "footnote", 6),
)
WITH_ROLES = Page(
    1,
    "ok",
    text="\n".join(text for text, _, _ in _ROLES),
    footer="7",
    paragraphs=(*(text for text, _, _ in _ROLES[:2]), "O presidente abriu a sessão e leu a pauta.",
                *(text for text, _, _ in _ROLES[4:])),
    lines=(
        *(
            replace(line(text, 100, 60 + 40 * row), role=role, block=block)
            for row, (text, role, block) in enumerate(_ROLES)
        ),
        replace(line("7", 280, 760, "footer"), role="page-number", block=7),
    ),
    width=600,
    height=800,
)  # fmt: skip
"""A page whose lines have roles and blocks."""

UNPLACED = Page(
    2,
    "ok",
    text="Texto de um modelo,\nsem caixas.",
    paragraphs=("Texto de um modelo, sem caixas.",),
    width=500,
    height=700,
)
"""A page of a vision-language model: text without lines."""

LOST = Page(3, "unreadable", "is damaged\x00")
PAGES = (FIRST, UNPLACED, LOST)
