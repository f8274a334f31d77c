"""Verify an output folder: every page has a status, and every output file matches the ledger."""

import glob
import hashlib
import platform
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from ocr.core.document import LOST, EngineIdentity, Source
from ocr.core.environment import VERSION
from ocr.core.errors import ExitCode, OutputError
from ocr.core.files import hash_file
from ocr.engines.base import ENGINES
from ocr.formats.writers import FORMATS
from ocr.rendering.discovery import shown
from ocr.storage.ledger import Entry, Ledger, Output
from ocr.storage.output_dir import LEDGER, OutputDirectory, documents_in, held, output_path
from ocr.storage.summary import Summary, summarize


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check of an output folder; every finding is a line that names the file."""

    summary: Summary
    """Counts of all files and pages of the folder."""
    outputs: int = 0
    """Number of output files that match the ledger byte for byte."""
    wrong_outputs: list[str] = field(default_factory=list)
    """Output files that are missing, out of date, or were changed."""
    lost: list[str] = field(default_factory=list)
    """Pages and files without text: not opened, failed, unreadable or refused."""
    unread: list[str] = field(default_factory=list)
    """Files with pages that were not read yet."""
    corrected: list[str] = field(default_factory=list)
    """Output files that a person corrected and `ocr accept` recorded."""
    advice: str = ""
    """The command to run next, where anything is wrong."""

    @property
    def exit_code(self) -> ExitCode:
        """0; 8 where output files are wrong; 9 where pages are not read yet; 3 where pages are lost."""
        if self.wrong_outputs:
            return ExitCode.OUTPUT
        if self.unread:
            return ExitCode.PAGES_UNREAD
        return ExitCode.PAGES_FAILED if self.lost else ExitCode.OK


def verify(folder: OutputDirectory) -> Report:
    """Check a folder that is locked by this process. Reads every page and every output file once."""
    ledger = folder.ledger
    wrong = [f"the ledger itself: {problem}" for problem in ledger.check()]
    lost: list[str] = []
    incomplete: list[str] = []
    right = 0
    forms = [form for form in ledger.recall("formats").split(",") if form]
    for source in ledger.files():
        unread = _unread(folder, source)
        if unread:
            some = f"{len(unread):,} of {source.pages:,} pages"
            incomplete.append(f"{shown(source.path)}: {some} not read yet: --pages {_ranges(unread)}")
        lost += _lost(folder, source)
        expected = [output_path(source.path, form) for form in forms if folder.has_output(source, form) and not unread]
        wrong += [f"{shown(path)}: not written yet" for path in expected if ledger.output(path) is None]
    sources = {source.path: source for source in ledger.files()}
    for path, form, problem in _compared(folder, sources):
        if problem:
            wrong.append(f"{shown(path)}: {problem}")
            forms += [form] if form not in forms else []
        else:
            right += 1
    advice = ""
    if wrong or lost or incomplete:
        inputs = ledger.recall("inputs") or "SCANS"
        advice = f"ocr extract {inputs} --out {','.join(forms) or 'json'} --to {shlex.quote(str(folder.root))}"
    corrected = [
        correction.path
        for correction in folder.corrections
        if correction.source in sources and sources[correction.source].sha256 == correction.scan
    ]
    return Report(summarize(ledger), right, wrong, lost, incomplete, corrected, advice)


def _unread(folder: OutputDirectory, source: Source) -> list[int]:
    """Return the numbers of the pages without a status."""
    states = folder.ledger.states(source.sha256)
    return [number for number in range(1, source.pages + 1) if number not in states]


def _lost(folder: OutputDirectory, source: Source) -> Iterator[str]:
    """Yield a line for the file if it could not be opened, else for each page without text."""
    if source.reason:
        yield f"{shown(source.path)}: could not be opened: {source.reason}"
    elif any(status in LOST for status in folder.ledger.states(source.sha256).values()):
        for page in folder.ledger.pages(source.sha256):
            if page.status in LOST:
                yield f"{shown(source.path)}: page {page.number}: {page.status}: {page.reason}"


def _compared(folder: OutputDirectory, sources: dict[str, Source]) -> Iterator[tuple[str, str, str]]:
    """Yield (path, format, what is wrong or "") for every output file; see `_compare`."""
    for output in folder.ledger.outputs():
        source = sources.get(output.source)
        if source is None:
            yield output.path, output.format, "belongs to a file that the ledger no longer has"
        elif FORMATS[output.format].from_scan is not None:
            yield output.path, output.format, _compare_with_record(folder, source, output)
        elif FORMATS[output.format].parts is None:
            yield output.path, output.format, _compare(folder, output.path, folder.render(source, output.format))
        elif not output.sha256:  # the record of the format; its files have their own
            yield from ((path, output.format, problem) for path, problem in _compared_parts(folder, source, output))


def _compared_parts(folder: OutputDirectory, source: Source, mark: Output) -> Iterator[tuple[str, str]]:
    """Yield (path, what is wrong or "") for the files of a format of several files."""
    surplus = {part.path for part in folder.outputs(source, mark.format)}
    for label, content in folder.render_parts(source, mark.format):
        path = output_path(source.path, mark.format, label)
        surplus.discard(path)
        yield path, _compare(folder, path, [content])
    yield from ((path, "is out of date") for path in sorted(surplus))


def _compare_with_record(folder: OutputDirectory, source: Source, output: Output) -> str:
    """Return what is wrong with an output file that shows its scan; the scan may be gone, so it is not made again."""
    problem = _differs(folder, output.path, folder.ledger.output(output.path), output.sha256)
    return problem or ("" if folder.is_current(source, output.format) else "is out of date")


def _compare(folder: OutputDirectory, path: str, pieces: Iterable[bytes]) -> str:
    """Return what is wrong with an output file; "" where it matches the ledger byte for byte."""
    wanted = hashlib.sha256()
    for piece in pieces:
        wanted.update(piece)
    return _differs(folder, path, folder.ledger.output(path), wanted.hexdigest())


def _differs(folder: OutputDirectory, path: str, output: Output | None, wanted: str) -> str:
    """Return how the content of a file differs from the `wanted` digest; "" where it does not."""
    try:
        found = hash_file(folder.root / path)
    except FileNotFoundError:
        return "is missing"
    except OSError as cause:
        return f"cannot be read: {cause.strerror}"
    if found == wanted:
        return ""
    if output is not None and found in (output.sha256, output.previous):
        return "is out of date"
    return "was changed since lusocr wrote it; ocr accept keeps it, or move it away and run ocr extract again"


def _ranges(numbers: list[int]) -> str:
    """Return sorted numbers as `--pages` takes them, such as 1-3,7."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def rebuild(root: Path) -> int:
    """Rename the ledger to `ledger.damaged-1` (2, 3 ...) and make a new one; return its number of files.

    Raises `OutputError` when the folder is no output folder or in use, or has no JSON output to make a ledger from.
    """
    with held(root) as private:
        if not any(documents_in(root)):
            raise OutputError(
                f"{root} has no JSON output of lusocr: a ledger cannot be made from other formats",
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
    engines: Counter[EngineIdentity] = Counter()
    forms = set()
    for document in documents_in(root):
        ledger.begin(document.engine, version=VERSION, host=platform.node())
        engines[document.engine] += len(document.pages)
        ledger.add_file(document.source)
        for page in document.pages:
            ledger.record(document.source.sha256, Entry(page))
        for form in FORMATS:
            outputs = list(_present(root, document.source, form))
            forms |= {form} if outputs else set()
            for output in outputs:
                ledger.claim(output)
    for engine, _ in engines.most_common(1):
        ledger.begin(engine, version=VERSION, host=platform.node())
        ledger.adopt()
        if engine.name in ENGINES:
            ledger.remember("engine typed", engine.name)
    ledger.remember("formats", ",".join(form for form in FORMATS if form in forms))
    return sum(1 for _ in ledger.files())


def _present(root: Path, source: Source, form: str) -> Iterator[Output]:
    """Yield records of the output files of a format that are in the folder."""
    path = output_path(source.path, form)
    if FORMATS[form].parts is None:
        if (root / path).is_file():
            yield Output(path, source.path, form, hash_file(root / path))
        return
    folder, suffix = (root / path).parent, FORMATS[form].suffix
    stem = Path(path).name.removesuffix(suffix)
    found = [file for file in folder.glob(f"{glob.escape(stem)}.page-*{suffix}") if file.is_file()]
    if found:
        yield Output(path, source.path, form, "")
    for file in found:
        yield Output(file.relative_to(root).as_posix(), source.path, form, hash_file(file))
