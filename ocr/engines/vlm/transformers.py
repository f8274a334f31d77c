"""The reference engine: a vision-language model through transformers, on a CPU or a GPU.

Without a decoding mode it reads one page at a time with the generation of transformers, slow and simple on purpose.
Tests compare other engines with it: on the same page, greedy decoding gives the same tokens. With a mode it reads pages
in a batch with `ocr.engines.vlm.decoding`.
"""

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ocr.core.document import EngineOutput, Finish
from ocr.core.environment import load
from ocr.core.errors import EngineError
from ocr.engines.base import Capabilities, Request
from ocr.engines.fallback import FallbackEngine, create_built_in
from ocr.engines.vlm.decoding.batch_decoder import BatchDecoder, make_step
from ocr.engines.vlm.decoding.modes import DecodingSettings, check_decoding, describe_decoding
from ocr.engines.vlm.decoding.page_network import PageNetwork
from ocr.engines.vlm.decoding.page_row import RowSettings
from ocr.engines.vlm.decoding.page_writer import PageWriter
from ocr.engines.vlm.decoding.remote_model import RemoteModel, check_trust
from ocr.engines.vlm.decoding.text_draft import KnownText, draft_text
from ocr.engines.vlm.request import (
    Answer,
    Question,
    check_options,
    compose,
    conclude,
    context_length,
    describe,
    failed,
    find_checkpoint,
)
from ocr.models.catalog import Model


def create(options: Mapping[str, Any]) -> "TransformersEngine":
    """Make the engine from `[options]`.

    Raises `UsageError` for an option or a model that does not exist, `EngineError` for a mode that the model lacks.
    """
    chosen = check_options(options)
    model = chosen.chosen_model()
    check_decoding(chosen.decoding, model)
    check_trust(model, chosen.trusted_code)
    return TransformersEngine(model, chosen.decoding, chosen.concurrency)


@dataclass(slots=True)
class _Listener:
    """Decides after every token whether to continue, in the worker thread."""

    request: Request
    tokenizer: Any
    deadline: float
    cancelled: threading.Event = field(default_factory=threading.Event)
    finish: Finish | None = None
    _told: int = 0

    def hear(self, ids: Sequence[int]) -> bool:
        """Take the output so far; return whether to stop."""
        if self.cancelled.is_set() or time.monotonic() > self.deadline:
            self.finish = "timeout"
        elif self.request.on_text is not None:
            text = self.tokenizer.decode(ids, skip_special_tokens=True).rstrip("\ufffd")
            piece, self._told = text[self._told :], max(self._told, len(text))
            if piece and not self.request.on_text(piece):
                self.finish = "repetition"
        return self.finish is not None


PAGES_AT_ONCE = 4
"""Pages in a batch of a decoding mode, unless `options.concurrency` says otherwise."""


class TransformersEngine:
    """Reads pages in a worker thread. See `ocr.engines.base.Engine`."""

    name = "transformers"

    def __init__(self, model: Model, decoding: DecodingSettings | None = None, concurrency: int = 0) -> None:
        self.model = model
        self._decoding = decoding or DecodingSettings()
        self._wanted = concurrency
        self._worker: ThreadPoolExecutor | None = None
        self._network: Any = None
        self._processor: Any = None
        self._writer: PageWriter | None = None
        self._drafter: FallbackEngine | None = None
        self._remote: RemoteModel | None = None

    @property
    def concurrency(self) -> int:
        return (self._wanted or PAGES_AT_ONCE) if self._decoding.mode and not self.model.remote_code else 1

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(generates_text=True, model=self.model)

    @property
    def fingerprint(self) -> str:
        return describe(self.name, "transformers", self.model, describe_decoding(self._decoding, self.model))

    async def start(self) -> None:
        """Load the weights. Raises `EngineError` if they are missing, damaged or too large for the memory."""
        folder = find_checkpoint(self.model)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="transformers")
        if self._decoding.mode == "verify:rapid":
            self._drafter = create_built_in()
            await self._drafter.start()
        await asyncio.get_running_loop().run_in_executor(self._worker, self._load, folder)
        if self._decoding.mode and self._remote is None:
            network = PageNetwork(self._network, drafter=bool(self._decoding.drafter))
            decoder = BatchDecoder(network, make_step(self._decoding, self.model))
            self._writer = PageWriter(decoder, self._worker)

    def _load(self, folder: Path) -> None:
        torch, transformers = load("torch", extra="gpu"), load("transformers", extra="gpu")
        transformers.utils.logging.disable_progress_bar()
        if self.model.remote_code:
            self._remote = RemoteModel(folder, self.model, self._decoding)
            return
        device = "cuda" if torch.cuda.is_available() else "cpu"
        # The reference is exact on a CPU; a GPU uses the precision in which the weights were saved.
        precision = "auto" if device == "cuda" else torch.float32
        try:
            self._processor = transformers.AutoProcessor.from_pretrained(folder)
            network = transformers.AutoModelForImageTextToText.from_pretrained(folder, dtype=precision)
            if adapter := self.model.adapter or self._decoding.drafter:
                network = load("peft", extra="train").PeftModel.from_pretrained(network, adapter)
            self._network = network.to(device).eval()
        except (OSError, ValueError, RuntimeError) as cause:
            raise EngineError(f"{self.model.name} does not load: {cause}", hint="check the folder's files") from cause

    async def read(self, request: Request) -> EngineOutput:
        """Read one page; cancelling stops the generation after the current token."""
        started = time.monotonic()
        try:
            answer = await self.answer(request)
        except (ValueError, IndexError) as cause:
            return failed(f"the page cannot be shown to the model: {cause}", request, started)
        return conclude(answer, request, started)

    async def answer(self, request: Request) -> Answer:
        """Return the model's answer with its token ids. Raises `EngineError` if the machine has too little memory."""
        if self._worker is None:
            raise EngineError("the transformers engine was not started")
        question = compose(self.model, request)
        if self._remote is not None:
            return await asyncio.get_running_loop().run_in_executor(self._worker, self._remote.write, question)
        listener = _Listener(request, self._processor.tokenizer, time.monotonic() + request.seconds)
        try:
            # A page that is sampled has no one text that a draft could be verified against.
            if self._writer is not None and question.temperature <= 0:
                return await self._write(self._writer, request, question, listener)
            return await asyncio.get_running_loop().run_in_executor(self._worker, self._generate, question, listener)
        except asyncio.CancelledError:
            listener.cancelled.set()
            raise

    async def _write(self, writer: PageWriter, request: Request, question: Question, listener: _Listener) -> Answer:
        known = await self._draft(request)
        lengths = []

        def prepare() -> tuple[dict[str, Any], RowSettings]:
            shown, room = self._show(question)
            lengths.append(shown["input_ids"].shape[1])
            settings = RowSettings(
                budget=min(question.max_tokens, room),
                ends=frozenset(self._ends()),
                hear=lambda ids: listener.finish if listener.hear(ids) else None,
                propose=known.propose if known else None,
            )
            return dict(shown), settings

        row = await writer.write(prepare)
        return replace(self._as_answer(row.ids, lengths[0], row.finish), passes=row.passes)

    async def _draft(self, request: Request) -> KnownText | None:
        """Return the built-in reader's text of the page, where it drafts and can read the page."""
        if self._drafter is None:
            return None
        output = await self._drafter.read(replace(request, on_text=None))
        text = draft_text(output, structured=self.model.structured)
        tokenizer = self._processor.tokenizer
        return KnownText(
            text,
            lambda part: tokenizer(part, add_special_tokens=False)["input_ids"],
            lambda ids: str(tokenizer.decode(ids, skip_special_tokens=True)),
        )

    def _show(self, question: Question) -> tuple[Any, int]:
        """Return the processed prompt with its image, and the tokens that may follow it.

        Raises `ValueError` where it leaves no room for any.
        """
        prompt = self._processor.apply_chat_template(
            question.messages, tokenize=False, add_generation_prompt=True, **question.template
        )
        shown = self._processor(text=[prompt], images=[question.image], return_tensors="pt").to(self._network.device)
        length = shown["input_ids"].shape[1]
        room = context_length(self.model, Path(self._network.config._name_or_path)) - length
        if room < 1:
            raise ValueError(f"image and prompt take {length} tokens, more than the model's context holds")
        return shown, room

    def _ends(self) -> list[int]:
        ends = self._network.generation_config.eos_token_id
        return ends if isinstance(ends, list) else [ends]

    def _generate(self, question: Question, listener: _Listener) -> Answer:
        torch = load("torch", extra="gpu")
        shown, room = self._show(question)
        length = shown["input_ids"].shape[1]

        def stop(ids: Any, _scores: Any, **_: object) -> Any:
            return torch.full((1,), listener.hear(ids[0, length:].tolist()), device=ids.device)

        torch.manual_seed(question.seed)
        chosen: dict[str, Any] = {"do_sample": False}
        if question.temperature > 0:
            chosen = {"do_sample": True, "temperature": question.temperature, **question.sampling}
        budget = min(question.max_tokens, room)
        with torch.inference_mode():
            ids = self._network.generate(**shown, max_new_tokens=budget, stopping_criteria=[stop], **chosen)
        return self._as_answer(ids[0, length:].tolist(), length, listener.finish)

    def _as_answer(self, ids: list[int], prompt_tokens: int, finish: Finish | None) -> Answer:
        written = len(ids)
        if ids and ids[-1] in self._ends():
            ids, finish = ids[:-1], finish or "stop"
        text = self._processor.tokenizer.decode(ids, skip_special_tokens=True)
        return Answer(text, tuple(ids), finish or "length", "", prompt_tokens, written)

    async def close(self) -> None:
        """Release the weights and the thread."""
        if self._worker is not None:
            self._worker.shutdown(wait=True, cancel_futures=True)
        self._worker = self._network = self._processor = self._writer = self._remote = None
        if self._drafter is not None:
            await self._drafter.close()
            self._drafter = None
