"""The truth is the text layer: these tests hold it against the ink of the page and against an independent reader."""

import random
import shutil
import subprocess
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("typst")

from data.synthesis.composed_document import draw_setting
from data.synthesis.fonts import SHIPPED, faces_for, read_faces
from data.synthesis.page_types import PAGE_TYPES, Look, draw_look, parse_page_types
from data.synthesis.text_layer import PrintedLine, compounds_of, join_paragraphs, open_pdf, read_lines, render
from data.synthesis.typesetting import Setting, build_source, quote, typeset
from data.text.generators import write_document
from ocr.core.errors import DataError, UsageError

DPI = 200


def pdf_of(name: str, seed: str) -> tuple[bytes, list[tuple[str, str]]]:
    blocks = write_document(PAGE_TYPES[name].symbol, seed)
    setting = draw_setting(PAGE_TYPES[name], blocks, seed, random.Random(seed), read_faces())
    return typeset(build_source(blocks, setting), (SHIPPED,)), blocks


def flat(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


@pytest.mark.parametrize("name", PAGE_TYPES)
def test_nothing_written_is_missing_from_the_page(name: str) -> None:
    """Every sign of every block stands in the text layer: no glyph, cell or line is lost."""
    pdf, blocks = pdf_of(name, "whole")
    document = open_pdf(pdf)
    printed = Counter(flat("".join(line.text for page in document for line in read_lines(page, DPI))))
    meant = Counter(flat("".join(text for style, text in blocks if style != "orn" and not text.startswith("@"))))
    for mark in ("-", "/", ":", "–"):  # hyphens of broken words, and the marks between cells and lines
        meant.pop(mark, None)
    assert not {sign: count for sign, count in meant.items() if printed[sign] < count}


@pytest.mark.parametrize("name", PAGE_TYPES)
def test_boxes_hold_the_ink_within_two_pixels(name: str) -> None:
    """Each line's box has ink at all four sides, and none right outside it but where another line is near."""
    document = open_pdf(pdf_of(name, "boxes")[0])
    dark = render(document[0], DPI, color=False) < 160
    lines = [line for line in read_lines(document[0], DPI) if line.field in ("header", "text", "footer")]
    checked = 0
    for line in lines:
        left, top, right, bottom = (round(value) for value in line.box)
        inside = dark[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2]
        rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        if not len(rows):
            continue
        checked += 1
        assert rows[0] <= 4 and rows[-1] >= inside.shape[0] - 5, line.text
        assert columns[0] <= 4 and columns[-1] >= inside.shape[1] - 5, line.text
    assert checked >= 0.9 * len(lines)


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler's pdftotext is not installed")
@pytest.mark.parametrize("name", ["ruling", "contract", "gazette", "newspaper", "book", "letter"])
def test_lines_are_those_of_an_independent_reader(name: str, tmp_path: Path) -> None:
    """Poppler's text layer, in the order of the file, has the same lines."""
    path = tmp_path / "page.pdf"
    pdf, _ = pdf_of(name, "poppler")
    path.write_bytes(pdf)
    command = ["pdftotext", "-raw", "-f", "1", "-l", "1", "-enc", "UTF-8", str(path), "-"]
    said = subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8")
    theirs = Counter(flat(line.replace("\u00ad", "-")) for line in said.splitlines() if line.strip())
    ours = [flat(line.text) for line in read_lines(open_pdf(pdf)[0], DPI) if line.field == "text"]
    missing = [line for line in ours if line not in theirs]
    assert len(missing) <= 0.03 * len(ours), missing


def test_paragraphs_join_words_and_keep_compounds() -> None:
    def line(text: str, block: int) -> PrintedLine:
        from data.synthesis.text_layer import PrintedWord

        return PrintedLine(tuple(PrintedWord(word, (0, 0, 1, 1)) for word in text.split()), "text", block)

    lines = [
        line("O guarda-", 1),
        line("chuva e a consti-", 1),
        line("tuição do Decreto-", 1),
        line("-Lei.", 1),
        line("Fim.", 2),
    ]
    compounds = compounds_of("O guarda-chuva e a constituição do Decreto-Lei.")
    assert join_paragraphs(lines, compounds) == ("O guarda-chuva e a constituição do Decreto-Lei.", "Fim.")


def test_paragraphs_are_what_was_written() -> None:
    """Hyphenation undone, each body paragraph that begins and ends on one page is its block again."""
    pdf, blocks = pdf_of("contract", "paragraphs")
    said = " ".join(text for _, text in blocks)
    joined = [p for page in open_pdf(pdf) for p in join_paragraphs(read_lines(page, DPI), compounds_of(said))]
    whole = [text for style, text in blocks if style == "para"]
    assert sum(text in joined for text in whole) >= len(whole) - 1


def test_fields_are_told_apart() -> None:
    pdf, blocks = pdf_of("certificate", "fields")
    lines = read_lines(open_pdf(pdf)[0], DPI)
    for style, field in (
        ("head", "header"),
        ("foot", "footer"),
        ("side", "margin"),
        ("stamp", "margin"),
        ("title", "text"),
    ):
        for text in (text for name, text in blocks if name == style):
            printed = flat("".join(line.text for line in lines if line.field == field))
            assert flat(text.replace(" // ", "")) in printed, (style, text)


def test_missing_glyph_is_named() -> None:
    assert faces_for("script", "ação º § ª Ç “”", read_faces())
    with pytest.raises(DataError, match="漢"):
        faces_for("serif", "kanji 漢", read_faces())


def test_folder_without_fonts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no"):
        read_faces((tmp_path,))


def test_fonts_of_a_folder_join_the_shipped(tmp_path: Path) -> None:
    shutil.copy(SHIPPED / "kalam-400-normal.ttf", tmp_path)
    assert {face.family for face in read_faces((tmp_path,))} == {face.family for face in read_faces()}
    (tmp_path / "broken.ttf").write_bytes(b"not a font")
    assert read_faces((tmp_path,))  # what the typesetter cannot read, it does not see


def test_quotes_and_hashes_are_text() -> None:
    look = draw_look(PAGE_TYPES["letter"], random.Random(1))
    said = 'Aspas " barra \\ cerquilha # cifrão $ arroba @ asterisco * sinal < >'
    pdf = typeset(build_source([("plain", said)], Setting(look, "Tinos", "Kalam", "1")), (SHIPPED,))
    assert flat("".join(line.text for line in read_lines(open_pdf(pdf)[0], DPI))) == flat(said)
    assert quote('a"b') == '"a\\"b"'


def test_looks_stay_in_their_ranges() -> None:
    for seed in range(50):
        look: Look = draw_look(PAGE_TYPES["gazette"], random.Random(seed))
        assert 7 <= look.size <= 8.5 and look.columns in (2, 3) and look.justified


def test_kinds_are_parsed() -> None:
    assert parse_page_types("all") == tuple(PAGE_TYPES)
    assert parse_page_types("ruling, gazette") == ("ruling", "gazette")
    with pytest.raises(UsageError, match="no page type 'cordel'"):
        parse_page_types("cordel")
    with pytest.raises(UsageError, match="generated together with pages"):
        parse_page_types("ruling,line")
