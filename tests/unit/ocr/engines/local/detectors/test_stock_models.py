"""The stock models are found without the packages that the command line needs."""

import subprocess
import sys

import pytest

from ocr.core.errors import DependencyError
from ocr.engines.local.detectors.stock_models import DETECTOR, RECOGNIZER, model_file


def test_both_models_are_in_the_wheel_and_others_are_missed() -> None:
    assert model_file(DETECTOR).is_file() and model_file(RECOGNIZER).is_file()
    with pytest.raises(DependencyError, match=r"other\.onnx is missing"):
        model_file("other.onnx")


def test_a_worker_loads_no_settings() -> None:
    asked = "import sys, ocr.engines.local.rapidocr_worker; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
