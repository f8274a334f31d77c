"""Titles, headings, items, captions and footnotes in each format that can say so."""

import io
from dataclasses import replace

import docx
import pytest
from boxed_pages import FIRST, READER, SOURCE, UNPLACED, WITH_ROLES
from markdown_it import MarkdownIt

from ocr.formats.line_blocks import blocks_of
from ocr.formats.office.html_review import Doubts, _body
from ocr.formats.page_blocks import parts_of, roles_of
from ocr.formats.writers import FORMATS

ROLES = ("title", "heading", "paragraph", "list-item", "list-item", "caption", "footnote")


def test_each_paragraph_has_the_role_of_its_block() -> None:
    assert roles_of(WITH_ROLES) == ROLES
    assert [role for role, _ in parts_of(WITH_ROLES)] == list(ROLES)
    assert roles_of(FIRST) == (None, None)
    assert roles_of(UNPLACED) == (None,)
    assert roles_of(replace(WITH_ROLES, paragraphs=("other",))) == (None,)


def test_blocks_are_those_of_the_lines() -> None:
    blocks = blocks_of(WITH_ROLES)
    assert [block.role for block in blocks] == [*ROLES, "page-number"]
    assert [len(block.lines) for block in blocks] == [1, 1, 2, 1, 1, 1, 1, 1]


def test_markdown_shows_titles_headings_and_items() -> None:
    text = "".join(FORMATS["md"].render(SOURCE, READER, [WITH_ROLES]).__next__().decode())
    shown = MarkdownIt().render(text)
    assert "<h1>ATA DA SESSÃO</h1>" in shown
    assert "<h2>1. Abertura</h2>" in shown
    assert "<li>aprovação da ata</li>" in shown
    assert '<ol start="2">' in shown and "<li>ordem do dia</li>" in shown


def test_html_has_elements_for_roles() -> None:
    shown = "".join(_body(WITH_ROLES, Doubts(WITH_ROLES)))
    for start in ("<h3>ATA DA", "<h4>1. Abertura", '<ul>\n<li>- aprovação', '<p class="caption">Quadro',
                  '<p role="doc-footnote" class="footnote">1 Ver'):  # fmt: skip
        assert start in shown


def test_a_foreign_reader_of_docx_finds_styles() -> None:
    content = b"".join(FORMATS["docx"].render(SOURCE, READER, [WITH_ROLES]))
    styles = [part.style.name for part in docx.Document(io.BytesIO(content)).paragraphs if part.text]
    assert styles == [
        *("Title", "Heading 1", "Normal", "List Paragraph", "List Paragraph", "Caption", "footnote text", "Footer"),
    ]


@pytest.mark.parametrize(
    ("form", "marks"),
    [
        ("alto", ('TAGREFS="role-title"', 'TAGREFS="role-footnote"', 'TAGREFS="role-page-number"')),
        ("page", ('type="heading" custom="structure {type:title;}"', 'type="footnote"', 'type="page-number"')),
        ("hocr", ('class="ocr_carea ocr_title"', "x_role footnote", 'class="ocr_carea ocr_pageno"')),
    ],
)
def test_archive_formats_name_the_role_of_a_region(form: str, marks: tuple[str, ...]) -> None:
    output = FORMATS[form]
    pieces = (
        [part for _, part in output.render_parts(SOURCE, READER, [WITH_ROLES])]
        if output.parts
        else list(output.render(SOURCE, READER, [WITH_ROLES]))
    )
    written = b"".join(pieces).decode()
    assert all(mark in written for mark in marks)
