"""The module that `ocrmypdf --plugin lusocr` imports. The wheel holds it as the top-level module `lusocr`."""

from ocr.integrations.ocrmypdf_plugin import (
    add_options,
    check_options,
    get_ocr_engine,
    initialize,
    register_options,
    validate,
)

__all__ = ["add_options", "check_options", "get_ocr_engine", "initialize", "register_options", "validate"]
