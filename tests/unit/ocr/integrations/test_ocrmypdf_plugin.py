import argparse
from pathlib import Path

import numpy as np
import ocrmypdf
import pikepdf
import pytest
from ocrmypdf._plugin_manager import get_plugin_manager
from PIL import Image, ImageDraw

from ocr.core.document import Page
from ocr.integrations import ocrmypdf_plugin as plugin
from ocr.integrations.ocrmypdf_reader import LusocrOptions

ENGINE = plugin.LusocrEngine


@pytest.fixture
def options() -> ocrmypdf.OcrOptions:
    ocrmypdf.OcrOptions.register_plugin_models(plugin.register_options())
    made = ocrmypdf.OcrOptions(input_file="in.pdf", output_file="out.pdf", jobs=1)
    made.extra_attrs["lusocr_engine"] = "ocr.engines.fake:create"
    return made


@pytest.fixture
def image(tmp_path: Path) -> Path:
    Image.linear_gradient("L").resize((700, 400)).save(tmp_path / "a.png", dpi=(100, 100))
    return tmp_path / "a.png"


def test_arguments_become_options() -> None:
    parser = argparse.ArgumentParser()
    plugin.add_options(parser)
    words = ["--lusocr-engine", "rapid", "--lusocr-set", "a=1", "--lusocr-set", "b=2"]
    found = {key.removeprefix("lusocr_"): value for key, value in vars(parser.parse_args(words)).items() if value}
    assert found == {"engine": "rapid", "settings": ["a=1", "b=2"]}
    assert set(LusocrOptions.model_fields) == {"engine", "model", "config", "settings"}


def test_auto_means_portuguese_and_our_own_layer(options: ocrmypdf.OcrOptions) -> None:
    plugin.check_options(options)
    assert (options.languages, options.pdf_renderer) == (["por"], "sandwich")
    options.pdf_renderer, options.languages = "fpdf2", ["por", "eng"]
    plugin.check_options(options)
    assert (options.languages, options.pdf_renderer) == (["por", "eng"], "fpdf2")
    assert set(options.languages) <= ENGINE.languages(options)


def test_another_engine_of_ocrmypdf_is_left_alone(options: ocrmypdf.OcrOptions) -> None:
    assert isinstance(plugin.get_ocr_engine(None), ENGINE)
    assert isinstance(plugin.get_ocr_engine(options), ENGINE)
    options.ocr_engine = "tesseract"
    plugin.check_options(options)
    assert plugin.get_ocr_engine(options) is None
    assert options.languages == ["eng"]


@pytest.mark.parametrize("found", ["/usr/bin/tesseract", None])
def test_tesseract_is_not_needed(monkeypatch: pytest.MonkeyPatch, found: str | None) -> None:
    monkeypatch.setattr(plugin.shutil, "which", lambda _: found)
    manager = get_plugin_manager([])
    manager.initialize(plugin_manager=manager.pluggy_manager)
    plugin.initialize(manager.pluggy_manager)
    checks = [part.plugin_name for part in manager.pluggy_manager.hook.check_options.get_hookimpls()]
    assert (plugin._TESSERACT in checks) is (found is not None)
    assert any("tesseract" in models for models in manager.register_options())


def test_names_say_who_read(options: ocrmypdf.OcrOptions) -> None:
    assert ENGINE.creator_tag(options) == f"{ENGINE()} (ocr.engines.fake:create)"
    assert ENGINE.version() in str(ENGINE())


def test_the_text_layer_is_as_large_as_the_image(options: ocrmypdf.OcrOptions, image: Path, tmp_path: Path) -> None:
    ENGINE.generate_pdf(image, tmp_path / "a.pdf", tmp_path / "a.txt", options)
    text = (tmp_path / "a.txt").read_text(encoding="utf-8")
    with pikepdf.open(tmp_path / "a.pdf") as pdf:
        assert [float(value) for value in pdf.pages[0].mediabox] == pytest.approx([0, 0, 504, 288], abs=0.01)
        assert b"3 Tr" in pdf.pages[0].Contents.read_bytes()
    assert text.startswith("1. ")


def test_elements_have_the_words_and_boxes_of_the_page(options: ocrmypdf.OcrOptions, image: Path) -> None:
    root, text = ENGINE.generate_ocr(image, options, 4)
    assert (root.page_number, round(root.dpi), root.bbox.right, root.bbox.bottom) == (4, 100, 700, 400)
    assert [word.text for word in root.words] == [word for word in text.split() if word not in ("1.", "2.")]
    first = root.words[0]
    assert (first.bbox.left, first.bbox.top, first.confidence) == (100.0, 100.0, 0.95)
    assert root.lines[0].textangle == 0.0


def test_hocr_is_written_for_those_who_ask_for_it(options: ocrmypdf.OcrOptions, image: Path, tmp_path: Path) -> None:
    from ocrmypdf.hocrtransform.hocr_parser import HocrParser

    ENGINE.generate_hocr(image, tmp_path / "a.hocr", tmp_path / "a.txt", options)
    root, _ = ENGINE.generate_ocr(image, options)
    read = HocrParser(tmp_path / "a.hocr").parse()
    assert [word.text for word in read.words] == [word.text for word in root.words]


@pytest.mark.parametrize(("confidence", "rotation", "turns"), [(0.93, 90, True), (0.6, 180, False), (None, 0, False)])
def test_a_page_is_turned_where_it_reads_well(
    options: ocrmypdf.OcrOptions,
    monkeypatch: pytest.MonkeyPatch,
    confidence: float | None,
    rotation: int,
    turns: bool,
) -> None:
    monkeypatch.setattr(plugin, "read_image", lambda *_: Page(1, "ok", confidence=confidence, rotation=rotation))
    found = ENGINE.get_orientation(Path("a.png"), options)
    assert found.angle == rotation
    assert (found.confidence >= options.rotate_pages_threshold) is turns


@pytest.mark.parametrize("sideways", [False, True])
def test_turning_by_the_skew_levels_the_lines(options: ocrmypdf.OcrOptions, tmp_path: Path, sideways: bool) -> None:
    page = Image.new("L", (900, 1200), 255)
    draw = ImageDraw.Draw(page)
    for row in range(100, 1100, 40):
        for left in range(100, 800, 24):
            draw.rectangle((left, row, left + 14, row + 14), fill=0)
    leaning = page.rotate(-2, Image.Resampling.BICUBIC, fillcolor=255)
    (leaning.rotate(90, expand=True) if sideways else leaning).save(tmp_path / "a.png")
    skew = ENGINE.get_deskew(tmp_path / "a.png", options)
    assert skew == pytest.approx(2, abs=0.15)
    rows = np.asarray(leaning.rotate(skew, fillcolor=255)).mean(axis=1)
    assert rows.max() - rows.min() > 0.9 * np.ptp(np.asarray(page).mean(axis=1))
