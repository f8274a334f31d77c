"""The systems of a benchmark run: the evaluated engine, once for each decoding mode."""

from pathlib import Path

import pytest

from eval.bench import BenchConfig, _cache, _find_systems
from eval.datasets import ReferencePage
from ocr.core.document import EngineOutput
from ocr.core.errors import EngineError
from ocr.engines.vlm.decoding.modes import Mode
from ocr.pipeline.options import ExtractSettings


def config(to: Path, *modes: Mode) -> BenchConfig:
    settings = ExtractSettings.model_validate(
        {"engine": "transformers", "options": {"model": "qwen2.5-vl-3b"}, "decoding": {"block": 8, "mode": "ar"}}
    )
    return BenchConfig("samples", settings, (), to, "ocr bench", decoding=modes)


def test_every_mode_is_a_row_with_a_cache_of_its_own(tmp_path: Path) -> None:
    made = config(tmp_path, "ar", "verify:rapid")
    systems = _find_systems(made)
    assert [system.name for system in systems] == ["transformers ar", "transformers verify:rapid"]
    assert [system.is_ours for system in systems] == [True, False]
    page = ReferencePage("p", "d", Path("p.png"), 1, "texto", "0" * 64)
    _cache(made, systems[0]).put(page, EngineOutput("stop", text="texto"))
    found = [_cache(made, system).get(page) for system in systems]
    assert (found[0] is not None, found[1]) == (True, None), "the text is the same, the speed is not"


def test_a_mode_that_the_model_lacks_is_said_before_any_page_is_read(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"qwen2\.5-vl-3b was not trained to fill in masked tokens"):
        _find_systems(config(tmp_path, "ar", "diffusion"))
