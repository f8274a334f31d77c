"""What vLLM 0.32 and torch 2.13 say when they do not start, in their own words, and what a user is told of it."""

import os
from pathlib import Path

import pytest

from ocr.engines.vlm import vllm_errors

OPAQUE = RuntimeError("Engine core initialization failed. See root cause above. Failed core proc(s): {}")
TRACE = """EngineCore failed to start.
Traceback (most recent call last):
  File "core.py", line 1482, in run_engine_core
    engine_core = EngineCoreProc(*args, engine_index=dp_rank, **kwargs)
{error}
"""
OUT_OF_MEMORY = (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 594.00 MiB. GPU 0 has a total capacity of "
    "7.78 GiB of which 12.00 MiB is free."
)
NO_ROOM_FOR_ANSWERS = "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`"
TOO_LONG = (
    "ValueError: To serve at least one request with the models's max seq len (18000), 2.4 GiB KV cache is needed, "
    "which is larger than the available KV cache memory (0.9 GiB)."
)
TAKEN = "ValueError: Free memory on device cuda:0 (1.2/79.1 GiB) on startup is less than desired GPU memory utilization"
ON_A_CPU = (
    "RuntimeError: Worker failed with error 'Available memory on node 0 (9.06/17.34 GiB) on kv cache allocation is "
    "less than requested memory for kv (900.0 GiB).'"
)


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that `collect` has vLLM log to."""
    monkeypatch.setenv("VLLM_LOGGING_CONFIG_PATH", "")  # so that it is put back afterwards
    monkeypatch.delenv("VLLM_LOGGING_CONFIG_PATH")
    monkeypatch.setattr(vllm_errors.tempfile, "mkdtemp", lambda **_: str(tmp_path))
    vllm_errors.collect()
    return tmp_path / "lusocr-errors.log"


@pytest.mark.parametrize("error", [OUT_OF_MEMORY, NO_ROOM_FOR_ANSWERS, TOO_LONG, TAKEN, ON_A_CPU])
def test_too_little_memory_is_said_with_the_way_out(error: str, log: Path) -> None:
    log.write_text(TRACE.format(error=error), encoding="utf-8")
    said = vllm_errors.explain("vLLM does not start with leitor", OPAQUE)
    assert said.message == f"vLLM does not start with leitor: {error}"
    assert "gpu_memory_utilization" in said.hint
    assert "max_model_len" in said.hint
    assert said.exit_code == 6


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        ("RuntimeError: Failed to infer device type, please set the environment variable", "--engine rapid"),
        ("ValueError: vLLM does not yet support DoRA.", "merge the adapter"),
        ("ValueError: Model architectures ['Neu'] are not supported for now.", "--engine transformers"),
    ],
)
def test_other_reasons_have_their_own_way_out(error: str, hint: str, log: Path) -> None:
    log.write_text(TRACE.format(error=error), encoding="utf-8")
    assert hint in vllm_errors.explain("vLLM does not start with leitor", OPAQUE).hint


def test_the_last_error_counts_and_a_new_start_forgets_it(log: Path) -> None:
    log.write_text(TRACE.format(error=TAKEN) + TRACE.format(error=OUT_OF_MEMORY), encoding="utf-8")
    assert vllm_errors.last_error() == OUT_OF_MEMORY
    vllm_errors.collect()
    assert vllm_errors.last_error() == ""
    assert vllm_errors.explain("vLLM died", OPAQUE).message.endswith("Failed core proc(s): {}")


def test_logging_that_the_user_configured_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.json"
    monkeypatch.setenv("VLLM_LOGGING_CONFIG_PATH", str(own))
    vllm_errors.collect()
    assert os.environ["VLLM_LOGGING_CONFIG_PATH"] == str(own)
    assert vllm_errors.last_error() == ""
