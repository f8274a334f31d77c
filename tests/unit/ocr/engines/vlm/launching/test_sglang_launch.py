from pathlib import Path

import pytest

from ocr.core.errors import EngineError, UsageError
from ocr.engines.vlm.decoding.modes import DecodingSettings
from ocr.engines.vlm.launching.sglang_launch import plan_launch
from ocr.models.catalog import resolve

TEXT = resolve("nemotron-labs-diffusion-8b").model_copy(update={"revision": "0123456789" * 4})


def test_self_speculation_is_one_command_and_one_file(tmp_path: Path) -> None:
    plan = plan_launch(TEXT, DecodingSettings(mode="self-speculation", block=16), tmp_path / "new")
    plan.write()
    assert plan.path.read_text(encoding="utf-8") == "algorithm: LinearSpec\nblock_size: 16\ncausal_context: true\n"
    words = " ".join(plan.command)
    assert "--model-path nvidia/Nemotron-Labs-Diffusion-8B" in words
    assert f"--revision {TEXT.revision} --trust-remote-code" in words
    assert f"--dllm-algorithm LinearSpec --dllm-algorithm-config {plan.path}" in words
    assert any("no release" in note for note in plan.notes)


def test_diffusion_writes_its_numbers_and_ar_warns(tmp_path: Path) -> None:
    plan = plan_launch(TEXT, DecodingSettings(mode="diffusion", threshold=0.8, steps=4), tmp_path)
    assert plan.config.splitlines()[0] == "algorithm: FastDiffuser"
    assert {"block_size: 32", "max_steps: 4", "threshold: 0.8"} <= set(plan.config.splitlines())
    ar = plan_launch(TEXT, DecodingSettings(mode="ar"), tmp_path)
    assert '{"ar_mode": true}' in ar.command
    assert any("wrong" in note for note in ar.notes)


def test_what_sglang_does_not_serve_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="SGLang has no class for nemotron-labs-diffusion-vlm-8b") as vision:
        plan_launch(resolve("nemotron-labs-diffusion-vlm-8b"), DecodingSettings(mode="ar"), tmp_path)
    assert "--engine transformers" in vision.value.hint
    with pytest.raises(EngineError, match="token by token only"):
        plan_launch(resolve("qwen2.5-vl-3b"), DecodingSettings(mode="self-speculation"), tmp_path)
    plain = plan_launch(resolve("qwen2.5-vl-3b"), DecodingSettings(mode="ar"), tmp_path)
    assert (plain.config, "--trust-remote-code" in plain.command) == ("", False)
    with pytest.raises(EngineError, match="has no decoding mode verify:rapid"):
        plan_launch(TEXT, DecodingSettings(mode="verify:rapid"), tmp_path)


def test_code_of_a_branch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'main' is not one commit"):
        plan_launch(resolve("nemotron-labs-diffusion-8b"), DecodingSettings(mode="diffusion"), tmp_path)
