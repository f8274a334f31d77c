"""Read Brazilian Portuguese scans into structured, accounted-for text.

>>> import ocr
>>> document = ocr.extract("samples/letter.jpg", engine="ocr.engines.fake:create")
>>> document.pages[0].status
'ok'

The names of `__all__` are the API; everything else may change. `import ocr` loads nothing heavy: each name is loaded
when it is first used. Nothing is printed; the logger "ocr" hears what happens at debug level.
"""

import logging
from importlib import import_module
from typing import TYPE_CHECKING

from ocr.core import environment

if TYPE_CHECKING:
    from ocr.api import aextract, extract, extract_all, find_identifiers, find_repetition, load, verify
    from ocr.core.document import Document, EngineIdentity, Line, Page, Source, Status, Table, Word
    from ocr.core.errors import (
        DataError,
        DependencyError,
        EngineError,
        ExitCode,
        GateError,
        OcrError,
        OutputError,
        ScanError,
        TrainingError,
        UsageError,
    )
    from ocr.pipeline.options import ExtractSettings as Settings
    from ocr.pipeline.options import PageResult
    from ocr.reader import Reader
    from ocr.repetition.evidence import Repetition
    from ocr.storage.summary import Summary as RunSummary
    from ocr.storage.verify import Report as VerifyReport
    from ocr.text.identifiers import Identifier

__all__ = [
    "DataError",
    "DependencyError",
    "Document",
    "EngineError",
    "EngineIdentity",
    "ExitCode",
    "GateError",
    "Identifier",
    "Line",
    "OcrError",
    "OutputError",
    "Page",
    "PageResult",
    "Reader",
    "Repetition",
    "RunSummary",
    "ScanError",
    "Settings",
    "Source",
    "Status",
    "Table",
    "TrainingError",
    "UsageError",
    "VerifyReport",
    "Word",
    "__version__",
    "aextract",
    "extract",
    "extract_all",
    "find_identifiers",
    "find_repetition",
    "load",
    "verify",
]

__version__ = environment.VERSION

_MODULES = {
    "ocr.api": ("aextract", "extract", "extract_all", "find_identifiers", "find_repetition", "load", "verify"),
    "ocr.core.document": ("Document", "EngineIdentity", "Line", "Page", "Source", "Status", "Table", "Word"),
    "ocr.core.errors": (
        *("DataError", "DependencyError", "EngineError", "ExitCode", "GateError", "OcrError", "OutputError"),
        *("ScanError", "TrainingError", "UsageError"),
    ),
    "ocr.pipeline.options": ("PageResult", "Settings=ExtractSettings"),
    "ocr.reader": ("Reader",),
    "ocr.repetition.evidence": ("Repetition",),
    "ocr.storage.summary": ("RunSummary=Summary",),
    "ocr.storage.verify": ("VerifyReport=Report",),
    "ocr.text.identifiers": ("Identifier",),
}
"""Where each name is loaded from; PUBLIC=PRIVATE where the module calls it otherwise."""
_PLACES = {
    name.partition("=")[0]: (module, name.rpartition("=")[2]) for module, names in _MODULES.items() for name in names
}

logging.getLogger("ocr").addHandler(logging.NullHandler())


def __getattr__(name: str) -> object:
    """Load a name of the API on first use."""
    if name not in _PLACES:
        raise AttributeError(f"module 'ocr' has no attribute {name!r}")
    module, attribute = _PLACES[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
