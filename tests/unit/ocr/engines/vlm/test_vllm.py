"""What vLLM is started with, and that it says nothing when the interpreter ends. No vLLM is needed for that."""

import json
from pathlib import Path
from typing import Any

import pytest

from ocr.engines.vlm import vllm
from ocr.engines.vlm.vllm import ON_A_GPU, VllmEngine
from ocr.models.catalog import Model


def arguments(tmp_path: Path, known: frozenset[str], **serving: Any) -> dict[str, Any]:
    (tmp_path / "config.json").write_text(json.dumps({"max_position_embeddings": 4096}), encoding="utf-8")
    return VllmEngine(Model(id=str(tmp_path), serving=serving))._arguments(tmp_path, known)


def test_a_gpu_gets_large_batches_where_vllm_knows_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm, "sees_gpu", lambda: True)
    assert arguments(tmp_path, frozenset(ON_A_GPU)).items() >= ON_A_GPU.items()
    older = arguments(tmp_path, frozenset({"max_num_batched_tokens"}))
    assert older["max_num_batched_tokens"] == 16_384
    assert "renderer_num_workers" not in older
    assert arguments(tmp_path, frozenset(ON_A_GPU), renderer_num_workers=2)["renderer_num_workers"] == 2


def test_a_cpu_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm, "sees_gpu", lambda: False)
    assert not ON_A_GPU.keys() & arguments(tmp_path, frozenset(ON_A_GPU)).keys()


@pytest.mark.parametrize("finalizing", [False, True])
def test_the_engine_is_not_shut_down_while_the_interpreter_ends(finalizing: bool) -> None:
    class Engine:
        shut = 0

        @classmethod
        def from_engine_args(cls) -> "Engine":
            return cls()

        def __del__(self) -> None:
            Engine.shut += 1

    engine = vllm._quiet_at_exit(Engine, lambda: finalizing).from_engine_args()
    assert isinstance(engine, Engine)
    del engine
    assert Engine.shut == (not finalizing)
