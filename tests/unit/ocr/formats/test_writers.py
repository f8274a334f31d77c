import json

import pytest

from ocr.core.document import Document, EngineIdentity, Page, Source, Table
from ocr.formats.format_names import FORMAT_NAMES
from ocr.formats.json_schema import document_from_json
from ocr.formats.page_blocks import notice_of
from ocr.formats.writers import _FORMATS, FORMATS

READER = EngineIdentity("fake", "fake 1")
SOURCE = Source("ação.pdf", "a" * 64, 3)
PAGES = (
    Page(
        1,
        "ok",
        header="PODER JUDICIÁRIO\nComarca",
        text="far-\nse-á",
        paragraphs=("far-se-á", "1. Item\tum"),
        margin="protocolo",
        footer="fls. 2",
        tables=(Table((0, 0, 9, 9), (("a", "b|c"), ("1",)), after=1),),
    ),
    Page(2, "unreadable", "is damaged"),
    Page(3, "blank"),
)


def written(form: str, source: Source = SOURCE, pages: tuple[Page, ...] = PAGES) -> str:
    return b"".join(FORMATS[form].render(source, READER, pages)).decode("utf-8")


def test_every_format_that_the_help_names_is_in_the_table() -> None:
    assert tuple(FORMATS) == FORMAT_NAMES
    assert {output.name for output in _FORMATS} == set(FORMAT_NAMES), "a format without a name would not be offered"


def test_json_is_the_document_one_page_a_line() -> None:
    text = written("json")
    assert document_from_json(json.loads(text)) == Document(SOURCE, READER, PAGES)
    assert len(text.splitlines()) == 1 + len(PAGES) + 1
    assert "ação" in text, "Portuguese stays readable"


def test_json_lines_hold_the_same() -> None:
    records = [json.loads(line) for line in written("jsonl").splitlines()]
    document = {**records[0], "pages": [record["page"] for record in records]}
    del document["page"]
    assert document == json.loads(written("json"))


def test_markdown() -> None:
    assert written("md") == (
        "<!-- page 1 -->\n\n*PODER JUDICIÁRIO Comarca*\n\nfar-se-á\n\n"
        "| a | b\\|c |\n| --- | --- |\n| 1 |  |\n\n1\\. Item um\n\n*protocolo*\n\n*fls. 2*\n\n"
        "<!-- page 2 -->\n\n> **Page 2: this page could not be opened (is damaged)**\n\n<!-- page 3 -->\n"
    )


def test_text() -> None:
    assert written("txt") == (
        "PODER JUDICIÁRIO Comarca\n\nfar-se-á\n\na\tb|c\n1\n\n1. Item um\n\nprotocolo\n\nfls. 2\n"
        "\f[Page 2: this page could not be opened (is damaged)]\n\f"
    )


def test_no_table_is_lost_wherever_it_says_that_it_stands() -> None:
    tables = tuple(Table((0, 0, 9, 9), ((name,),), after=after) for name, after in (("first", 0), ("last", 99)))
    page = Page(1, "ok", text="corpo", paragraphs=("corpo",), tables=tables)
    assert written("txt", pages=(page,)) == "first\n\ncorpo\n\nlast\n"
    only = Page(1, "ok", text="first last", tables=tables)
    assert written("txt", pages=(only,)) == "first\n\nlast\n"


@pytest.mark.parametrize(
    ("paragraph", "shown"),
    [
        ("# 5 de maio", "\\# 5 de maio"),
        ("- traço", "\\- traço"),
        ("12) inciso", "12\\) inciso"),
        ("§ 1º *vide* <art> a_b `c` \\n", "§ 1º \\*vide\\* \\<art> a_b \\`c\\` \\n"),
        ("123.456.789-09", "123.456.789-09"),
        ("nota* 1 < 2 | x_y ~ [1] R$ 5", "nota* 1 < 2 | x_y ~ [1] R$ 5"),
        ("2023 foi", "2023 foi"),
    ],
)
def test_markdown_shows_what_was_printed(paragraph: str, shown: str) -> None:
    page = Page(1, "ok", text=paragraph, paragraphs=(paragraph,))
    assert written("md", pages=(page,)) == f"<!-- page 1 -->\n\n{shown}\n"


@pytest.mark.parametrize("form", ["json", "jsonl", "md", "txt", "alto", "hocr"])
def test_a_file_that_could_not_be_opened_says_why(form: str) -> None:
    closed = Source("a.pdf", "a" * 64, 0, "the PDF is encrypted")
    assert "the PDF is encrypted" in written(form, closed, ())


def test_every_page_that_is_not_whole_is_announced() -> None:
    assert notice_of(Page(1, "ok")) == notice_of(Page(1, "blank")) == ""
    assert notice_of(Page(4, "ok", flags=("low confidence",))) == "Page 4: look at this page again (low confidence)"
    for status in ("degenerate", "truncated", "refused", "failed", "unreadable", "skipped"):
        assert notice_of(Page(7, status, "because")).startswith("Page 7: ")
        assert notice_of(Page(7, status, "because")).endswith(" (because)")
