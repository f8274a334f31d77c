"""Read with a vision-language model whose repository holds its code, such as Nemotron-Labs Diffusion VLM.

The code runs only where the user has said yes to its revision; see `ocr.models.weights.allow_code`. The model writes
with functions of its own, one page at a time: `generate` (diffusion), `ar_generate` and `linear_spec_generate`.
"""

import importlib.util
import inspect
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ocr.core.document import Finish
from ocr.core.environment import load
from ocr.core.errors import EngineError
from ocr.engines.vlm.decoding.modes import DecodingSettings, Mode
from ocr.engines.vlm.request import Answer, Question
from ocr.models.catalog import Model

FUNCTIONS: Mapping[Mode, str] = {
    "": "generate", "ar": "ar_generate", "diffusion": "generate", "self-speculation": "linear_spec_generate",
}  # fmt: skip
"""Mode -> the function of the model's class; without a mode, the function that every such model has."""


def check_trust(model: Model, trusted: str) -> None:
    """Raise `EngineError` where the model needs code of its own, and the user has not said yes to this revision."""
    if model.remote_code and trusted != model.revision:
        raise EngineError(
            f"{model.name} needs the Python code of its repository, and nobody has allowed revision {model.revision}",
            hint="ocr extract asks; or look at the code and type --trust-code",
        )


class RemoteModel:
    """A loaded model with its tokenizer and its own way to prepare a prompt."""

    def __init__(self, folder: Path, model: Model, decoding: DecodingSettings) -> None:
        """Load the weights and the code in `folder`. Raises `EngineError` where the code lacks the mode."""
        torch, transformers = load("torch", extra="gpu"), load("transformers", extra="gpu")
        _bridge_versions()
        device = "cuda" if torch.cuda.is_available() else "cpu"
        precision = "auto" if device == "cuda" else torch.float32
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=True)
        network = transformers.AutoModel.from_pretrained(folder, trust_remote_code=True, dtype=precision)
        self._network = network.to(device).eval()
        self._prepare = _process_messages(folder)
        self._model = model
        self._decoding = decoding
        self._function = self._find_function()

    def write(self, question: Question) -> Answer:
        """Return the answer to one page."""
        torch = load("torch", extra="gpu")
        with tempfile.TemporaryDirectory(prefix="lusocr-") as folder, torch.inference_mode():
            picture = Path(folder, "page.png")
            question.image.save(picture)
            shown = self._prepare(
                self._tokenizer, _with_picture(question, picture), add_generation_prompt=True, enable_thinking=False
            )
            shown = {name: _moved(value, self._network.device) for name, value in shown.items()}
            ids, passes = self._function(**self._arguments(question, shown))
        prompt = shown["input_ids"].shape[1]
        written = ids[0].tolist()
        # Some functions return the prompt as well.
        if written[:prompt] == shown["input_ids"][0].tolist():
            written = written[prompt:]
        end = self._tokenizer.eos_token_id
        finished = end in written
        kept = written[: written.index(end)] if finished else written
        text = str(self._tokenizer.decode(kept, skip_special_tokens=True))
        finish: Finish = "stop" if finished else "length"
        return Answer(text, tuple(kept), finish, "", prompt, len(kept) + finished, int(passes))

    def _find_function(self) -> Callable[..., Any]:
        """Return the function of the mode. Raises `EngineError` where it is absent or takes no image."""
        modes = [mode for mode in FUNCTIONS if mode and _sees(getattr(self._network, FUNCTIONS[mode], None))]
        function: Callable[..., Any] | None = getattr(self._network, FUNCTIONS[self._decoding.mode], None)
        if function is None or not _sees(function):
            raise EngineError(
                f"the code of {self._model.name} reads no image with --decoding {self._decoding.mode}",
                hint=f"its modes: {', '.join(modes) or 'none'}",
            )
        return function

    def _arguments(self, question: Question, shown: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the function takes of the prompt and the numbers of decoding."""
        block, budget = self._decoding.block_of(self._model), question.max_tokens
        blocks = -(-budget // block)
        steps = self._decoding.steps if "steps" in self._decoding.model_fields_set else block
        offered = {
            **shown,
            "max_new_tokens": budget,
            "steps": steps * blocks,
            "block_length": block,
            "shift_logits": False,
            "threshold": self._decoding.threshold,
            "eos_token_id": self._tokenizer.eos_token_id,
        }
        taken = inspect.signature(self._function).parameters
        return {name: value for name, value in offered.items() if name in taken}


def _sees(function: Callable[..., Any] | None) -> bool:
    return function is not None and "pixel_values" in inspect.signature(function).parameters


def _moved(value: Any, device: Any) -> Any:
    return value.to(device) if hasattr(value, "to") else value


def _with_picture(question: Question, picture: Path) -> list[dict[str, Any]]:
    """Return the conversation with the page as a file, as OpenAI's interface has it."""
    page = {"type": "image_url", "image_url": {"url": str(picture)}}
    return [
        {**message, "content": [page if part["type"] == "image" else part for part in message["content"]]}
        for message in question.messages
    ]


def _process_messages(folder: Path) -> Callable[..., Any]:
    """Return `process_messages` of the repository's image_processing.py. Raises `EngineError` where there is none."""
    path = folder / "image_processing.py"
    spec = importlib.util.spec_from_file_location("lusocr_remote_image_processing", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise EngineError(f"{path} is missing, which prepares pages for the model", hint="copy the whole repository")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    function: Callable[..., Any] = module.process_messages
    return function


def _bridge_versions() -> None:
    """Give transformers a name that the published code still uses."""
    masks: Any = load("transformers.masking_utils", extra="gpu")
    if not hasattr(masks, "sdpa_mask_older_torch"):
        masks.sdpa_mask_older_torch = masks.sdpa_mask
