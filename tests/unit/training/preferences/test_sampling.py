"""Readings of the gate and of the pairs: greedy first, and none twice after a stop."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocr.core.document import EngineOutput
from ocr.core.errors import EngineError
from ocr.engines.base import Request
from training.preferences import sampling
from training.preferences.sampling import Sampled, read_pages


class Engine:
    """Answers with the shade of the page; breaks once at `breaks`."""

    concurrency = 1

    def __init__(self) -> None:
        self.asked: list[tuple[int, float]] = []
        self.breaks = -1
        self.fails = -1

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def read(self, request: Request) -> EngineOutput:
        assert isinstance(request.image.pixels, np.ndarray)
        shade = int(request.image.pixels[0, 0, 0])
        if shade == self.breaks:
            raise EngineError("the engine is gone")
        self.asked.append((shade, request.sampling["temperature"]))
        return (
            EngineOutput("error", reason="too long") if shade == self.fails else EngineOutput("stop", text=str(shade))
        )


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    made = Engine()
    monkeypatch.setattr(sampling, "create", lambda _name, _options: made)
    return made


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{shade}.png" for shade in range(5)]
    for shade, path in enumerate(paths):
        Image.new("RGB", (4, 4), (shade, shade, shade)).save(path)
    return paths


def test_a_reading_that_was_stopped_goes_on_where_it_was(engine: Engine, images: list[Path], tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    engine.breaks = 3
    with pytest.raises(EngineError):
        read_pages("any", tmp_path, images, Sampled(2), kept)
    assert [shade for shade, _ in engine.asked] == [0, 0, 1, 1, 2, 2]
    kept.write_bytes(kept.read_bytes()[:-9])  # as a kill leaves it
    engine.breaks, engine.asked = -1, []
    readings = read_pages("any", tmp_path, images, Sampled(2), kept)
    assert [[answer.text for answer in answers] for answers in readings] == [[str(n)] * 2 for n in range(5)]
    assert engine.asked == [(shade, heat) for shade in (2, 3, 4) for heat in (0.0, 1.0)], "the first answer is greedy"
    assert read_pages("any", tmp_path, images, Sampled(2), kept) == readings
    assert len(engine.asked) == 6


def test_what_a_full_disk_cut_short_is_read_again(engine: Engine, images: list[Path], tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    readings = read_pages("any", tmp_path, images, Sampled(), kept)
    first, second, *others = kept.read_bytes().splitlines(keepends=True)
    kept.write_bytes(first[:-9] + second + b"".join(others))  # one page's line is cut, the next follows without a break
    engine.asked = []
    assert read_pages("any", tmp_path, images, Sampled(), kept) == readings
    assert [shade for shade, _ in engine.asked] == [0, 1]


def test_a_page_that_failed_is_asked_for_again(engine: Engine, images: list[Path], tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    engine.fails = 1
    assert read_pages("any", tmp_path, images, Sampled(), kept)[1][0].finish == "error"
    engine.fails, engine.asked = -1, []
    assert read_pages("any", tmp_path, images, Sampled(), kept)[1][0].text == "1"
    assert len(engine.asked) == 1
