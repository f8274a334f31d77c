"""Read many pages with a vision-language model through vLLM's asynchronous engine.

Each page is one awaitable. vLLM batches the pages in flight continuously, so a slow page delays no other. Prefix and
image caches are off: pages share no long prefix and no image comes twice.
"""

import asyncio
import json
import logging
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ocr.core.document import EngineOutput, Finish
from ocr.core.environment import load, sees_gpu
from ocr.core.errors import EngineError
from ocr.core.process_tree import OrphanKiller
from ocr.engines.base import Capabilities, Request
from ocr.engines.vlm import vllm_errors
from ocr.engines.vlm.decoding.modes import refuse_decoding
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

LOG = logging.getLogger(__name__)

# Exact repetition of up to 20 tokens, 12 times in a row. Of the reference texts of 34 real pages this stops one (a run
# of nearly empty table rows; two at 4 times). So a stop in which our detector sees no repetition is read again without
# it.
REPEATED_TOKENS = 20
REPEATED_TIMES = 12

PAGES_IN_FLIGHT = 64
"""On a GPU: as many as LightOnOCR's and olmOCR's own clients keep in flight for models of this size."""
PAGES_IN_FLIGHT_CPU = 16

ON_A_GPU: Mapping[str, int] = {"max_num_batched_tokens": 16_384, "renderer_num_workers": 8}
"""Measured on an H200 with a model of 3.75 billion parameters, 1,926 prompt and 500 output tokens a page: 11.6 pages/s.
With vLLM's defaults (chunks of 2,048 tokens, one thread that prepares images) 10.2 pages/s."""

_ENVIRONMENT = {
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def create(options: Mapping[str, Any]) -> "VllmEngine":
    """Make the engine from `[options]`; raises `UsageError` for an option or a model that does not exist."""
    chosen = check_options(options)
    refuse_decoding(chosen.decoding, "vllm", "takes no draft and no mode of its own from a request")
    return VllmEngine(chosen.chosen_model(), chosen.concurrency)


class VllmEngine:
    """Holds vLLM's engine process. See `ocr.engines.base.Engine`."""

    name = "vllm"

    def __init__(self, model: Model, concurrency: int = 0) -> None:
        self.model = model
        self._wanted = concurrency
        self._engine: Any = None
        self._adapter: Any = None
        self._asked = 0
        self._death: asyncio.Task[None] | None = None
        self._reaper: OrphanKiller | None = None

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(generates_text=True, model=self.model)

    @property
    def fingerprint(self) -> str:
        return describe(self.name, "vllm", self.model)

    @property
    def concurrency(self) -> int:
        return self._wanted or (PAGES_IN_FLIGHT if sees_gpu() else PAGES_IN_FLIGHT_CPU)

    async def start(self) -> None:
        """Start vLLM's engine process and load the weights.

        Raises `EngineError` if weights or memory are missing, `DependencyError` without the extra `gpu`.
        """
        folder = find_checkpoint(self.model)
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        vllm_errors.collect()
        load("vllm", extra="gpu")
        arguments_class = load("vllm.engine.arg_utils", extra="gpu").AsyncEngineArgs
        engine_class = _quiet_at_exit(load("vllm.v1.engine.async_llm", extra="gpu").AsyncLLM)
        known = frozenset(each.name for each in fields(arguments_class))
        LOG.debug("starting vLLM with %s", self.model.name)
        try:
            arguments = arguments_class(**self._arguments(folder, known))
            # In a thread: loading takes a minute, and pages of other engines are read meanwhile.
            loading = asyncio.ensure_future(asyncio.to_thread(engine_class.from_engine_args, arguments))
            await self._hold_processes(loading)
            self._engine = await loading
        except (RuntimeError, ValueError, TypeError, OSError) as cause:
            raise vllm_errors.explain(f"vLLM does not start with {self.model.name}", cause) from cause
        self._death = asyncio.create_task(_outlive(self._engine))
        if self.model.adapter:
            await self._add_adapter(self.model.adapter)

    async def _hold_processes(self, loading: asyncio.Future[Any]) -> None:
        """Make vLLM's processes die with this one, from their start: they do not notice when it is killed."""
        ours = {child.pid for child in multiprocessing.active_children()}
        if sys.platform == "linux" and self._reaper is None:
            self._reaper = OrphanKiller()
        while not loading.done():
            await asyncio.wait({loading}, timeout=0.2)
            if self._reaper:
                self._reaper.watch(*(c.pid for c in multiprocessing.active_children() if c.pid and c.pid not in ours))

    async def _add_adapter(self, adapter: str) -> None:
        """Load the adapter now: vLLM would load it with the first page, and die if it cannot serve it."""
        self._adapter = load("vllm.lora.request", extra="gpu").LoRARequest("adapter", 1, adapter)
        loading = asyncio.ensure_future(self._engine.add_lora(self._adapter))
        await asyncio.wait({loading, self._death} if self._death else {loading}, return_when=asyncio.FIRST_COMPLETED)
        if not loading.done():
            loading.cancel()
            cause: BaseException | None = load("vllm.v1.engine.exceptions").EngineDeadError()
        else:
            cause = loading.exception()  # vLLM raises a bare `Exception` here
        if cause is not None:
            raise vllm_errors.explain(f"vLLM cannot serve the adapter {adapter}", cause) from cause

    def _arguments(self, folder: Path, known: frozenset[str]) -> dict[str, Any]:
        """Return the arguments of vLLM; `known` are those of the installed version."""
        arguments: dict[str, Any] = {
            "model": str(folder),
            "max_model_len": context_length(self.model, folder),
            "max_num_seqs": self.concurrency,
            "limit_mm_per_prompt": {"image": 1, "video": 0},
            "enable_prefix_caching": False,
            "mm_processor_cache_gb": 0,
            # xgrammar allows raw control characters in bounded strings, so the JSON does not parse; guidance does not.
            "structured_outputs_config": {"backend": "guidance", "disable_any_whitespace": True},
            "disable_log_stats": True,
            "enable_log_requests": False,
        }
        if sees_gpu():
            arguments |= {name: value for name, value in ON_A_GPU.items() if name in known}
        else:
            arguments |= {"dtype": "float32", "enforce_eager": True}
        if self.model.adapter:
            arguments |= _serve_adapter(Path(self.model.adapter))
        return arguments | self.model.serving

    async def read(self, request: Request) -> EngineOutput:
        """Read one page. Raises `EngineError(retryable=True)` if vLLM's process has died."""
        started = time.monotonic()
        exceptions, dead = load("vllm.exceptions"), load("vllm.v1.engine.exceptions")
        try:
            answer = await self._answer_or_death(request)
        except dead.EngineDeadError as cause:
            raise vllm_errors.explain("vLLM's engine process has died", cause, retryable=True) from cause
        except (exceptions.VLLMClientError, dead.EngineGenerateError, ValueError) as cause:
            return failed(f"vLLM refused the page: {cause}", request, started)
        return conclude(answer, request, started)

    async def _answer_or_death(self, request: Request) -> Answer:
        """Wait for the answer or the death of vLLM's process: a page that was added just then would never end."""
        if self._death is None:
            raise EngineError("the vLLM engine was not started")
        answering = asyncio.create_task(self.answer(request))
        try:
            await asyncio.wait((answering, self._death), return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                raise load("vllm.v1.engine.exceptions").EngineDeadError
            return await answering
        finally:
            answering.cancel()

    async def answer(self, request: Request) -> Answer:
        """Return the model's answer with its token ids; vLLM's own exceptions pass through."""
        if self._engine is None:
            raise EngineError("the vLLM engine was not started")
        question = await asyncio.to_thread(compose, self.model, request)
        prompt = self._engine.get_tokenizer().apply_chat_template(
            question.messages, tokenize=False, add_generation_prompt=True, **question.template
        )
        self._asked += 1
        stream = self._engine.generate(
            {"prompt": prompt, "multi_modal_data": {"image": question.image}},
            _sampling(question, streamed=request.on_text is not None),
            f"page-{self._asked}",
            lora_request=self._adapter,
        )
        return await _listen(stream, request)

    async def close(self) -> None:
        """Stop vLLM's process."""
        engine, self._engine = self._engine, None
        if self._death is not None:
            self._death.cancel()
            self._death = None
        if engine is not None:
            await asyncio.to_thread(engine.shutdown)
        if self._reaper is not None:
            await asyncio.to_thread(self._reaper.close)
            self._reaper = None


def _quiet_at_exit(engine_class: Any, finalizing: Callable[[], bool] = sys.is_finalizing) -> Any:
    """Return a subclass of vLLM's engine that does not shut down in `__del__` while the interpreter ends.

    vLLM's modules are empty by then, so Python would print an ignored exception. Its processes end with ours anyway.
    """

    def delete(self: Any) -> None:
        if not finalizing():
            engine_class.__del__(self)

    return type(engine_class.__name__, (engine_class,), {"__del__": delete})


async def _outlive(engine: Any) -> None:
    """Return when the engine's process is dead."""
    while not engine.errored:  # noqa: ASYNC110 - vLLM offers a flag, no event
        await asyncio.sleep(0.5)


_FINISHES: Mapping[str, Finish] = {"stop": "stop", "length": "length", "repetition": "repetition", "error": "error"}


async def _listen(stream: Any, request: Request) -> Answer:
    """Read one page to its end, its deadline, or until `on_text` stops it; closing the stream frees the slot."""
    parts = _Parts()
    try:
        async with asyncio.timeout(request.seconds):
            await parts.gather(stream, request.on_text)
    except TimeoutError:
        parts.finish = "timeout"
    finally:
        await stream.aclose()
    # vLLM includes the end token.
    ids = parts.ids[:-1] if parts.finish == "stop" else parts.ids
    return Answer(parts.text, tuple(ids), parts.finish, "", parts.prompt_tokens, len(parts.ids))


@dataclass(slots=True)
class _Parts:
    """The output of a stream so far, which is kept however the stream ends."""

    text: str = ""
    ids: list[int] = field(default_factory=list)
    finish: Finish = "error"
    prompt_tokens: int = 0

    async def gather(self, stream: Any, on_text: Callable[[str], bool] | None) -> None:
        async for output in stream:
            part = output.outputs[0]
            self.text += part.text
            self.ids += part.token_ids
            self.prompt_tokens = len(output.prompt_token_ids or ()) or self.prompt_tokens
            self.finish = _FINISHES.get(part.finish_reason or "", self.finish)
            if on_text is not None and part.text and not on_text(part.text):
                self.finish = "repetition"
                return


def _sampling(question: Question, *, streamed: bool) -> Any:
    vllm, details = load("vllm", extra="gpu"), load("vllm.sampling_params", extra="gpu")
    chosen: dict[str, Any] = {"temperature": question.temperature, "max_tokens": question.max_tokens}
    if question.temperature > 0:
        chosen |= question.sampling
        if sees_gpu():
            # vLLM's CPU build crashes with a seed when it processes a prompt in parts.
            chosen["seed"] = question.seed
    if question.schema is not None:
        chosen["structured_outputs"] = details.StructuredOutputsParams(json=dict(question.schema))
    if question.detect_repeats:
        chosen["repetition_detection"] = details.RepetitionDetectionParams(
            max_pattern_size=REPEATED_TOKENS, min_count=REPEATED_TIMES
        )
    # Pieces as they come if the text is checked meanwhile; otherwise one message a page.
    kind = details.RequestOutputKind.DELTA if streamed else details.RequestOutputKind.FINAL_ONLY
    return vllm.SamplingParams(output_kind=kind, **chosen)


def _serve_adapter(folder: Path) -> dict[str, Any]:
    """Return vLLM's arguments for a LoRA adapter as peft writes it."""
    described = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    if described.get("peft_type") != "LORA":
        raise ValueError(f"{folder} holds an adapter of type {described.get('peft_type')}, not LORA")
    rank = max(described["r"], *(described.get("rank_pattern") or {"": 0}).values())
    arguments = {
        "enable_lora": True,
        "max_loras": 1,
        # vLLM keeps adapters in slots of certain ranks: choose the smallest that holds this one.
        "max_lora_rank": next((slot for slot in (8, 16, 32, 64, 128, 256, 320, 512) if slot >= rank), rank),
    }
    with load("safetensors", extra="gpu").safe_open(folder / "adapter_model.safetensors", framework="pt") as weights:
        if any("visual" in name or "vision" in name for name in weights.keys()):  # noqa: SIM118 - no mapping
            # Else vLLM silently ignores what the adapter changes in the vision tower.
            arguments["enable_tower_connector_lora"] = True
    return arguments
