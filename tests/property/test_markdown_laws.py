"""A Markdown parser of others shows every paragraph, head and cell as it was printed."""

from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ocr.core.document import EngineIdentity, Page, Source, Table
from ocr.formats.page_blocks import one_line
from ocr.formats.text.markdown import write_markdown

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
SIGNS = "*_`~<>|[]()!&;:#+-=.\\1aé /\"$%@^{}'?,\t"
TEXT = st.text(st.sampled_from(SIGNS), min_size=1, max_size=24).filter(lambda text: bool(text.strip()))
WORDS = st.lists(
    st.sampled_from(["*", "**", "_", "__", "`", "``", "~~", "a", "b", "1.", "-", "#", "[a](b)", "&amp;", "<b>", "\\"]),
    min_size=1,
    max_size=8,
).flatmap(lambda words: st.sampled_from(["", " "]).map(lambda between: between.join(words)))


def parsed(page: Page) -> list[Token]:
    text = "".join(write_markdown(Source("a.png", "a" * 64, 1), EngineIdentity("fake", "fake"), [page]))
    return PARSER.parse(text.removeprefix("<!-- page 1 -->\n\n"))


def shown(tokens: list[Token]) -> list[str]:
    """The text of each block, where nothing in it is markup."""
    found = []
    for token in tokens:
        if token.type == "inline":
            assert {child.type for child in token.children or ()} <= {"text"}, token.content
            found.append("".join(child.content for child in token.children or ()))
    return found


@given(st.one_of(TEXT, WORDS))
@settings(max_examples=200, deadline=None)
@example("123.456.789-09")
@example("```a")
@example("* * *")
@example("[a]: /b")
@example("a\\")
@example("1. ")
def test_a_paragraph_is_shown_as_printed(text: str) -> None:
    tokens = parsed(Page(1, "ok", text=text, paragraphs=(text,)))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert shown(tokens) == [one_line(text)]


@given(st.one_of(TEXT, WORDS))
@settings(max_examples=200, deadline=None)
def test_a_head_is_shown_in_italics(text: str) -> None:
    tokens = parsed(Page(1, "ok", header=text, text="corpo", paragraphs=("corpo",)))
    children = tokens[1].children or []
    assert (children[0].type, children[-1].type) == ("em_open", "em_close")
    assert {child.type for child in children[1:-1]} == {"text"}
    assert "".join(child.content for child in children) == one_line(text)


@given(st.lists(st.lists(st.one_of(TEXT, WORDS), min_size=2, max_size=2), min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_cells_are_shown_as_printed(rows: list[list[str]]) -> None:
    page = Page(1, "ok", tables=(Table((0, 0, 9, 9), tuple(map(tuple, rows))),))
    assert shown(parsed(page)) == [one_line(cell) for row in rows for cell in row]


@given(st.from_regex(r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}|[0-9]{1,3}(\.[0-9]{3}){1,3},[0-9]{2}", fullmatch=True))
@settings(max_examples=200, deadline=None)
def test_numbers_stay_as_they_can_be_searched_for(number: str) -> None:
    text = "".join(write_markdown(Source("a", "", 1), EngineIdentity("f", "f"), [Page(1, "ok", paragraphs=(number,))]))
    assert number in text
