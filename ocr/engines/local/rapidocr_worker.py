"""What a worker of the engine rapid does: load the networks once, then turn pixels into a `EngineOutput`.

The functions here are targets of `ocr.core.worker_pool`.
"""

import cv2
import numpy as np

from ocr.core.errors import EngineError
from ocr.core.worker_pool import Handler, Parcel
from ocr.engines.local.line_reader import PpocrPageReader
from ocr.engines.local.orientation import read_page


def openvino() -> Handler:
    """Load the networks on OpenVINO."""
    return _handler(PpocrPageReader("openvino"))


def onnxruntime() -> Handler:
    """Load the networks on onnxruntime."""
    return _handler(PpocrPageReader("onnxruntime"))


def _handler(reader: PpocrPageReader) -> Handler:
    cv2.setNumThreads(1)

    def handle(request: Parcel) -> Parcel:
        if request.pixels is None:
            raise EngineError("the engine rapid was sent a page without pixels")
        gray = cv2.cvtColor(request.pixels, cv2.COLOR_RGB2GRAY)
        return Parcel(read_page(reader, np.asarray(gray, np.uint8)))

    return handle
