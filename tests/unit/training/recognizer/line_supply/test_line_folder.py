"""Lines of an archive from a folder, and what is wrong with one."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")

from ocr.core.errors import DataError
from training.recognizer.line_supply.batches import Labels
from training.recognizer.line_supply.line_folder import encode_all, read_line_folder, split_own


def write_image(path: Path, height: int = 30, width: int = 300) -> None:
    cv2.imwrite(str(path), np.full((height, width), 200, np.uint8))


def test_listed_lines(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", 24, 240)
    rows = [{"image": "a.png", "text": "  Cora\u0063\u0327a\u0303o  de papel "}, {"image": "a.png", "text": "x"}]
    (tmp_path / "lines.jsonl").write_text("\n\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    first, second = read_line_folder(tmp_path)
    assert first.pixels.shape == (48, 480)
    assert first.text == "Coração de papel"
    assert second.text == "x"
    assert first.wear == "own"


def test_images_beside_their_text(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write_image(tmp_path / "deep" / "p1.jpg")
    (tmp_path / "deep" / "p1.gt.txt").write_text("um\n", encoding="utf-8")
    (found,) = read_line_folder(tmp_path)
    assert (found.text, found.source) == ("um", "p1.jpg")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("not json", "row 1"),
        ('["a"]', "row 1"),
        ('{"image": "a.png"}', "text"),
        ('{"image": "gone.png", "text": "a"}', "gone.png"),
        ('{"image": "empty.png", "text": "a"}', "empty.png"),
        ('{"image": "lines.jsonl", "text": "a"}', "lines.jsonl"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, row: str, message: str) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "lines.jsonl").write_text(row, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_line_folder(tmp_path)


def test_folders_without_lines(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no line"):
        read_line_folder(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        read_line_folder(tmp_path / "gone")
    (tmp_path / "a.gt.txt").write_text("a", encoding="utf-8")
    with pytest.raises(DataError, match="no image beside it"):
        read_line_folder(tmp_path)


def test_letters_outside_the_alphabet_stay_and_lines_without_text_are_counted(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png")
    rows = [{"image": "a.png", "text": text} for text in ("ꝑ ducado", "", "[ilegível]")]
    (tmp_path / "lines.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    said: list[str] = []
    assert [sample.text for sample in read_line_folder(tmp_path, said.append)] == ["ꝑ ducado"]
    assert said == ["left out 1 of 3: no text", "left out 1 of 3: cannot be read"]


def test_texts_that_repeat_stay_on_one_side_of_the_split(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png")
    rows = [{"image": "a.png", "text": f"linha {place % 20}"} for place in range(60)]
    (tmp_path / "lines.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    samples = read_line_folder(tmp_path)
    training, held_out = split_own(samples, 0.25, seed=1)
    assert len(training) + len(held_out) == 60
    assert len({sample.text for sample in held_out}) == 5
    assert not {sample.text for sample in training} & {sample.text for sample in held_out}
    assert split_own(samples, 0.25, seed=1) == (training, held_out)


def test_lines_that_cannot_be_trained_on_are_named(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", 48, 40)
    (tmp_path / "a.gt.txt").write_text("a" * 30, encoding="utf-8")
    said: list[str] = []
    assert encode_all(read_line_folder(tmp_path), Labels.of(("", "a", " "), 48, 8), said.append) == ()
    assert "a.png" in said[0]
