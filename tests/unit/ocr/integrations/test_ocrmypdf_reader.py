import logging
import multiprocessing
import os
from pathlib import Path

import pytest
from ocrmypdf.exceptions import BadArgsError, ExitCodeException, SubprocessOutputError
from PIL import Image

from ocr.core.errors import DataError
from ocr.integrations.ocrmypdf_reader import LusocrOptions, _Shared, count_workers, exit_codes, read_image, settings_of

FAKE = "ocr.engines.fake:create"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    Image.linear_gradient("L").resize((600, 800)).save(tmp_path / "a.png", dpi=(200, 200))
    return tmp_path / "a.png"


def test_options_are_those_of_extract(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("seconds = 7.0\n", encoding="utf-8")
    options = LusocrOptions(engine="tesseract", config=str(tmp_path / "a.toml"), settings=["canary=false"])
    settings = settings_of(options, 3)
    assert (settings.engine, settings.seconds, settings.canary) == ("tesseract", 7.0, False)
    assert settings.options == {"workers": 3}
    assert settings_of(LusocrOptions(model="a-model"), 3).options == {"model": "a-model"}
    assert settings_of(LusocrOptions(settings=["options.workers=2"]), 3).options == {"workers": 2}


@pytest.mark.parametrize(
    ("jobs", "pages", "threads", "workers"), [(4, 10, True, 4), (4, 2, True, 2), (4, 10, False, 1), (1, 0, True, 1)]
)
def test_no_more_workers_than_jobs_and_pages(jobs: int, pages: int, threads: bool, workers: int) -> None:
    assert count_workers(jobs, pages, threads=threads) == workers


def test_a_page_is_read_and_a_bad_one_has_no_text(image: Path, caplog: pytest.LogCaptureFixture) -> None:
    options = LusocrOptions(engine=FAKE)
    assert read_image(image, options, 1).text.startswith("1. ")
    image.write_bytes(b"no image")
    with caplog.at_level(logging.WARNING):
        page = read_image(image, options, 1)
    assert (page.status, page.text) == ("unreadable", "")
    assert "the page gets no text" in caplog.text


def test_our_errors_have_the_exit_codes_of_ocrmypdf(image: Path) -> None:
    with pytest.raises(BadArgsError, match="unknown engine"):
        read_image(image, LusocrOptions(engine="nothing"), 1)
    with pytest.raises(SubprocessOutputError, match="does not load"):
        read_image(image, LusocrOptions(engine=FAKE, settings=["options.start=fails"]), 1)
    with pytest.raises(ExitCodeException) as raised, exit_codes():
        raise DataError("something else")
    assert raised.value.exit_code == 2


def test_a_reader_is_shared_and_replaced_when_more_workers_are_wanted() -> None:
    shared, options = _Shared(), LusocrOptions(engine=FAKE)
    with shared.borrow(options, 1) as first, shared.borrow(options, 2) as second:
        assert first is second  # in use: it is not closed
    with (
        shared.borrow(options, 2) as third,
        shared.borrow(LusocrOptions(engine=FAKE, settings=["seconds=9"]), 1) as other,
    ):
        assert third is not first
        assert other is not third
    shared.close()
    assert not shared._readers


def _read_in_child(image: Path, answers: "multiprocessing.Queue[str]") -> None:
    answers.put(read_image(image, LusocrOptions(engine=FAKE), 1).text)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, which OCRmyPDF uses for --no-use-threads")
def test_a_forked_process_opens_a_reader_of_its_own(image: Path) -> None:
    text = read_image(image, LusocrOptions(engine=FAKE), 1).text
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    child = context.Process(target=_read_in_child, args=(image, answers))
    child.start()
    assert answers.get(timeout=60) == text
    child.join(timeout=60)
    assert child.exitcode == 0
