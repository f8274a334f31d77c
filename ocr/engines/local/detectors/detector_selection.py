"""Which detector finds lines: `--set options.detector=full|fitted|fast|FILE|RUN`.

This module loads no network and imports nothing heavy: the command line uses it.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ocr.core.errors import DependencyError, UsageError
from ocr.engines.local.recognizers.selection import digest_of, weights_folder

LETTER = 14.0
"""Pixels: the median height of letters (mostly lower case) that the fitted detector is shown. At 12 gazette and book
pages and composed photocopies read as at full size; small newspaper pieces read worse."""
SHOWN = 18.0
"""Pixels: the same for the fast detector."""
FAST_VERSION = 4
"""Raised whenever the fast detector is shown a page, or strips are made of its map, in another way."""
SHIPPED_DETECTOR = "detector-fast.onnx"
RUN_FILE = "detector.onnx"
"""What a training run calls its weights."""
NAMES = ("full", "fitted", "fast")


@dataclass(frozen=True, slots=True)
class DetectorChoice:
    """PP-OCR's detector at the page's size ("full") or at the size of its letters ("fitted"), or a fast one."""

    name: str = "full"
    file: str = ""
    """ONNX file of a fast detector; "" for PP-OCR's."""

    @property
    def fingerprint(self) -> str:
        """What goes into the engine's fingerprint: "" for the default, as before there was a choice."""
        if self.file:
            return f"detector={digest_of(Path(self.file))}at{SHOWN:g}v{FAST_VERSION}"
        return f"detector=fitted{LETTER:g}" if self.name == "fitted" else ""

    def to_text(self) -> str:
        """Return the choice as JSON, for a worker process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "DetectorChoice":
        """Read what `to_text` wrote."""
        return cls(**json.loads(text))


def choose_detector(option: str) -> DetectorChoice:
    """Return the detector that `option` names: a name, an ONNX file, or the folder of a training run.

    Raises `UsageError` for what leads nowhere and `DependencyError` where the shipped file is missing.
    """
    if option in ("full", "fitted"):
        return DetectorChoice(option)
    if option == "fast":
        file = weights_folder() / SHIPPED_DETECTOR
        if not file.is_file():
            raise DependencyError(
                "the weights of the fast detector are not in this installation",
                hint="pip install --force-reinstall lusocr, or --set options.detector=full",
            )
        return DetectorChoice(option, str(file))
    path = Path(option)
    file = path / RUN_FILE if path.is_dir() else path
    if not file.is_file():
        raise UsageError(
            f"options.detector: {option} is not a detector", hint=f"{', '.join(NAMES)}, an ONNX file or runs/NAME"
        )
    return DetectorChoice("fast", str(file.resolve()))
