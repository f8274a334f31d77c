"""The two PP-OCRv6 networks of the rapidocr wheel, run on one thread: find lines of text, and read one.

They are driven directly: rapidocr's own loop halves large pages, merges columns, and spends a fifth of its time on
copies. Two things are done to the recognizer's network, both of which leave its arithmetic as it is:

- Its alphabet of 18,709 characters is cut to those that Portuguese print can hold (`in_alphabet`). A soft-max over
  fewer characters ranks the rest as before; a dash can no longer come out as the Chinese digit one, and the last
  layer, a fifth of all time on long lines, all but vanishes.
- Widths come in steps (`WIDTH_STEP`), because each new width costs OpenVINO 20-100 ms of preparation.

Worker side only: this module imports numpy and OpenCV at the top.
"""

import ctypes
import mmap
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.core.document import UNKNOWN_LETTER
from ocr.core.environment import load
from ocr.core.errors import EngineError
from ocr.engines.local.detectors.detector_selection import LETTER
from ocr.engines.local.detectors.stock_models import DETECTOR, RECOGNIZER, model_file
from ocr.engines.local.recognizers.selection import weights_folder
from ocr.engines.local.skew import Gray
from ocr.layout.columns import letter_height


class Network(Protocol):
    """A network that is loaded."""

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run it on a batch; the result may be overwritten by the next run."""

    def release(self) -> None:
        """Give back the memory of its last input's layers, where it holds any; the next input takes it again."""


HEIGHT = 48
"""Pixels: the recognizer reads lines of this height."""
STRIDE = 8
"""Pixels of width that one time step of the recognizer stands for."""
LEAST_FACTOR = 0.4
FITTED_FROM = 500_000
"""Pixels: smaller images are not worth reducing."""
STOCK_ALPHABET = 10_000
"""Classes from which on an alphabet is the stock one, which is mostly Chinese and is cut."""
MOST_HELD = 750_000_000
"""Bytes of a process from which memory goes back to the system after each tile and each page. Pages of 200 dpi stay
below it: each page that takes its memory anew pays a twentieth of its time in page faults."""
WIDTH_STEP = 64
LEAST_UNKNOWN, LEAST_REST = 1e-4, 1e-9
"""Probability of U+FFFD below which it changes nothing, and what is taken for 0."""
LEAST_WIDTH = 320
"""Pixels: shorter lines are padded to it. The stock network was trained on nothing narrower, and the tuned one reads
strokes of a pen as dashes there, and `ANEXO I` as `ANEXO |`."""


SURE_UPRIGHT = 0.8
"""A strip that is barely taller than wide and reads this surely as it stands is not turned: II turned is =."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the recognizer saw in one line: parallel tuples, one entry a character."""

    text: str
    confidences: tuple[float, ...]
    centers: tuple[float, ...]
    """Middle of each character along the line, as a share of its width."""
    unguessed: "Reading | None" = None
    """What was read before letters outside the alphabet became marks, where any did that may be letters of a hand."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a line was read from."""

    pixels: NDArray[np.uint8]
    """The crop, (48, W)."""
    steps: NDArray[np.float32]
    """The network's output, (time, classes), without U+FFFD: its probabilities are those that another letter has."""
    unknown: NDArray[np.float32]
    """(time,): odds of U+FFFD against the likeliest other class; 0 where the network has no such class."""


Check = Callable[[Reading, Evidence], Reading]


Characters = tuple[str, ...]
"""The characters of the classes of a network; class 0 is "no character"."""


class LineRecognizer(Protocol):
    """Reads lines of text, given as upright (H, W) crops of any size."""

    def read(self, lines: Sequence[Gray]) -> list[Reading]:
        """Read crops, in order."""

    def read_surest(self, groups: Sequence[Sequence[Gray]]) -> list[tuple[int, Reading]]:
        """Read each group of crops, which show one line in several directions; return the surest and its place."""


def line_confidence(reading: Reading) -> float:
    """Return the mean confidence of a line's characters, 0 for a line without text."""
    return float(np.mean(reading.confidences)) if reading.text.strip() else 0.0


def unguessed(reading: Reading) -> Reading:
    """Return the reading without marks that may stand for letters of a hand."""
    return reading.unguessed or reading


def surest(readings: Sequence[Reading]) -> int:
    """Return the place of the surest reading of one line in several directions; the first of equally sure ones wins.

    The last of three is the level one, which wins where it is sure enough.
    """
    if len(readings) == 3 and line_confidence(readings[2]) >= SURE_UPRIGHT:
        return 2
    return max(range(len(readings)), key=lambda place: line_confidence(unguessed(readings[place])))


def in_alphabet(character: str) -> bool:
    """Whether print in Portuguese may hold this: Latin-1, old vowels, Greek, punctuation, mathematics, marks.

    The letters of Polish, Czech or Vietnamese are left out: on worn print the recognizer sees their hooks and bars.
    """
    if len(character) != 1:
        return False
    code = ord(character)
    return (
        code < 0x100
        or character in "ĨĩŨũŒœſ"
        or 0x370 <= code < 0x400
        or 0x2000 <= code < 0x2300
        or 0x25A0 <= code < 0x27C0
    )


def _openvino(file: Path, alphabet: bool) -> tuple[Network, Characters]:
    core, model = _read_openvino(file)
    characters = _cut_alphabet(load("openvino"), model) if alphabet else ()
    return _compile_openvino(core, model, file), characters


def _read_openvino(file: Path) -> tuple[Any, Any]:
    """Return OpenVINO's core and the model. Raises `EngineError` where the file does not load."""
    # OpenVINO's telemetry reports each import to its vendor from a forked process; without its package it has none.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    core = load("openvino").Core()
    try:
        return core, core.read_model(file)
    except RuntimeError as cause:
        raise _broken(file, cause) from cause


def _compile_openvino(core: Any, model: Any, file: Path) -> Network:
    # Pinning would put every worker's one thread on the same first core.
    settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False}
    try:
        return _OpenvinoNetwork(core.compile_model(model, "CPU", settings))
    except RuntimeError as cause:
        raise _broken(file, cause) from cause


class _OpenvinoNetwork:
    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self._request = compiled.create_infer_request()

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        self._request.infer([batch], share_inputs=True)
        output: NDArray[np.float32] = self._request.get_output_tensor(0).data
        return output

    def release(self) -> None:
        """See `Network`."""
        self._compiled.release_memory()


def _openvino_network(file: Path) -> tuple[Network, dict[str, str]]:
    core, model = _read_openvino(file)
    given = model.get_rt_info()
    facts: dict[str, Any] = given["framework"] if "framework" in given else {}  # noqa: SIM401 (it has no get)
    return _compile_openvino(core, model, file), {key: str(fact.value) for key, fact in facts.items()}


def _cut_alphabet(ov: Any, model: Any) -> Characters:
    """Narrow the last linear layer of the stock network to the alphabet."""
    characters = _classes(model.get_rt_info()["framework"]["character"].value)
    keep = _kept(characters)
    if len(keep) < len(characters):
        for node in [node for node in model.get_ordered_ops() if node.get_type_name() in ("MatMul", "Add")][-2:]:
            kept = np.ascontiguousarray(_values(node)[..., keep])
            node.input(1).replace_source_output(ov.opset13.constant(kept).output(0))
        model.validate_nodes_and_infer_types()
    return tuple(characters[place] for place in keep)


def _values(node: Any) -> NDArray[np.float32]:
    """Return the weights of a product or a sum, also where they are stored as half floats and cast."""
    source = node.input_value(1).get_node()
    while source.get_type_name() != "Constant":
        source = source.input_value(0).get_node()
    return np.asarray(source.data, np.float32)


def _classes(lines: str) -> list[str]:
    return ["", *lines.splitlines(), " "]


def _kept(characters: list[str]) -> list[int]:
    """The classes that are read: all of a network whose alphabet was chosen for Portuguese, a part of the stock one."""
    if len(characters) < STOCK_ALPHABET:
        return list(range(len(characters)))
    return [0, *(place for place, character in enumerate(characters) if in_alphabet(character))]


def _onnxruntime(file: Path, alphabet: bool) -> tuple[Network, Characters]:
    network, facts = _onnxruntime_network(file)
    if not alphabet:
        return network, ()
    characters = _classes(facts["character"])
    keep = _kept(characters)
    if len(keep) == len(characters):
        return network, tuple(characters)
    return _CutNetwork(network, keep), tuple(characters[place] for place in keep)


class _CutNetwork:
    """A network whose other classes are left out of its output."""

    def __init__(self, network: Network, keep: Sequence[int]) -> None:
        self._network = network
        self._keep = list(keep)

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        kept = self._network(batch)[..., self._keep]
        kept /= np.maximum(kept.sum(axis=-1, keepdims=True), 1e-9)
        return kept

    def release(self) -> None:
        """See `Network`."""
        self._network.release()


class _OnnxNetwork:
    def __init__(self, session: Any) -> None:
        self._session = session
        self._source = session.get_inputs()[0].name

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        output: NDArray[np.float32] = self._session.run(None, {self._source: batch})[0]
        return output

    def release(self) -> None:
        """Do nothing: its layers are freed after each run."""


@cache
def _share_memory() -> None:
    """Let the networks of this process take turns in one memory: no two of them run at once."""
    ort = load("onnxruntime")
    place = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    ort.create_and_register_allocator(place, None)


def _onnxruntime_network(file: Path) -> tuple[Network, dict[str, str]]:
    ort = load("onnxruntime")
    _share_memory()
    options = ort.SessionOptions()
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.enable_mem_pattern = False  # A pattern is kept for each size, and few sizes come twice.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Its exceptions have no common parent but Exception.
    faults = vars(load("onnxruntime.capi.onnxruntime_pybind11_state")).values()
    kinds = tuple(kind for kind in faults if isinstance(kind, type) and issubclass(kind, Exception))
    try:
        session = ort.InferenceSession(str(file), sess_options=options, providers=["CPUExecutionProvider"])
    except kinds as cause:
        raise _broken(file, cause) from cause
    return _OnnxNetwork(session), dict(session.get_modelmeta().custom_metadata_map)


def _broken(file: Path, cause: Exception) -> EngineError:
    if file.is_relative_to(model_file(DETECTOR).parent):
        hint = "pip install --force-reinstall 'rapidocr>=3.10,<3.11' openvino onnxruntime"
    elif file.is_relative_to(weights_folder()):
        hint = "pip install --force-reinstall lusocr openvino onnxruntime"
    else:
        hint = f"is {file} a whole ONNX file? Or leave out --set options.detector and options.recognizer"
    return EngineError(f"the model {file.name} does not load: {str(cause).splitlines()[0]}", hint=hint)


BACKENDS: dict[str, Callable[[Path, bool], tuple[Network, Characters]]] = {
    "openvino": _openvino,
    "onnxruntime": _onnxruntime,
}
PREPARING = frozenset({"openvino"})
"""Backends that spend 10 to 100 ms on each new size of an input, once: sizes come in steps there."""
NETWORKS: dict[str, Callable[[Path], tuple[Network, dict[str, str]]]] = {
    "openvino": _openvino_network,
    "onnxruntime": _onnxruntime_network,
}
"""Backend -> a function that loads an ONNX file and returns the network and the file's metadata."""


def _normalised(gray: Gray) -> NDArray[np.float32]:
    """(H, W) gray in 0-255 -> (1, 3, H, W) in -1 to 1, the three channels alike."""
    plane = gray.astype(np.float32)
    plane -= 127.5
    plane /= 127.5
    return np.ascontiguousarray(np.broadcast_to(plane, (1, 3, *plane.shape)))


def fitting_factor(gray: Gray) -> float:
    """Return the factor, `LEAST_FACTOR` to 1, by which the detector may see a page reduced."""
    letter = letter_height(gray) if gray.size >= FITTED_FROM else 0.0
    return min(1.0, max(LEAST_FACTOR, LETTER / letter)) if letter else 1.0


class Detector:
    """Says for each pixel how likely it lies in the core of a line of text."""

    def __init__(self, backend: str, *, fitted: bool = False) -> None:
        """Load the network. `fitted` reduces large images to the size that their letters need."""
        self._run, _ = BACKENDS[backend](model_file(DETECTOR), False)
        self._fitted = fitted

    def __call__(self, gray: Gray) -> NDArray[np.float32]:
        """Probability map of `gray` (H, W): sides are multiples of 32, about the image's own size unless fitted.

        Full size is the default: at half of it gazette pages lose 0.1 to 0.2% of their characters.
        """
        factor = fitting_factor(gray) if self._fitted else 1.0
        height, width = (round(side * factor / 32) * 32 for side in gray.shape)
        interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
        resized = np.asarray(cv2.resize(gray, (max(32, width), max(32, height)), interpolation=interpolation), np.uint8)
        probability: NDArray[np.float32] = self._run(_normalised(resized))[0, 0]
        if not holds_much():
            return probability
        # OpenVINO would hold these layers until those of the next tile are there, and while lines are read.
        probability = probability.copy()
        self._run.release()
        return_freed_memory()
        return probability


def holds_much() -> bool:
    """Return whether this process holds so much memory that it must give back what it can."""
    return _resident_bytes() > MOST_HELD


def return_freed_memory() -> None:
    """Give memory that was freed back to the system, where the C library can: glibc keeps it otherwise."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return
    trim(0)


def _resident_bytes() -> int:
    """Return the memory that this process holds; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * mmap.PAGESIZE
    except (OSError, ValueError, IndexError):
        return 0


class Recognizer:
    """Reads one line of text."""

    def __init__(self, backend: str, file: Path | None = None) -> None:
        """Load `file`, or the stock network."""
        self._run, self.characters = BACKENDS[backend](file or model_file(RECOGNIZER), True)
        self.check: Check | None = None
        """Compares each reading with what it was read from, if set."""

    def __call__(self, line: Gray) -> Reading:
        """Read `line`, an upright (H, W) crop of any size."""
        width = max(1, round(line.shape[1] * HEIGHT / line.shape[0]))
        # Averaging matters only where many pixels become one: at 200 dpi lines are 30 to 60 pixels high.
        way = cv2.INTER_AREA if line.shape[0] > 2 * HEIGHT else cv2.INTER_LINEAR
        resized = np.asarray(cv2.resize(line, (width, HEIGHT), interpolation=way), np.uint8)
        padded = max(LEAST_WIDTH, -(-width // WIDTH_STEP) * WIDTH_STEP)
        batch = np.zeros((1, 3, HEIGHT, padded), np.float32)
        batch[..., :width] = _normalised(resized)
        steps = self._run(batch)[0]
        unknown = take_unknown(steps, self.characters)
        reading = decode(steps, self.characters, width)
        return self.check(reading, Evidence(resized, steps, unknown)) if self.check else reading

    def read(self, lines: Sequence[Gray]) -> list[Reading]:
        """Read upright crops, one after the other: batches gain nothing with this network."""
        return [self(line) for line in lines]

    def read_surest(self, groups: Sequence[Sequence[Gray]]) -> list[tuple[int, Reading]]:
        """Read each group of crops, which show one line in several directions; return the surest and its place."""
        return [self._surest(group) for group in groups]

    def _surest(self, group: Sequence[Gray]) -> tuple[int, Reading]:
        if len(group) == 3:
            level = self(group[2])
            if line_confidence(level) >= SURE_UPRIGHT:
                return 2, level
            readings = [*self.read(group[:2]), level]
        else:
            readings = self.read(group)
        place = surest(readings)
        return place, readings[place]


def take_unknown(steps: NDArray[np.float32], characters: Sequence[str]) -> NDArray[np.float32]:
    """Take the class U+FFFD out of a network's output (time, classes), in place, and return its odds (time,).

    Odds are those against the likeliest other class; the other classes share what it had.
    """
    if UNKNOWN_LETTER not in characters:
        return np.zeros(len(steps), np.float32)
    place = characters.index(UNKNOWN_LETTER)
    unknown = steps[:, place].copy()
    steps[:, place] = 0.0
    seen = np.flatnonzero(unknown > LEAST_UNKNOWN)
    others = steps[seen]
    odds = np.zeros(len(steps), np.float32)
    odds[seen] = unknown[seen] / np.maximum(others.max(axis=1), LEAST_REST)
    steps[seen] = others / np.maximum(others.sum(axis=1, keepdims=True), LEAST_REST)
    return odds


def decode(steps: NDArray[np.float32], characters: Sequence[str], width: int) -> Reading:
    """Best path of a CTC output (time, classes): runs of one class are one character, class 0 is none.

    `width` is that of the line in pixels.
    """
    best = steps.argmax(axis=1)
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    ends = np.append(starts[1:], len(best))
    text, confidences, centers = [], [], []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if not best[start]:
            continue
        text.append(characters[best[start]])
        confidences.append(float(steps[start, best[start]]))
        centers.append(min(1.0, (start + end) / 2 * STRIDE / width))
    return Reading("".join(text), tuple(confidences), tuple(centers))
