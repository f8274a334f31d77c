"""A specialist in bulk: a vision-language model through vLLM's asynchronous engine.

One awaitable a page; vLLM batches whatever is in flight, continuously, so a slow page holds nobody up. Prefix and
image caches are off: pages share no prefix worth keeping and no image comes twice.
"""

import asyncio
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ocr.document import Finish, Generation
from ocr.engines import Request
from ocr.engines.question import (
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
from ocr.errors import EngineError
from ocr.lazy import load
from ocr.models import Model, sees_gpu

# Exact repetition of up to 20 tokens, 12 times over. Of 34 real pages' true text this stops one (a run of near-empty
# table rows; two at 4 times), which is why a stop that the text judge calls honest is read again without it.
REPEATED_TOKENS = 20
REPEATED_TIMES = 12

PAGES_IN_FLIGHT = 64
"""On a GPU: what LightOnOCR's and olmOCR's own clients keep in flight for models of this size."""
PAGES_IN_FLIGHT_CPU = 16

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
    return VllmEngine(chosen.chosen_model(), chosen.concurrency)


class VllmEngine:
    """Holds vLLM's engine process. See `ocr.engines.Engine`."""

    name = "vllm"

    def __init__(self, model: Model, concurrency: int = 0) -> None:
        self.model = model
        self._wanted = concurrency
        self._engine: Any = None
        self._adapter: Any = None
        self._asked = 0
        self._death: asyncio.Task[None] | None = None

    @property
    def fingerprint(self) -> str:
        return describe(self.name, "vllm", self.model)

    @property
    def concurrency(self) -> int:
        return self._wanted or (PAGES_IN_FLIGHT if sees_gpu() else PAGES_IN_FLIGHT_CPU)

    async def start(self) -> None:
        """Start vLLM's engine process and load the weights.

        Raises `EngineError` where weights or memory are missing, `DependencyError` without the extra `gpu`.
        """
        folder = find_checkpoint(self.model)
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        load("vllm", extra="gpu")
        arguments = load("vllm.engine.arg_utils", extra="gpu").AsyncEngineArgs(**self._arguments(folder))
        engine_class = load("vllm.v1.engine.async_llm", extra="gpu").AsyncLLM
        try:
            # In a thread: loading takes a minute, and other engines' pages go on meanwhile.
            self._engine = await asyncio.to_thread(engine_class.from_engine_args, arguments)
        except (RuntimeError, ValueError, OSError) as cause:
            raise _does_not_start(self.model, cause) from cause
        self._death = asyncio.create_task(_outlive(self._engine))
        if self.model.adapter:
            lora = load("vllm.lora.request", extra="gpu")
            self._adapter = lora.LoRARequest("adapter", 1, self.model.adapter)

    def _arguments(self, folder: Path) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "model": str(folder),
            "max_model_len": context_length(self.model, folder),
            "max_num_seqs": self.concurrency,
            "limit_mm_per_prompt": {"image": 1, "video": 0},
            "enable_prefix_caching": False,
            "mm_processor_cache_gb": 0,
            # xgrammar lets raw control characters into bounded strings, so the JSON does not parse; guidance does not.
            "structured_outputs_config": {"backend": "guidance", "disable_any_whitespace": True},
            "disable_log_stats": True,
            "enable_log_requests": False,
        }
        if not sees_gpu():
            arguments |= {"dtype": "float32", "enforce_eager": True, "distributed_executor_backend": "uni"}
        if self.model.adapter:
            described = json.loads((Path(self.model.adapter) / "adapter_config.json").read_text(encoding="utf-8"))
            arguments |= {"enable_lora": True, "max_loras": 1, "max_lora_rank": _served_rank(described["r"])}
        return arguments | self.model.serving

    async def read(self, request: Request) -> Generation:
        """Read one page. Raises `EngineError(retryable=True)` when vLLM's process has died."""
        started = time.monotonic()
        exceptions, dead = load("vllm.exceptions"), load("vllm.v1.engine.exceptions")
        try:
            answer = await self._answer_or_death(request)
        except dead.EngineDeadError as cause:
            raise EngineError("vLLM's engine process has died", hint=_LESS_MEMORY, retryable=True) from cause
        except (exceptions.VLLMClientError, dead.EngineGenerateError, ValueError) as cause:
            return failed(f"vLLM refused the page: {cause}", request, started)
        return conclude(answer, request, started)

    async def _answer_or_death(self, request: Request) -> Answer:
        """vLLM leaves a page waiting for ever that was put in just as its process died, so its death is awaited too."""
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
        """The model's answer with its token ids; vLLM's own exceptions pass through."""
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


async def _outlive(engine: Any) -> None:
    """Return when the engine's process is dead."""
    while not engine.errored:  # noqa: ASYNC110 - vLLM offers a flag, no event
        await asyncio.sleep(0.5)


_LESS_MEMORY = "if memory ran out, lower --set options.concurrency=16 or options.serving.gpu_memory_utilization=0.8"
_FINISHES: Mapping[str, Finish] = {"stop": "stop", "length": "length", "repetition": "repetition", "error": "error"}


async def _listen(stream: Any, request: Request) -> Answer:
    """Follow one page to its end, its deadline, or the word of `on_text` to stop; leaving the stream frees the slot."""
    parts = _Parts()
    try:
        async with asyncio.timeout(request.seconds):
            await parts.gather(stream, request.on_text)
    except TimeoutError:
        parts.finish = "timeout"
    finally:
        await stream.aclose()
    return Answer(parts.text, tuple(parts.ids), parts.finish, "", parts.prompt_tokens, len(parts.ids))


@dataclass(slots=True)
class _Parts:
    """What a stream has brought so far, which is kept whatever ends it."""

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
        chosen |= {"seed": question.seed, **question.sampling}
    if question.schema is not None:
        chosen["structured_outputs"] = details.StructuredOutputsParams(json=dict(question.schema))
    if question.detect_repeats:
        chosen["repetition_detection"] = details.RepetitionDetectionParams(
            max_pattern_size=REPEATED_TOKENS, min_count=REPEATED_TIMES
        )
    # Pieces as they come where somebody watches; otherwise one message a page.
    kind = details.RequestOutputKind.DELTA if streamed else details.RequestOutputKind.FINAL_ONLY
    return vllm.SamplingParams(output_kind=kind, **chosen)


def _served_rank(rank: int) -> int:
    """vLLM keeps adapters in slots of certain ranks; the smallest that holds this one."""
    return next(slot for slot in (8, 16, 32, 64, 128, 256, 320, 512) if slot >= rank)


def _does_not_start(model: Model, cause: Exception) -> EngineError:
    words = str(cause)
    memory = any(sign in words.lower() for sign in ("memory", "kv cache", "oom"))
    hint = _LESS_MEMORY if memory else "vLLM's own message stands above; --engine transformers shows whether it loads"
    return EngineError(f"vLLM does not start with {model.name}: {words}", hint=hint)
