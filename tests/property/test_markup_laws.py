import json

from hypothesis import given
from hypothesis import strategies as st

from ocr.models.answer_format import Fields, is_complete, parse, render

texts = st.text(st.characters(), max_size=60)
pages = st.builds(Fields, header=texts, margin=texts, footer=texts, text=texts)


@given(pages)
def test_parse_gives_back_what_render_wrote(fields: Fields) -> None:
    assert parse(render(fields)) == fields
    assert is_complete(render(fields))


@given(pages, st.data())
def test_a_cut_answer_keeps_the_fields_that_were_finished(fields: Fields, data: st.DataObject) -> None:
    whole = render(fields)
    finished = len('{"header":') + len(json.dumps(fields.header, ensure_ascii=False))
    assert parse(whole[: data.draw(st.integers(finished, len(whole)))]).header == fields.header


pieces = st.sampled_from(
    [
        '{"text": "',
        '"',
        "\\",
        "\\u12",
        "}",
        "```json\n",
        "<table>",
        "</td><td>",
        "![text](1,2,3,4) ",
        "<img>",
        "# ",
        "ção",
    ]
)


@given(st.lists(st.one_of(pieces, st.text(max_size=5)), max_size=30).map("".join))
def test_parse_never_raises(answer: str) -> None:
    assert isinstance(parse(answer), Fields)


@given(st.binary(max_size=200).map(lambda data: data.decode("utf-8", errors="surrogateescape")))
def test_parse_takes_garbage(answer: str) -> None:
    assert isinstance(parse(answer), Fields)
