"""Faces: what a font file can print, siblings, the index of a folder."""

import shutil
from pathlib import Path

import pytest

from data.lines.faces import INDEX, SHIPPED, Faces, read_faces, write_index
from ocr.core.errors import DataError


@pytest.fixture(scope="module")
def shipped() -> Faces:
    return read_faces(())


def subset_font(source: Path, target: Path, characters: str) -> None:
    from fontTools import subset
    from fontTools.ttLib import TTFont

    font = TTFont(source)
    subsetter = subset.Subsetter()
    subsetter.populate(text=characters)
    subsetter.subset(font)
    font.save(target)


def test_the_shipped_faces_print_portuguese_in_several_styles(shipped: Faces) -> None:
    assert {"serif", "sans", "typewriter", "antique", "script"} <= set(shipped.styles)
    assert all(face.can_print("Não há ação às 10h.") for face in shipped.all)
    assert not any(face.can_print("☃") for face in shipped.all)


def test_bold_and_italic_are_found_in_the_family(shipped: Faces) -> None:
    plain = next(face for face in shipped.all if face.name == "tinos-400-normal")
    assert shipped.sibling(plain, bold=True, italic=False).name == "tinos-700-normal"
    assert shipped.sibling(plain, bold=False, italic=True).name == "tinos-400-italic"
    assert shipped.sibling(plain, bold=True, italic=True) is plain


def test_letters_stand_on_the_baseline(shipped: Faces) -> None:
    face = next(face for face in shipped.all if face.name == "arimo-400-normal")
    glyph = face.glyph("H")
    assert glyph.top + glyph.ink.shape[0] == pytest.approx(0, abs=1)
    assert face.glyph("g").top + face.glyph("g").ink.shape[0] > 8
    assert 0.4 < face.x_height < face.cap_height < 0.8
    assert face.glyph(" ").ink.size == 0 < face.glyph(" ").advance
    assert face.glyph("H") is glyph


def test_faces_without_letters_are_left_out_and_those_without_accents_are_known(tmp_path: Path) -> None:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,;:-() "
    subset_font(SHIPPED / "arimo-400-normal.ttf", tmp_path / "plain.ttf", letters)
    subset_font(SHIPPED / "tinos-400-normal.ttf", tmp_path / "digits.ttf", "0123456789")
    faces = read_faces((tmp_path,), shipped=False)
    assert [face.name for face in faces.all] == ["plain"]
    assert faces.all[0].can_print("Sao Paulo 1900")
    assert not faces.all[0].can_print("São Paulo")


def test_an_index_names_style_and_licence_and_is_read_again(tmp_path: Path) -> None:
    shutil.copy(SHIPPED / "tinos-400-normal.ttf", tmp_path / "a.ttf")
    assert write_index(tmp_path, {"a": "slab"}, {"a": ("OFL-1.1", "somewhere")}) == 1
    (face,) = read_faces((tmp_path,), shipped=False).all
    assert (face.style, face.font.licence, face.font.source) == ("slab", "OFL-1.1", "somewhere")
    assert face.can_print("ação")


@pytest.mark.parametrize("content", ["no json", '{"file": "a.ttf"}'])
def test_bad_fonts_and_indexes_are_named(tmp_path: Path, content: str) -> None:
    with pytest.raises(DataError, match="no font"):
        read_faces((tmp_path,))
    (tmp_path / "a.ttf").write_bytes(b"not a font")
    with pytest.raises(DataError, match=r"a\.ttf"):
        read_faces((tmp_path,))
    (tmp_path / INDEX).write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match="index"):
        read_faces((tmp_path,))
    with pytest.raises(DataError, match="no such folder"):
        read_faces((tmp_path / "none",))
