"""Read Brazilian Portuguese scans into structured text, with a status for every page.

>>> import ocr
>>> document = ocr.extract("samples/letter.jpg", engine="ocr.engines.fake:create")
>>> document.pages[0].status
'ok'

The names of `__all__` are the API; everything else may change. `import ocr` loads nothing heavy: each name is loaded
when it is first used. Nothing is printed; the logger "ocr" hears what happens at debug level.
"""

import logging
from typing import TYPE_CHECKING

from ocr.core import environment

if TYPE_CHECKING:
    from ocr.api import accept, aextract, extract, extract_all, find_identifiers, find_repetition, load, verify
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
    "accept",
    "aextract",
    "extract",
    "extract_all",
    "find_identifiers",
    "find_repetition",
    "load",
    "verify",
]

__version__ = environment.VERSION

_PLACES = {
    "DataError": "ocr.core.errors:DataError",
    "DependencyError": "ocr.core.errors:DependencyError",
    "Document": "ocr.core.document:Document",
    "EngineError": "ocr.core.errors:EngineError",
    "EngineIdentity": "ocr.core.document:EngineIdentity",
    "ExitCode": "ocr.core.errors:ExitCode",
    "GateError": "ocr.core.errors:GateError",
    "Identifier": "ocr.text.identifiers:Identifier",
    "Line": "ocr.core.document:Line",
    "OcrError": "ocr.core.errors:OcrError",
    "OutputError": "ocr.core.errors:OutputError",
    "Page": "ocr.core.document:Page",
    "PageResult": "ocr.pipeline.options:PageResult",
    "Reader": "ocr.reader:Reader",
    "Repetition": "ocr.repetition.evidence:Repetition",
    "RunSummary": "ocr.storage.summary:Summary",
    "ScanError": "ocr.core.errors:ScanError",
    "Settings": "ocr.pipeline.options:ExtractSettings",
    "Source": "ocr.core.document:Source",
    "Status": "ocr.core.document:Status",
    "Table": "ocr.core.document:Table",
    "TrainingError": "ocr.core.errors:TrainingError",
    "UsageError": "ocr.core.errors:UsageError",
    "VerifyReport": "ocr.storage.verify:Report",
    "Word": "ocr.core.document:Word",
    "accept": "ocr.api:accept",
    "aextract": "ocr.api:aextract",
    "extract": "ocr.api:extract",
    "extract_all": "ocr.api:extract_all",
    "find_identifiers": "ocr.api:find_identifiers",
    "find_repetition": "ocr.api:find_repetition",
    "load": "ocr.api:load",
    "verify": "ocr.api:verify",
}

logging.getLogger("ocr").addHandler(logging.NullHandler())

__getattr__ = environment.load_on_use(__name__, _PLACES)


def __dir__() -> list[str]:
    return sorted(__all__)
