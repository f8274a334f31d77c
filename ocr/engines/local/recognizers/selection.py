"""Which recognizer reads lines: `--set options.recognizer=stock|pt|fast|cascade|FILE|RUN`.

This module loads no network and imports nothing heavy: the command line uses it. `load_recognizer` loads what it chose.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

from ocr.core.errors import DependencyError, UsageError

SHIPPED = {"pt": "recognizer-pt.onnx", "fast": "recognizer-fast.onnx"}
"""Name -> file in the package folder `weights`."""
NAMES = ("stock", "pt", "fast", "cascade")
RUN_FILE = "recognizer.onnx"
"""What a training run calls its weights."""
THRESHOLD = 0.005
"""Expected character error rate of a line above which the cascade reads it again; chosen by a cost curve."""


@dataclass(frozen=True, slots=True)
class RecognizerChoice:
    """The files of a recognizer. The default is the stock one."""

    name: str = "stock"
    large: str = ""
    """ONNX file of a PP-OCR network; "" is the stock file."""
    fast: str = ""
    """ONNX file of a fast network; "" for none. With `cascade` both read."""
    cascade: bool = False
    threshold: float = THRESHOLD

    @property
    def fingerprint(self) -> str:
        """What goes into the engine's fingerprint: "" for the stock recognizer, as before there was a choice."""
        if not (self.large or self.fast):
            return ""
        digests = [digest_of(Path(file)) if file else "stock" for file in self._files()]
        threshold = f" threshold={self.threshold:g}" if self.cascade else ""
        return f"recognizer={'+'.join(digests)}{threshold}"

    def _files(self) -> tuple[str, ...]:
        if self.cascade:
            return (self.fast, self.large)
        return (self.fast or self.large,)

    def to_text(self) -> str:
        """Return the choice as JSON, for a worker process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "RecognizerChoice":
        """Read what `to_text` wrote."""
        return cls(**json.loads(text))


def choose_recognizer(option: str, threshold: float | None = None) -> RecognizerChoice:
    """Return the files that `option` names: a name, an ONNX file, or the folder of a training run.

    `threshold` replaces `THRESHOLD`. Raises `UsageError` for what leads nowhere and `DependencyError` where a shipped
    file is missing.
    """
    limit = THRESHOLD if threshold is None else threshold
    if option == "stock":
        return RecognizerChoice()
    if option == "cascade":
        large = shipped_file("pt")
        return RecognizerChoice(option, str(large) if large else "", str(needed_file("fast")), True, limit)
    if option in SHIPPED:
        return _of_file(option, needed_file(option))
    path = Path(option)
    file = path / RUN_FILE if path.is_dir() else path
    if not file.is_file():
        raise UsageError(
            f"options.recognizer: {option} is not a recognizer", hint=f"{', '.join(NAMES)}, an ONNX file or runs/NAME"
        )
    return _of_file(option, file.resolve())


def _of_file(name: str, file: Path) -> RecognizerChoice:
    # The kind stands in the file's metadata, which ONNX keeps as plain text at its end.
    fast = b"lusocr-fast" in file.read_bytes()
    return RecognizerChoice(name, fast=str(file)) if fast else RecognizerChoice(name, large=str(file))


def shipped_file(name: str) -> Path | None:
    """Return the shipped weights called `name`, or None where this installation has none."""
    file = weights_folder() / SHIPPED[name]
    return file if file.is_file() else None


def weights_folder() -> Path:
    """Return the folder of shipped weights."""
    return Path(str(files("ocr"))) / "engines" / "local" / "weights"


def needed_file(name: str) -> Path:
    """Return the shipped weights called `name`. Raises `DependencyError` where they are missing."""
    file = shipped_file(name)
    if file is None:
        raise DependencyError(
            f"the weights of the recognizer {name} are not in this installation",
            hint="pip install --force-reinstall lusocr, or --set options.recognizer=stock",
        )
    return file


def digest_of(file: Path) -> str:
    """Return the first 12 hexadecimal digits of the file's SHA-256."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]
