"""The functions of `import ocr`. They read as the command does, print nothing, and may be called from any thread."""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ocr.core.document import Document
from ocr.core.errors import UsageError
from ocr.core.settings import load as load_settings
from ocr.formats.json_schema import document_from_json
from ocr.pipeline.extract import extract_to_folder
from ocr.pipeline.options import ExtractSettings, Job, PageResult
from ocr.pipeline.progress import Logged
from ocr.reader import Pages, PasswordLike, Reader, SettingsLike, check_weights, read_pages, read_settings, wait_for
from ocr.rendering.discovery import shown
from ocr.rendering.passwords import make_passwords
from ocr.repetition import detector
from ocr.repetition.evidence import Repetition
from ocr.storage.acceptance import accept as accept_files
from ocr.storage.output_dir import open_folder
from ocr.storage.summary import Summary
from ocr.storage.verify import Report
from ocr.storage.verify import verify as verify_folder
from ocr.text import identifiers
from ocr.text.identifiers import Identifier

if TYPE_CHECKING:
    from ocr.reader import ScanSource

AnyPath: TypeAlias = str | os.PathLike[str]


def extract(
    scan: "ScanSource",
    *,
    engine: str | None = None,
    model: str | None = None,
    settings: SettingsLike | None = None,
    password: PasswordLike | None = None,
    pages: Pages | None = None,
) -> Document:
    """Read one scan and return its document.

    `scan` is the path of a file, the bytes of one, a Pillow image (its current frame), or an array of shape (height,
    width), (height, width, 3) in RGB or (height, width, 4) in RGBA: uint8, or bool where True is white. `engine`,
    `model` and `settings` are those of `ocr extract`; `settings` is a mapping, such as `{"render.dpi": 300}`, an
    `ocr.Settings`, or the path of a TOML file. `password` is one password, several to try, or a mapping of glob
    patterns to passwords. `pages` selects pages; the others have the status "skipped".

    Every call starts an engine and closes it. To read many scans, use `ocr.Reader`, or `ocr.extract_all` for a folder.
    A page that cannot be read is part of the document, with its status and reason. Works where an event loop is
    running, but blocks it: there use `await ocr.aextract(...)`.

    Raises `ScanError` where the file cannot be opened, `UsageError` for a folder or a setting that does not exist,
    `EngineError` or `DependencyError` where the engine does not start.

    >>> document = extract("samples/letter.jpg", engine="ocr.engines.fake:create")
    >>> [(page.number, page.status) for page in document.pages]
    [(1, 'ok')]
    >>> extract("no-such-file.pdf", engine="ocr.engines.fake:create")
    Traceback (most recent call last):
    ...
    ocr.core.errors.ScanError: no-such-file.pdf: does not exist
    """
    with Reader(engine=engine, model=model, settings=settings) as reader:
        return reader.extract(scan, password=password, pages=pages)


async def aextract(
    scan: "ScanSource",
    *,
    engine: str | None = None,
    model: str | None = None,
    settings: SettingsLike | None = None,
    password: PasswordLike | None = None,
    pages: Pages | None = None,
) -> Document:
    """Read one scan without blocking the running event loop; otherwise as `extract`. Cancelling it stops the read."""
    async with Reader(engine=engine, model=model, settings=settings) as reader:
        return await reader.aextract(scan, password=password, pages=pages)


def extract_all(
    inputs: AnyPath | Iterable[AnyPath],
    out: AnyPath,
    *,
    formats: str | Sequence[str] | None = None,
    engine: str | None = None,
    model: str | None = None,
    settings: SettingsLike | None = None,
    password: PasswordLike | None = None,
    pages: Pages | None = None,
    on_page: Callable[[PageResult], object] | None = None,
) -> Summary:
    """Read folders, files and glob patterns into the output folder `out`, as `ocr extract` does.

    Pages that an earlier call or command has read are not read again. `formats` are those of `--out`; default:
    json, or those of `settings`. `on_page` is called with an `ocr.PageResult` for each page that this call reads, once
    it is saved, on the thread that reads: keep it short. An exception that it raises ends the run and is raised here.
    Ctrl-C stops the run; finished pages are kept.

    Returns the sums of this run. Files and pages that could not be read are counted there and named by `ocr.verify`.
    Raises `UsageError` where there is no scan, `OutputError` where the folder cannot be written or is in use, and
    `EngineError` or `DependencyError` where the engine does not start.
    """
    chosen = read_settings(engine=engine, model=model, settings=settings)
    if formats is not None:
        wanted = formats if isinstance(formats, str) else list(formats)
        chosen = load_settings(ExtractSettings, file=None, assignments=[], flags={"out": wanted}, start=chosen)
    check_weights(chosen)
    entries = [inputs] if isinstance(inputs, (str, os.PathLike)) else list(inputs)
    names = tuple(f".{os.sep}-" if os.fsdecode(entry) == "-" else os.fsdecode(entry) for entry in entries)
    job = Job(names, chosen, read_pages(pages), make_passwords(password), on_page=on_page)
    # A thread of its own: no signal handler is installed, and an event loop may be running in this one.
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="ocr.extract_all") as threads:
        run = threads.submit(extract_to_folder, job, Path(out), Logged())
        try:
            return wait_for(run)
        except BaseException:
            job.stopper.stop()
            raise


def load(path: AnyPath) -> Document:
    """Return the document in a `.json` or `.jsonl` file that `ocr extract` or `ocr.extract_all` wrote.

    Raises `UsageError` where the file cannot be read, is no such document, or holds more than one.
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        reason = getattr(cause, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"{shown(file)}: cannot be read: {reason}", hint="check the path") from cause
    try:
        return document_from_json(_from_lines(text) if file.suffix == ".jsonl" else json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as cause:
        raise UsageError(
            f"{shown(file)}: holds no document of lusocr", hint="give a .json or .jsonl file that ocr extract wrote"
        ) from cause


def _from_lines(text: str) -> dict[str, object]:
    """Return the JSON values of the one document whose pages the lines hold."""
    rows = [json.loads(line) for line in text.split("\n") if line.strip()]
    heads = [{key: value for key, value in row.items() if key != "page"} for row in rows]
    if not heads or any(head != heads[0] for head in heads):
        raise ValueError("the lines do not belong to one document")
    return {**heads[0], "pages": [row["page"] for row in rows if "page" in row]}


def verify(folder: AnyPath) -> Report:
    """Check that every page of an output folder has a status and that no output file was changed.

    Returns what `ocr verify` prints: `lost`, `wrong_outputs`, `summary`, `advice` and `exit_code`. Raises
    `OutputError` where the folder is not an output folder, is in use, or its ledger is damaged.
    """
    with open_folder(Path(folder)) as held:
        return verify_folder(held)


def accept(folder: AnyPath, files: Iterable[AnyPath] = ()) -> list[str]:
    """Record output files that a person corrected, all changed ones by default; return their names in the folder.

    `verify` counts a recorded file as right, no run overwrites it, and the other formats of its scan show the corrected
    text where it is a JSON file. Raises `UsageError` for a file that is no output, is unchanged, or is invalid.
    """
    with open_folder(Path(folder)) as held:
        return accept_files(held, [Path(file) for file in files])


def find_repetition(text: str) -> Repetition | None:
    """Return the first repetition (degeneration) in a text that a model wrote, or None.

    `text[:repetition.start]` is the good part, with the first period. The method and its source:
    docs/concepts/repetition.md.

    >>> find_repetition("O réu interpôs apelação à sentença que julgou procedente o pedido.") is None
    True
    >>> find_repetition("O réu interpôs apelação. " + "e assim por diante " * 200).kind
    'exact'
    """
    return detector.find(text)


def find_identifiers(text: str) -> tuple[Identifier, ...]:
    """Return the CPF, CNPJ and CNJ process numbers, dates and amounts of money in a text, in order.

    `valid` tells whether the check digits agree, or the day exists.

    >>> [(found.kind, found.value, found.valid) for found in find_identifiers("CPF 529.982.247-26, em 12/06/2001")]
    [('cpf', '52998224726', False), ('date', '2001-06-12', True)]
    """
    return identifiers.find(text)
