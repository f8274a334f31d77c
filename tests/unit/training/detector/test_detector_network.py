"""The network says the same in torch and in both backends, and in bands; a stopped training goes on."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ocr.core.errors import DataError, EngineError
from ocr.engines.local.detectors import fast_detector
from ocr.engines.local.detectors.detector_selection import SHOWN
from ocr.engines.local.detectors.fast_detector import FastDetector
from ocr.engines.local.recognizers.selection import needed_file
from training.detector.detector_network import DetectorNetwork, create_detector, shape_of
from training.detector.detector_onnx import read_detector, write_detector
from training.detector.detector_trainer import DetectorTrainer, LoopSettings, loss_of
from training.detector.drawn.drawn_pages import DrawnSupply, draw_pages, open_page, page_files
from training.detector.drawn.kernel_map import KERNEL, UNKNOWN

SMALL = shape_of((8, 8, 16, 16), (1, 1, 1, 1))


@pytest.fixture(scope="module")
def network() -> DetectorNetwork:
    torch.manual_seed(0)
    made = create_detector(SMALL, 0)
    made(torch.rand(4, 1, 64, 64))  # moves the running means away from 0
    return made.eval()


@pytest.fixture(scope="module")
def file(network: DetectorNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("detector") / "detector.onnx"
    write_detector(network, path, half=False)
    return path


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_a_backend_says_what_torch_says(network: DetectorNetwork, file: Path, backend: str) -> None:
    gray = np.random.Generator(np.random.SFC64(1)).integers(0, 256, (256, 384)).astype(np.uint8)
    ink = torch.from_numpy(1 - gray.astype(np.float32) / 255)[None, None]
    with torch.no_grad():
        expected = network(ink).sigmoid().numpy()[0, 0]
    seen = FastDetector(file, backend).see(gray, 0.0)
    assert seen.scale == 0.5 and seen.probability.shape == (128, 192)
    assert np.allclose(seen.probability, expected, atol=0.02)


def test_a_page_in_bands_is_seen_as_in_one(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gray = np.random.Generator(np.random.SFC64(2)).integers(0, 256, (1000, 500)).astype(np.uint8)
    detector = FastDetector(file, "onnxruntime")
    whole = detector.see(gray, 0.0).probability
    monkeypatch.setattr(fast_detector, "BAND", 150_000)
    banded = detector.see(gray, 0.0).probability
    assert banded.shape == whole.shape and np.abs(banded - whole).mean() < 0.005


def test_a_page_of_large_letters_is_shown_reduced(file: Path) -> None:
    seen = FastDetector(file, "onnxruntime").see(np.full((1000, 700), 250, np.uint8), 2 * SHOWN)
    assert seen.scale == 0.25 and seen.probability.shape == (250, 175)


def test_a_recognizer_is_refused() -> None:
    with pytest.raises(EngineError, match="is not a fast detector"):
        FastDetector(needed_file("fast"), "onnxruntime")
    with pytest.raises(DataError, match="is not a fast detector"):
        read_detector(needed_file("fast"))


def test_a_file_is_read_back_to_train_on(network: DetectorNetwork, file: Path) -> None:
    ink = torch.rand(1, 1, 96, 64)
    with torch.no_grad():
        assert torch.allclose(read_detector(file).eval()(ink), network(ink), atol=1e-3)


def test_what_is_not_taught_does_not_count() -> None:
    labels = torch.full((1, 1, 8, 8), UNKNOWN)
    labels[..., :4, :] = KERNEL
    right = torch.where(labels == KERNEL, 9.0, -9.0)
    other = torch.where(labels == KERNEL, 9.0, 9.0)
    assert float(loss_of(right, labels)) == pytest.approx(float(loss_of(other, labels)), abs=1e-6)
    assert float(loss_of(right, labels)) < 0.05
    assert float(loss_of(-right, labels)) > 5


def test_training_lowers_the_loss_and_a_stopped_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = tmp_path / "pages"
    assert list(draw_pages(DrawnSupply("test", 3), pages)) == [0, 1, 2]

    def trainer(folder: str, steps: int, seed: int = 0, save_seconds: float = 60.0) -> DetectorTrainer:
        settings = LoopSettings(steps, 3e-3, 2, 0.01, 0.9, batch=2, side=96, seed=0, save_seconds=save_seconds)
        (tmp_path / folder).mkdir(exist_ok=True)
        return DetectorTrainer(create_detector(SMALL, seed), settings, tmp_path / folder)

    whole = trainer("whole", 12)
    whole.train(pages, 3)
    assert np.mean(whole.losses[-3:]) < np.mean(whole.losses[:3])
    stopped = trainer("stopped", 12, save_seconds=0.0)
    learn = stopped._learn

    def killed(ink: torch.Tensor, labels: torch.Tensor) -> None:
        if stopped.step == 5:
            raise KeyboardInterrupt
        learn(ink, labels)

    monkeypatch.setattr(stopped, "_learn", killed)
    with pytest.raises(KeyboardInterrupt):
        stopped.train(pages, 3)
    again = trainer("stopped", 12, seed=7)
    again.resume()
    assert again.step == 5
    again.train(pages, 3)
    assert again.losses == pytest.approx(whole.losses, abs=1e-6)
    whole.write(tmp_path / "a.onnx")
    again.write(tmp_path / "b.onnx")
    ink = torch.rand(1, 1, 64, 64)
    with torch.no_grad():
        first, second = (read_detector(tmp_path / name).eval()(ink) for name in ("a.onnx", "b.onnx"))
    assert torch.allclose(first, second, atol=1e-4)


def test_a_page_that_is_there_is_not_drawn_again(tmp_path: Path) -> None:
    supply = DrawnSupply("again", 1)
    list(draw_pages(supply, tmp_path))
    pixels, _ = page_files(tmp_path, 0)
    before, drawn = pixels.stat().st_mtime_ns, open_page(tmp_path, 0)
    list(draw_pages(supply, tmp_path))
    assert pixels.stat().st_mtime_ns == before
    again = supply.page(0)
    assert np.array_equal(drawn.pixels, again.pixels) and np.array_equal(drawn.labels, again.labels)
