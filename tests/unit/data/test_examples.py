import json
from dataclasses import replace
from pathlib import Path

import pytest

from data.examples import (
    Example,
    ReferenceLine,
    for_training,
    join_lines,
    parse_row,
    read_manifest,
    render_row,
    write_manifest,
)
from ocr.core.errors import DataError, OutputError
from ocr.core.files import write_atomic

EXAMPLE = Example(
    id="a-1",
    document="a",
    page=1,
    image="images/a-1.png",
    sha256="0" * 64,
    width=100,
    height=50,
    kind="ruling",
    origin="composed",
    licence="Apache-2.0",
    header="Poder Judiciário",
    text="Vistos.\nÉ o relatório.",
    lines=(ReferenceLine("Vistos.", (1.0, 2.0, 30.5, 12.0)), ReferenceLine("Poder Judiciário", (0, 0, 9, 2), "header")),
    seed=7,
)


def manifest(folder: Path, *examples: Example) -> Path:
    path = folder / "manifest.jsonl"
    for example in examples:
        (folder / example.image).parent.mkdir(parents=True, exist_ok=True)
        (folder / example.image).touch()
    write_manifest(path, examples)
    return path


def test_row_comes_back_as_it_was() -> None:
    assert parse_row(render_row(EXAMPLE)) == EXAMPLE


def test_manifest_comes_back_as_it_was(tmp_path: Path) -> None:
    second = replace(EXAMPLE, id="a-2", page=2, image="images/a-2.png")
    assert read_manifest(manifest(tmp_path, EXAMPLE, second)) == [EXAMPLE, second]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"page": 0}, "page, width and height"),
        ({"sha256": "xyz"}, "sha256"),
        ({"image": ""}, "not a path relative to"),
        ({"image": "/etc/passwd"}, "not a path relative to"),
        ({"split": "held-out"}, "split"),
        ({"colour": "red"}, "colour"),
        ({"lines": [{"text": "x", "box": [90, 0, 101, 9], "field": "text"}]}, "not on the 100x50 page"),
        ({"lines": [{"text": "x", "box": [9, 0, 9, 9], "field": "text"}]}, "not on the 100x50 page"),
        ({"lines": [{"text": "x", "box": [1, 0, 9, 9], "field": "body"}]}, "lines.0.field"),
        ({"document": ""}, "may not be empty"),
    ],
)
def test_bad_row_is_named_by_number(tmp_path: Path, change: dict[str, object], words: str) -> None:
    path = manifest(tmp_path, EXAMPLE)
    good = path.read_text(encoding="utf-8")
    bad = json.dumps({**json.loads(good), "id": "a-2", **change})
    path.write_text(good + bad + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="row 2") as raised:
        read_manifest(path)
    assert words in raised.value.message


@pytest.mark.parametrize("row", ["{", "[]", "null", '{"id": "x"}', "not json"])
def test_row_that_is_no_example_is_refused(row: str) -> None:
    assert isinstance(parse_row(row), str)


def test_absent_image_and_twin_id_are_named(tmp_path: Path) -> None:
    path = manifest(tmp_path, EXAMPLE, EXAMPLE)
    with pytest.raises(DataError, match="row 2: id 'a-1' is also the id of row 1"):
        read_manifest(path)
    (tmp_path / EXAMPLE.image).unlink()
    with pytest.raises(DataError, match=r"row 1: image images/a-1\.png does not exist"):
        read_manifest(path)


def test_manifest_that_is_not_text_empty_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "manifest.jsonl"
    with pytest.raises(DataError, match="No such file"):
        read_manifest(path)
    path.write_bytes(b"")
    with pytest.raises(DataError, match="has no rows"):
        read_manifest(path)
    path.write_bytes(b"\n\xff\xfe\n")
    with pytest.raises(DataError, match="row 2: is not UTF-8"):
        read_manifest(path)


def test_training_refuses_test_pages() -> None:
    assert for_training([EXAMPLE]) == [EXAMPLE]
    for barred in (replace(EXAMPLE, test_only=True), replace(EXAMPLE, split="test")):
        with pytest.raises(DataError, match="1 of 2 pages are for testing only"):
            for_training([EXAMPLE, barred])


def test_failed_write_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OutputError, match="taken"):
        write_atomic(tmp_path / "taken", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_fields_join_lines_in_order() -> None:
    joined = join_lines(EXAMPLE.lines)
    assert joined == {"header": "Poder Judiciário", "text": "Vistos.", "margin": "", "footer": ""}
