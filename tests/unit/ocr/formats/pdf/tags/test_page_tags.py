from dataclasses import replace

from boxed_pages import FIRST, LOST, UNPLACED, WITH_ROLES, line

from ocr.core.document import CellSpan, Page
from ocr.formats.pdf.tags.page_tags import Tag, tags_of


def shape(tag: Tag | int) -> object:
    """The kinds of an element and of those below it; the numbers of its text are left out."""
    below = [shape(kid) for kid in tag.kids if isinstance(kid, Tag)] if isinstance(tag, Tag) else []
    assert isinstance(tag, Tag)
    return [tag.kind, *below] if below else tag.kind


def test_fields_and_tables() -> None:
    tags = tags_of(FIRST)
    row = ["TR", "TD", "TD"]
    assert [shape(tag) for tag in tags.elements] == ["P", ["Table", row, row], "P", "P"]
    assert [tag.kind for tag in tags.parents] == ["P", "TD", "TD", "TD", "TD", "P", "P"]
    assert tags.starts == {
        (0, 0): "/Artifact<</Type/Pagination/Subtype/Header>>BDC",
        (1, 0): "/P<</MCID 0>>BDC",
        (3, 0): "/TD<</MCID 1>>BDC",
        (4, 0): "/TD<</MCID 2>>BDC",
        (5, 0): "/TD<</MCID 3>>BDC",
        (6, 0): "/TD<</MCID 4>>BDC",
        (7, 0): "/P<</MCID 5>>BDC",
        (8, 0): "/P<</MCID 6>>BDC",
        (9, 0): "/Artifact<</Type/Pagination/Subtype/Footer>>BDC",
    }


def test_roles() -> None:
    tags = tags_of(WITH_ROLES)
    item = ["LI", "LBody"]
    assert [shape(tag) for tag in tags.elements] == ["H1", "H2", "P", ["L", item, item], "Caption", "Note"]
    assert len(tags.parents) == 7, "the two lines of the paragraph are one stretch of text"
    assert tags.starts[8, 0].startswith("/Artifact"), "the page number"


def test_heads_and_spans_of_a_table() -> None:
    table = replace(
        FIRST.tables[0], rows=(("Item", ""), ("Custas", "R$ 10,00")), header_rows=1, spans=(CellSpan(0, 0, columns=2),)
    )
    page = replace(FIRST, tables=(table,))
    (found,) = [tag for tag in tags_of(page).elements if tag.kind == "Table"]
    assert [shape(row) for row in found.kids] == [["TR", "TH"], ["TR", "TD", "TD"]]
    head = found.kids[0].kids[0]  # type: ignore[union-attr]
    assert isinstance(head, Tag) and head.attributes == "/Scope/Column/ColSpan 2"


def test_a_table_without_cells_is_a_paragraph() -> None:
    kinds = [shape(tag) for tag in tags_of(replace(FIRST, tables=())).elements]
    assert "Table" not in str(kinds) and "P" in kinds


def test_text_without_boxes_and_pages_without_text() -> None:
    assert [shape(tag) for tag in tags_of(UNPLACED).elements] == ["P"]
    assert tags_of(UNPLACED).starts == {(0, 0): "/P<</MCID 0>>BDC"}
    assert tags_of(LOST).elements == ()


def test_text_on_both_sides_of_a_running_head_is_one_element_with_two_stretches() -> None:
    parts = [replace(line(text, 100, top), block=0) for text, top in (("antes", 100), ("depois", 140))]
    page = Page(1, "ok", text="antes\ndepois", paragraphs=("antes depois",), width=600, height=800,
                lines=(parts[0], line("CABEÇALHO", 100, 20, "header"), parts[1]))  # fmt: skip
    (paragraph,) = tags_of(page).elements
    assert paragraph.kids == [0, 1]
    assert list(tags_of(page).starts) == [(0, 0), (1, 0), (2, 0)]
