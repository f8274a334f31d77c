"""Where the wheel of rapidocr keeps the stock detector and recognizer.

Worker processes import this: it imports nothing heavy.
"""

from importlib.util import find_spec
from pathlib import Path

from ocr.core.errors import DependencyError

DETECTOR = "PP-OCRv6_det_small.onnx"
RECOGNIZER = "PP-OCRv6_rec_small.onnx"


def model_file(name: str) -> Path:
    """Return where the wheel keeps a model. Raises `DependencyError` if the package or the file is missing."""
    package = find_spec("rapidocr")
    hint = "pip install --force-reinstall 'rapidocr>=3.10,<3.11'"
    if package is None or not package.submodule_search_locations:
        raise DependencyError("the Python package 'rapidocr', which carries the models, is not installed", hint=hint)
    file = Path(package.submodule_search_locations[0]) / "models" / name
    if not file.is_file():
        raise DependencyError(f"the model file {name} is missing from the rapidocr package", hint=hint)
    return file
