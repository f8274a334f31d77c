"""The fast recognizer: its padding rule, its ONNX file, and that it learns."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from ocr.core.errors import DataError  # noqa: E402
from training.recognizer.fast_alphabet import fast_alphabet  # noqa: E402
from training.recognizer.fast_layers import FastShape  # noqa: E402
from training.recognizer.fast_network import (  # noqa: E402
    SHAPES,
    FastRecognizer,
    create_fast_recognizer,
    read_fast_recognizer,
)

TINY = FastShape(height=24, stride=4, stem_channels=8, narrow=32, narrow_blocks=3, wide=48, wide_blocks=3, heads=2)
COLUMN = FastShape(height=32, stride=4, stem="column", narrow=32, narrow_blocks=3, wide_blocks=0)


def worked_in(shape: FastShape, *, seed: int = 0) -> FastRecognizer:
    """A recognizer whose normalization has seen lines and whose scores differ much from class to class."""
    recognizer = create_fast_recognizer(shape, seed=seed)
    lines = torch.rand((3, shape.height, 96), generator=torch.Generator().manual_seed(seed)) * 2 - 1
    for module in recognizer.module.modules():
        if hasattr(module, "momentum"):
            module.momentum = 0.5
    with torch.no_grad():
        for _ in range(6):
            recognizer.module(lines)
        recognizer.module.head.weight.mul_(60)
    recognizer.module.eval()
    return recognizer


def lines_of(shape: FastShape, *widths: int) -> tuple[Any, list[Any]]:
    """Random lines of these widths: one padded batch, and each alone."""
    generator = torch.Generator().manual_seed(len(widths))
    alone = [torch.rand((1, shape.height, width), generator=generator) * 2 - 1 for width in widths]
    batch = torch.zeros((len(widths), shape.height, max(widths)))
    for row, line in zip(batch, alone, strict=True):
        row[:, : line.shape[2]] = line[0]
    return batch, alone


def text_of(scores: Any, characters: tuple[str, ...]) -> str:
    best = scores.argmax(-1).tolist()
    return "".join(characters[code] for k, code in enumerate(best) if code and (k == 0 or code != best[k - 1]))


@pytest.mark.parametrize("shape", [TINY, COLUMN, dataclasses.replace(TINY, height=40, heads=0)])
def test_a_line_reads_the_same_alone_and_in_a_batch(shape: FastShape) -> None:
    recognizer = worked_in(shape)
    batch, alone = lines_of(shape, 13, 40, 77, 160, 161)
    together = recognizer.module(batch)
    for row, line in zip(together, alone, strict=True):
        single = recognizer.module(line)[0]
        assert torch.allclose(row[: len(single)], single, atol=1e-4)
        beyond = row[-(-line.shape[2] // shape.stride) :]
        assert not beyond.argmax(-1).any(), "beyond the line every step is the blank"
        text = text_of(row, recognizer.characters)
        assert text == text_of(single, recognizer.characters)
        assert len(set(text)) > 1, "the comparison needs text"


def test_text_at_the_end_of_a_line_is_not_hidden() -> None:
    recognizer = worked_in(TINY)
    scores = recognizer.module(lines_of(TINY, 61)[0])
    assert scores.shape == (1, 16, len(recognizer.characters))
    assert not torch.equal(scores[0, 15, 1:], torch.zeros(len(recognizer.characters) - 1))


@pytest.mark.parametrize("shape", [TINY, COLUMN])
@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_the_file_computes_what_the_module_computes(shape: FastShape, backend: str, tmp_path: Path) -> None:
    recognizer = worked_in(shape)
    recognizer.save(tmp_path / "fast.onnx", half=False)
    run = running(tmp_path / "fast.onnx", backend)
    for widths in ((8,), (64,), (200, 96), (640, 16, 320)):
        batch, _ = lines_of(shape, *widths)
        want = recognizer.module(batch).softmax(-1).detach().numpy()
        got = run(batch.numpy())
        assert got.shape == want.shape
        assert want.max() > 0.2, "scores of one level would hide differences"
        assert np.abs(got - want).max() < 1e-4


def running(file: Path, backend: str) -> Any:
    if backend == "onnxruntime":
        session = pytest.importorskip("onnxruntime").InferenceSession(str(file), providers=["CPUExecutionProvider"])
        return lambda batch: session.run(None, {"x": batch})[0]
    core = pytest.importorskip("openvino").Core()
    request = core.compile_model(core.read_model(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda batch: request([batch])[0]


def test_a_file_read_back_gives_the_same_and_trains_on(tmp_path: Path) -> None:
    recognizer = worked_in(TINY)
    recognizer.save(tmp_path / "fast.onnx", half=False)
    again = read_fast_recognizer(tmp_path / "fast.onnx")
    assert again.characters == recognizer.characters
    assert again.shape == recognizer.shape
    batch, _ = lines_of(TINY, 200, 96)
    want = recognizer.module(batch)
    assert torch.allclose(again.module(batch), want, atol=1e-3), "frozen statistics also in training mode"
    again.module(batch).square().mean().backward()
    assert all(part.grad is not None for part in again.module.parameters())


def test_a_half_file_is_half_the_size_and_nearly_equal(tmp_path: Path) -> None:
    recognizer = worked_in(TINY)
    for half in (False, True):
        recognizer.save(tmp_path / f"{half}.onnx", half=half)
    assert (tmp_path / "True.onnx").stat().st_size < 0.65 * (tmp_path / "False.onnx").stat().st_size
    batch = lines_of(TINY, 120)[0].numpy()
    full, half_file = (running(tmp_path / f"{half}.onnx", "onnxruntime")(batch) for half in (False, True))
    assert 0 < np.abs(full - half_file).max() < 0.1


@pytest.mark.parametrize("content", [b"", b"no model", None])
def test_a_file_of_another_kind_is_refused(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "other.onnx"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DataError, match=r"other\.onnx"):
        read_fast_recognizer(file)


def test_it_learns_two_words() -> None:
    recognizer = create_fast_recognizer(TINY, seed=3)
    lines = lines_of(TINY, 72, 96)[0]
    index = {character: code for code, character in enumerate(recognizer.characters)}
    words = ("não", "aço §")
    labels = torch.tensor([index[character] for word in words for character in word])
    optimizer = torch.optim.AdamW(recognizer.module.parameters(), lr=1e-2)
    for _ in range(60):
        scores = recognizer.module(lines).log_softmax(-1).transpose(0, 1)
        steps = torch.full((2,), len(scores))
        loss = torch.nn.functional.ctc_loss(scores, labels, steps, torch.tensor([len(word) for word in words]))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(recognizer.module.parameters(), 1.0)
        optimizer.step()
    assert [text_of(row, recognizer.characters) for row in recognizer.module(lines)] == list(words)


@pytest.mark.parametrize("name", SHAPES)
def test_named_shapes_have_one_to_three_million_parameters(name: str) -> None:
    parameters = sum(part.numel() for part in create_fast_recognizer(name, seed=0).module.parameters())
    assert 1_000_000 <= parameters <= 3_000_000


def test_the_alphabet_has_each_sign_once() -> None:
    characters = fast_alphabet()
    assert characters[0] == ""
    assert characters[-1] == " "
    assert len(set(characters)) == len(characters)
    assert all(len(character) == 1 for character in characters[1:])
    assert set("àáâãçéêíóôõúüÀÁÂÃÇÉÊÍÓÔÕÚÜ0123456789§ºª°«»“”‘’–—…·•☐☒£$€½¼¾¹²³") <= set(characters)
