"""What follows when the weights are quantised: processor and `run.json` beside them, and the gate."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from data.examples import Example, write_manifest
from ocr.core import files
from ocr.core.document import EngineOutput
from ocr.core.errors import GateError
from ocr.core.files import hash_bytes
from ocr.models import catalog

pytest.importorskip("torch", reason="the extra train is not installed")
pytest.importorskip("trl", reason="the extra train is not installed")

from training import run_dir, stages
from training.plan import StageRequest
from training.quantization import compressor_environment
from training.quantization.quantize import quantise
from training.recipe import read_recipe
from training.run import Run, Sets
from training.run_dir import RunDir
from training.trainer.tiny_model import build, smallest

PAGES = 100
TEXT = "Fica autorizada a União a abrir crédito."


def set_of(folder: Path, name: str) -> str:
    """A manifest of pages, two a document, in a shade of their own."""
    image = folder / f"{name}.png"
    Image.new("L", (64, 32), 256 - len(name)).save(image)
    sha256 = hash_bytes(image.read_bytes())
    examples = [
        Example(f"{name}-{n}", f"{name}-{n // 2}", 1, image.name, sha256, 64, 32, "line", "drawn", "none", text=TEXT)
        for n in range(PAGES)
    ]
    manifest = folder / f"{name}.jsonl"
    write_manifest(manifest, examples)
    return str(manifest)


@pytest.fixture
def parent(tmp_path: Path) -> Run:
    """A promoted run whose gate has kept its answers, all of them right."""
    folder = tmp_path / "runs/general-1"
    build(folder, smallest(hidden=64, patch=16, vocabulary=320), seed=0)
    recipe = read_recipe("miniature", [])
    train, held_out = set_of(tmp_path, "train"), set_of(tmp_path, "held")
    sets = Sets(train, held_out, held_out)
    data = {train: "a", held_out: "b"}
    run = Run("general-1", "general", "base", "", recipe, sets, state="promoted", data=data)
    catalog.save(run.model, folder)
    RunDir(folder).save(run)
    answers = [[{"text": TEXT, "finish": "stop"}]] * PAGES
    RunDir(folder).after.write_text(json.dumps(answers), encoding="utf-8")
    return run


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[Path]]:
    """Weights are "quantised" by copying them, and read as told; answers the folders that were read with."""

    def tell(text: str) -> list[Path]:
        seen: list[Path] = []

        def write(job: Path, _log: Path) -> None:
            told = json.loads(job.read_text(encoding="utf-8"))
            Path(told["target"]).mkdir()
            for name in ("config.json", "model.safetensors"):
                shutil.copy(Path(told["checkpoint"]) / name, told["target"])

        def read(_engine: str, model: Path, images: Sequence[Path], *_: object) -> list[tuple[EngineOutput, ...]]:
            seen.append(model)
            return [(EngineOutput(text=text, finish="stop"),) for _ in images]

        monkeypatch.setattr(compressor_environment, "run_worker", write)
        monkeypatch.setattr(stages, "read_pages", read)
        return seen

    return tell


def test_one_that_reads_as_well_is_promoted_once(
    parent: Run, reads: Callable[[str], list[Path]], tmp_path: Path
) -> None:
    home = tmp_path / "runs"
    known_by = files.hash_checkpoint(home / "general-1")
    request = StageRequest("general", home, parent.recipe)
    seen = reads(TEXT)
    run = quantise(parent, "fp8", request)
    assert (run.name, run.parent, run.state) == ("general-1/fp8", "general-1", "promoted")
    assert seen == [home / "general-1/fp8"], "the parent's own answers are not read again"
    assert quantise(parent, "fp8", request).started == run.started
    assert len(seen) == 1, "what is finished is not done twice"
    assert files.hash_checkpoint(home / "general-1") == known_by, "the parent stays what it was"
    assert catalog.resolve(str(home / "general-1/fp8")).serving == {"dtype": "bfloat16"}
    assert "FP8_DYNAMIC" in (home / "general-1/fp8/README.md").read_text(encoding="utf-8")
    assert [one.name for one in run_dir.all_runs(home)] == ["general-1"], "no stage starts from it"


def test_one_that_reads_worse_is_refused(parent: Run, reads: Callable[[str], list[Path]], tmp_path: Path) -> None:
    request = StageRequest("general", tmp_path / "runs", parent.recipe)
    reads("Fica autorizado o Uniao")
    for _ in range(2):
        with pytest.raises(GateError, match="general-1/awq fails the regression check"):
            quantise(parent, "awq", request)
    forced = quantise(parent, "awq", replace(request, force=True))
    assert (forced.state, forced.forced) == ("promoted", True)
