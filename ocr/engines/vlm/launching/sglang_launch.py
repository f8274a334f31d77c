"""The command line and the configuration with which SGLang serves a model in one decoding mode.

Flags and keys are those of SGLang's support for the diffusion models of NVIDIA, as its authors published it. In
November 2026 no release of SGLang has it; see `NEEDS`. A server has one mode.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from ocr.core.errors import EngineError, UsageError
from ocr.core.files import write_atomic
from ocr.engines.vlm.decoding.modes import DecodingSettings, modes_of
from ocr.models.catalog import Model
from ocr.models.weights import COMMIT

NEEDS = "needs SGLang from the branch upstream/2-dllm-linearspec of hutm/sglang: no release has these algorithms"
AR_BROKEN = "an independent test found the mode ar of that branch wrong (36.7% instead of 86.7% on GSM8K)"
AT_ONCE = 4
"""Pages at once: above, a server in mode ar has the higher throughput (NVIDIA's own statement)."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a server."""

    command: tuple[str, ...]
    config: str
    """YAML of the algorithm; empty for a plain model."""
    path: Path
    """Where the command expects the YAML."""
    notes: tuple[str, ...] = ()

    def write(self) -> None:
        """Write the YAML. Raises `OutputError`."""
        if self.config:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self.path, self.config.encode("utf-8"))


def plan_launch(model: Model, decoding: DecodingSettings, folder: Path, *, port: int = 30000) -> Launch:
    """Return how to serve `model`; the YAML goes into `folder`.

    Raises `EngineError` for a model or a mode that SGLang does not serve, `UsageError` for code of no fixed commit.
    """
    if model.remote_code and not model.text_only:
        raise EngineError(
            f"SGLang has no class for {model.name}",
            hint=f"ocr extract SCANS --engine transformers --model {model.name} --decoding MODE",
        )
    command = [sys.executable, "-m", "sglang.launch_server", "--model-path", model.id, "--port", str(port)]
    path = folder / f"{(model.name or Path(model.id).name).replace('/', '-')}-{decoding.mode or 'ar'}.yaml"
    if not model.remote_code:
        if decoding.mode not in ("", "ar"):
            raise EngineError(
                f"SGLang serves {model.name} token by token only, not by {decoding.mode}",
                hint=f"ocr extract SCANS --engine transformers --model {model.name} --decoding {decoding.mode}",
            )
        return Launch(tuple(command), "", path)
    _check(model, decoding)
    command += ["--revision", model.revision, "--trust-remote-code", "--tp-size", "1", "--mem-fraction-static", "0.85"]
    command += ["--max-running-requests", str(AT_ONCE), "--attention-backend", "flashinfer"]
    command += ["--cuda-graph-bs", *map(str, range(1, AT_ONCE + 1)), "--context-length", "4096"]
    algorithm, lines = _algorithm(decoding, model)
    command += ["--dllm-algorithm", algorithm, "--dllm-algorithm-config", str(path)]
    notes = [NEEDS]
    if decoding.mode == "ar":
        command += ["--json-model-override-args", '{"ar_mode": true}']
        notes.append(AR_BROKEN)
    return Launch(tuple(command), "\n".join(lines) + "\n", path, tuple(notes))


def _check(model: Model, decoding: DecodingSettings) -> None:
    if decoding.mode not in modes_of(model):
        raise EngineError(
            f"{model.name} has no decoding mode {decoding.mode or '(none given)'}",
            hint=f"--decoding, one of {', '.join(modes_of(model))}",
        )
    if not COMMIT.fullmatch(model.revision):
        raise UsageError(
            f"{model.name} runs code from {model.id}, and its revision {model.revision!r} is not one commit",
            hint="look at the code, then name the commit: --revision COMMIT",
        )


def _algorithm(decoding: DecodingSettings, model: Model) -> tuple[str, list[str]]:
    """Return the name of the algorithm and the lines of its configuration."""
    common = [f"block_size: {decoding.block_of(model)}", "causal_context: true"]
    if decoding.mode == "self-speculation":
        return "LinearSpec", ["algorithm: LinearSpec", *common]
    numbers = [f"max_steps: {decoding.steps}", f"threshold: {decoding.threshold:g}"]
    return "FastDiffuser", ["algorithm: FastDiffuser", *common, *numbers]
