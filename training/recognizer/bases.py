"""The weights that training starts from, by name."""

from pathlib import Path

from ocr.core.errors import DataError
from ocr.engines.local.detectors.stock_models import RECOGNIZER, model_file
from ocr.engines.local.recognizers.selection import SHIPPED, needed_file

STOCK, NOTHING = "stock", "none"


def base_file(base: str) -> Path:
    """Return the ONNX file of a base: `stock`, `none` (the stock file's graph), `pt`, `fast` or a path.

    Raises `DataError` where there is no such file, `DependencyError` where a shipped file is missing.
    """
    if base in (STOCK, NOTHING):
        return model_file(RECOGNIZER)
    if base in SHIPPED:
        return needed_file(base)
    file = Path(base)
    if not file.is_file():
        raise DataError(f"--base {base}: no such file", hint="--base stock, pt, none, a run or an ONNX file")
    return file
