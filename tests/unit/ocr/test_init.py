"""`import ocr`: what the API is, and that it costs nothing until it is used."""

import subprocess
import sys

import pytest
from paths import ROOT

import ocr

HEAVY = {"torch", "vllm", "transformers", "onnxruntime", "openvino", "rapidocr", "cv2", "PIL", "numpy", "pydantic"}


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    return done.stdout


@pytest.mark.parametrize("package", ["ocr", "data", "eval", "training"])
def test_importing_a_package_loads_nothing_heavy(package: str) -> None:
    loaded = set(run(f"import sys, {package}; print(*sys.modules)").split())
    assert package in loaded
    assert not loaded & (HEAVY | {"asyncio", "sqlite3", "typer"})


def test_every_name_of_the_api_can_be_had_and_is_documented() -> None:
    for name in set(ocr.__all__) - {"__version__", "Status"}:
        value = getattr(ocr, name)
        assert value.__doc__ and not value.__doc__.startswith(f"{value.__name__}("), name
    assert sorted(ocr.__all__) == dir(ocr) == ocr.__all__


def test_a_star_import_gives_the_api() -> None:
    names = run("from ocr import *; print(*globals())").split()
    assert set(ocr.__all__) <= set(names)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'extrat'"):
        ocr.extrat  # noqa: B018


def test_the_api_is_typed() -> None:
    for package in ("ocr", "data", "eval", "training"):
        assert (ROOT / package / "py.typed").is_file()
