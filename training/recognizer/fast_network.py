"""The fast recognizer as the recognizer trainer takes it: the network with its alphabet, and its files."""

from pathlib import Path

import torch

from training.recognizer.fast_alphabet import fast_alphabet
from training.recognizer.fast_layers import FastNetwork, FastShape
from training.recognizer.fast_onnx import read_onnx, write_onnx

SHAPES = {
    "fast": FastShape(),
    "fast-small": FastShape(narrow=96, wide=168),
    "fast-large": FastShape(narrow=160, wide=256, wide_blocks=7, heads=4),
}


class FastRecognizer:
    """The fast network with its alphabet, as the recognizer trainer takes it (`TrainableRecognizer`)."""

    def __init__(self, shape: FastShape, characters: tuple[str, ...]) -> None:
        self.shape = shape
        self.height = shape.height
        self.stride = shape.stride
        self.characters = characters
        """Class 0 is the CTC blank, ""."""
        self.module = FastNetwork(shape, len(characters))

    def save(self, path: Path, *, half: bool) -> None:
        """Write an ONNX file of the present weights: input (N, H, W), output probabilities (N, T, C).

        `half` stores large weights as float16; the arithmetic stays float32.
        """
        write_onnx(self.module, self.characters, path, half=half)


def create_fast_recognizer(shape: FastShape | str = "fast", *, seed: int) -> FastRecognizer:
    """Make an untrained recognizer; `shape` is a name in `SHAPES` or a shape."""
    torch.manual_seed(seed)
    return FastRecognizer(SHAPES[shape] if isinstance(shape, str) else shape, fast_alphabet())


def read_fast_recognizer(path: Path) -> FastRecognizer:
    """Read a file that `FastRecognizer.save` wrote, to train on. Raises `DataError` as `read_onnx` does."""
    module, characters = read_onnx(path)
    recognizer = FastRecognizer(module.shape, characters)
    recognizer.module = module
    return recognizer
