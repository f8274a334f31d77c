"""The lines of one archive: images of single lines with their text, read from a folder and split."""

import json
import random
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ocr.core.errors import DataError
from training.recognizer.line_supply.batches import Encoded, Labels
from training.recognizer.line_supply.line_farm import Sample
from training.recognizer.ppocr_network.onnx_network import HEIGHT

LINES_FILE = "lines.jsonl"
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp")


def read_line_folder(folder: Path) -> list[Sample]:
    """Return the lines of one archive: images of single lines, gray, scaled to height 48.

    The folder holds `lines.jsonl`, one object a line with `image` (a path beside it) and `text`; or, as Kraken and
    Tesseract have it, `NAME.gt.txt` beside each image `NAME.png`. Raises `DataError` naming the file that is wrong.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder", hint=f"--data DIR with {LINES_FILE}, or NAME.png beside NAME.gt.txt")
    listed = folder / LINES_FILE
    pairs = list(_listed(listed)) if listed.is_file() else list(_paired(folder))
    if not pairs:
        raise DataError(
            f"{folder} holds no lines", hint=f"{LINES_FILE} with image and text, or NAME.png beside NAME.gt.txt"
        )
    return [Sample(_read_line(image), text, "own", image.name) for image, text in pairs]


def _listed(file: Path) -> Iterator[tuple[Path, str]]:
    for number, row in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not row.strip():
            continue
        try:
            entry = json.loads(row)
            yield file.parent / entry["image"], _clean(entry["text"])
        except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as cause:
            raise DataError(
                f"{file}, line {number}: no object with image and text ({cause})",
                hint='each line of the file is {"image": "a.png", "text": "what it says"}',
            ) from cause


def _paired(folder: Path) -> Iterator[tuple[Path, str]]:
    for text in sorted(folder.rglob("*.gt.txt")):
        name = text.name.removesuffix(".gt.txt")
        images = [text.with_name(name + suffix) for suffix in IMAGE_SUFFIXES if text.with_name(name + suffix).is_file()]
        if not images:
            raise DataError(f"{text} has no image beside it", hint=f"put {name}.png there, or delete the text")
        yield images[0], _clean(text.read_text(encoding="utf-8"))


def _clean(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _read_line(image: Path) -> Any:
    try:
        data = np.frombuffer(image.read_bytes(), np.uint8)
    except OSError as cause:
        raise DataError(f"{image}: {cause.strerror}", hint="name images that are here") from cause
    gray = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if len(data) else None
    if gray is None or min(gray.shape) < 3:
        raise DataError(f"{image} is no image of a line of text", hint="PNG, JPEG or TIFF; delete it from the folder")
    width = max(1, round(gray.shape[1] * HEIGHT / gray.shape[0]))
    return np.asarray(cv2.resize(gray, (width, HEIGHT)), np.uint8)


def split_own(samples: Sequence[Sample], share: float, seed: int) -> tuple[list[Sample], list[Sample]]:
    """Split an archive's lines into training and held-out; texts that repeat stay on one side."""
    texts = sorted({sample.text for sample in samples})
    random.Random(f"{seed} held out").shuffle(texts)
    held = set(texts[: max(1, round(len(texts) * share))])
    return [s for s in samples if s.text not in held], [s for s in samples if s.text in held]


def encode_all(samples: Sequence[Sample], labels: Labels, complain: Callable[[str], None]) -> tuple[Encoded, ...]:
    """Encode an archive's lines; those that cannot be trained on are named and left out."""
    found = []
    for sample in samples:
        codes = labels.encode(sample)
        if codes is None:
            complain(
                f"left out {sample.source}: too narrow or too wide for its text, or a character outside the alphabet"
            )
        else:
            found.append(Encoded(sample, codes))
    return tuple(found)
