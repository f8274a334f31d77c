"""`ocr.Reader`: read single scans with an engine that stays open, from any thread or event loop."""

import asyncio
import os
import platform
import tempfile
import threading
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

from ocr.core.document import Document, Source
from ocr.core.environment import VERSION
from ocr.core.errors import EngineError, ScanError, UsageError
from ocr.core.settings import check, load, nested
from ocr.models import catalog
from ocr.models.weights import find_weights
from ocr.pipeline.engine_selection import choose_engine
from ocr.pipeline.extract import most_severe
from ocr.pipeline.options import ExtractSettings, Job, Selection, parse_selection
from ocr.pipeline.progress import Logged
from ocr.pipeline.scheduler import Scheduler
from ocr.pipeline.session import EngineSession
from ocr.rendering.discovery import discover, is_pattern, shown
from ocr.rendering.passwords import make_passwords
from ocr.storage.ledger import Ledger

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    ScanSource: TypeAlias = str | os.PathLike[str] | bytes | Image | NDArray[np.uint8] | NDArray[np.bool_]

Value = TypeVar("Value")
SettingsLike: TypeAlias = ExtractSettings | Mapping[str, Any] | str | os.PathLike[str]
"""Settings, a mapping of settings (`{"render.dpi": 300}`, or tables in tables), or the path of a TOML file."""
PasswordLike: TypeAlias = str | Iterable[str] | Mapping[str, str]
"""One password, several to try in order, or a mapping of glob patterns of file names to passwords."""
Pages: TypeAlias = str | int | Iterable[int]
"""Page numbers from 1: "1,3-5,9-" as for `--pages`, one number, or several."""

_PNG_MODES = frozenset({"1", "L", "LA", "I;16", "P", "RGB", "RGBA"})
_TIFF_MODES = frozenset({"CMYK", "F", "I", "I;16B", "LAB", "YCbCr"})


class Reader:
    """Reads scans with one engine, which starts at the first page and stays open until `close`.

    Use it as `with ocr.Reader() as reader:` or `async with`, and call `extract` as often as needed: the engine starts
    once, not once a call. Calls may come from several threads at once; their pages are read side by side. The engine
    runs on a thread of its own, so that calls also work where an event loop is running.
    """

    def __init__(
        self, *, engine: str | None = None, model: str | None = None, settings: SettingsLike | None = None
    ) -> None:
        """Choose the engine as `ocr extract` does; nothing heavy is loaded yet.

        Raises `UsageError` for an engine, model or setting that does not exist, and for weights that are not on this
        machine.
        """
        self._settings = read_settings(engine=engine, model=model, settings=settings)
        check_weights(self._settings)
        with closing(Ledger(None)) as ledger:
            self._session = EngineSession(choose_engine(self._settings, ledger), self._settings)
        self._starting = threading.Lock()
        self._thread: _LoopThread | None = None
        self._opened: asyncio.Future[None] | None = None
        self._closed = False

    def extract(
        self, scan: "ScanSource", *, password: PasswordLike | None = None, pages: Pages | None = None
    ) -> Document:
        """Read one scan; see `ocr.extract`. Raises `UsageError` after `close`."""
        future = self._submit(self._read(scan, password, pages))
        try:
            return wait_for(future)
        except BaseException:
            future.cancel()
            raise

    async def aextract(
        self, scan: "ScanSource", *, password: PasswordLike | None = None, pages: Pages | None = None
    ) -> Document:
        """Read one scan without blocking the running event loop. Cancelling the await stops the read."""
        return await asyncio.wrap_future(self._submit(self._read(scan, password, pages)))

    def close(self) -> None:
        """Stop the engine and wait until it is gone; safe to call twice. Calls in progress are cancelled."""
        with self._starting:
            self._closed = True
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop(self._session.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.close)

    def _submit(self, work: Coroutine[Any, Any, Value]) -> Future[Value]:
        with self._starting:
            if self._closed:
                work.close()
                raise UsageError("the reader is closed", hint="make a new ocr.Reader, and read inside its with block")
            if self._thread is None:
                self._thread = _LoopThread()
            return self._thread.submit(work)

    async def _read(self, scan: "ScanSource", password: PasswordLike | None, pages: Pages | None) -> Document:
        selection = read_pages(pages)
        with ExitStack() as stack:
            path = await asyncio.to_thread(stack.enter_context, scan_file(scan))
            await self._open()
            job = Job((path,), self._settings, selection, make_passwords(password))
            with closing(Ledger(None)) as ledger:
                return await self._run(job, ledger)

    async def _open(self) -> None:
        """Start the renderer, once for all calls."""
        if self._opened is None or (self._opened.done() and (self._opened.cancelled() or self._opened.exception())):
            self._opened = asyncio.ensure_future(self._enter())
        await asyncio.shield(self._opened)

    async def _enter(self) -> None:
        await self._session.__aenter__()

    async def _run(self, job: Job, ledger: Ledger) -> Document:
        ledger.begin(self._session.chosen.identity, version=VERSION, host=platform.node())
        progress = Logged()
        scheduler = Scheduler(job, self._session, ledger, _NoSink(), progress)
        try:
            await scheduler.run(discover(job.inputs))
        except (BaseExceptionGroup, EngineError) as failure:
            worst = most_severe([failure])
            if isinstance(worst, EngineError):
                await self._session.unload()
            raise worst from failure
        if scheduler.unopened:
            raise scheduler.unopened[0]
        (source,) = ledger.files()
        return Document(source, self._session.chosen.identity, tuple(ledger.pages(source.sha256)))


class _NoSink:
    """A `Sink` that writes nothing: the pages are taken from the ledger."""

    async def admit(self, source: Source) -> None:
        """Accept every file."""

    async def page_saved(self, source: Source) -> None:
        """Write nothing."""

    async def complete(self, source: Source) -> None:
        """Write nothing."""


class _LoopThread:
    """A thread that runs an event loop until `stop`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ocr.Reader", daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, Value]) -> Future[Value]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def stop(self, last: Coroutine[Any, Any, None]) -> None:
        """Cancel what is running, then run `last` and end the thread."""
        try:
            self.submit(self._finish(last)).result()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _finish(self, last: Coroutine[Any, Any, None]) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await last
        await self._loop.shutdown_default_executor()


def wait_for(future: Future[Value]) -> Value:
    """Return the result of a future. Ctrl-C is noticed within half a second, whichever thread the signal reaches."""
    while not future.done():
        wait([future], timeout=0.5)
    return future.result()


def read_settings(
    *, engine: str | None = None, model: str | None = None, settings: SettingsLike | None = None
) -> ExtractSettings:
    """Return the settings of a call; `engine` and `model` win over `settings`. Raises `UsageError`."""
    start, file = None, None
    if isinstance(settings, ExtractSettings):
        start = settings
    elif isinstance(settings, Mapping):
        start = check(ExtractSettings, nested(settings), where="settings")
    elif settings is not None:
        file = Path(settings)
    flags = {"engine": engine or ("vllm" if model else None), "options.model": model}
    return load(ExtractSettings, file=file, assignments=[], flags=flags, start=start)


def check_weights(settings: ExtractSettings) -> None:
    """Raise `UsageError` where the model's weights are not on this machine: a library does not download gigabytes."""
    if settings.engine not in ("vllm", "transformers"):
        return
    name = str(settings.options.get("model", "")) or catalog.default_name()
    if find_weights(catalog.resolve(name)) is None:
        raise UsageError(
            f"the weights of {name} are not on this machine",
            hint=f"ocr extract SCAN --model {name} --yes downloads them; or give their folder as model=",
        )


def read_pages(pages: Pages | None) -> Selection:
    """Return the pages selected. Raises `UsageError` for what is no page number."""
    if pages is None or isinstance(pages, str):
        return parse_selection(pages or "")
    numbers = [pages] if isinstance(pages, int) else list(pages)
    wrong = [number for number in numbers if not isinstance(number, int) or number < 1]
    if wrong or not numbers:
        raise UsageError(
            f"pages={pages!r}: page numbers are whole numbers from 1", hint='pages=[1, 3], or pages="1,3-5,9-"'
        )
    return Selection(tuple((number, number) for number in numbers))


@contextmanager
def scan_file(scan: "ScanSource") -> Iterator[str]:
    """Yield the path of the file to read; bytes and images lie in a private temporary file until the block ends.

    Raises `UsageError` for a folder, a pattern, and for what is none of these.
    """
    if isinstance(scan, (str, os.PathLike)):
        yield _path(scan)
        return
    with tempfile.TemporaryDirectory(prefix="lusocr-") as folder:
        if isinstance(scan, bytes):
            file = Path(folder, "scan")
            file.write_bytes(scan)
            yield from _named(str(file), f"the {len(scan):,} bytes")
        else:
            yield _save(_as_image(scan), Path(folder, "image"))


def _named(file: str, name: str) -> Iterator[str]:
    """Yield the file; what cannot be read about it is said of `name`, because nobody else knows the file."""
    try:
        yield file
    except ScanError as failure:
        failure.message = failure.message.replace(file, name, 1)
        failure.args = (failure.message,)
        raise


def _save(image: "Image", path: Path) -> str:
    """Write an image without loss; resolution, transparency and EXIF orientation are kept."""
    known: dict[str, Any] = {key: image.info[key] for key in ("dpi", "transparency") if key in image.info}
    try:
        if image.mode in _PNG_MODES:
            path = path.with_suffix(".png")
            image.save(path, exif=image.getexif(), compress_level=1, **known)
        else:
            path = path.with_suffix(".tiff")
            plain = image if image.mode in _TIFF_MODES else image.convert("RGBA")
            plain.save(path, exif=image.getexif(), **known)
    except (OSError, ValueError, SyntaxError) as cause:
        raise ScanError(f"the image cannot be read: {cause}", hint="give the path of its file instead") from cause
    return str(path)


def _path(scan: str | os.PathLike[str]) -> str:
    path = os.fsdecode(scan)
    if not path.strip():
        raise UsageError("the path is empty", hint="give the path of a scan")
    if Path(path).is_dir():
        raise UsageError(
            f"{shown(path)} is a folder", hint="ocr.extract_all(folder, out) reads folders; ocr.extract reads one file"
        )
    if is_pattern(path):
        raise UsageError(
            f"{shown(path)} is a pattern", hint="ocr.extract_all(pattern, out) reads many files; ocr.extract reads one"
        )
    return path if path != "-" else f".{os.sep}-"


def _as_image(scan: Any) -> "Image":
    """Return a Pillow image of an image or array."""
    import numpy
    from PIL import Image

    if isinstance(scan, Image.Image):
        return scan
    if not isinstance(scan, numpy.ndarray):
        raise UsageError(
            f"cannot read a {type(scan).__name__}",
            hint="give a path, the bytes of a file, a Pillow image or an array of uint8 pixels",
        )
    pixels = scan.astype(numpy.uint8) * 255 if scan.dtype == bool else scan
    channels = pixels.shape[2:] or (1,)
    if pixels.dtype != numpy.uint8 or pixels.ndim not in (2, 3) or channels[0] not in (1, 3, 4) or not pixels.size:
        raise UsageError(
            f"cannot read an array of shape {scan.shape} and type {scan.dtype}",
            hint="give uint8 pixels of shape (height, width) or (height, width, 3), RGB",
        )
    return Image.fromarray(pixels[:, :, 0] if channels == (1,) and pixels.ndim == 3 else pixels)
