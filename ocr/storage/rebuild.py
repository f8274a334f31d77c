"""A new ledger in place of a damaged one, made of the JSON outputs that stand in the folder.

The pages are whole, so nothing is read again; what only the ledger knew (raw readings, seconds, attempts) is gone.
"""

import hashlib
import platform
from collections import Counter
from contextlib import closing
from pathlib import Path

import ocr
from ocr.core.document import Reader
from ocr.core.errors import OutputError
from ocr.engines.base import ENGINES
from ocr.storage.ledger import Entry, Ledger, Output
from ocr.storage.output_dir import LEDGER, held, output_path, standing_documents
from ocr.storage.writers import WRITERS


def rebuild(root: Path) -> int:
    """Put the old ledger aside as `ledger.damaged-1` (2, 3 ...) and make a new one; answers how many files it knows.

    Raises `OutputError` when the folder is not ours or in use, or where no JSON output stands to make a ledger of.
    """
    with held(root) as private:
        if not any(standing_documents(root)):
            raise OutputError(
                f"no JSON output of lusocr stands in {root}: other formats do not hold what a ledger needs",
                hint="read the scans again into another folder with ocr extract --to DIR",
            )
        number = 1 + len(list(private.glob("ledger.damaged-*[0-9]")))
        for suffix in ("", "-wal", "-shm", "-journal"):
            part = private / f"{LEDGER}{suffix}"
            if part.exists():
                part.replace(private / f"ledger.damaged-{number}{suffix}")
        with closing(Ledger(private / LEDGER)) as ledger:
            return _fill(ledger, root)


def _fill(ledger: Ledger, root: Path) -> int:
    readers: Counter[Reader] = Counter()
    forms = set()
    for document in standing_documents(root):
        ledger.begin(document.engine, version=ocr.__version__, host=platform.node())
        readers[document.engine] += len(document.pages)
        ledger.add_file(document.source)
        for page in document.pages:
            ledger.record(document.source.sha256, Entry(page))
        for form in WRITERS:
            path = output_path(document.source.path, form)
            if (root / path).is_file():
                forms.add(form)
                digest = hashlib.sha256((root / path).read_bytes()).hexdigest()
                ledger.claim(Output(path, document.source.path, form, digest))
    for reader, _ in readers.most_common(1):
        ledger.begin(reader, version=ocr.__version__, host=platform.node())
        ledger.adopt()
        if reader.name in ENGINES:
            ledger.remember("engine typed", reader.name)
    ledger.remember("formats", ",".join(form for form in WRITERS if form in forms))
    return sum(1 for _ in ledger.files())
