"""The joint objective trains real trl trainers, with adapters and with all weights, and leaves a model that says so."""

from pathlib import Path

import pytest
from drawn import TEXTS, draw_lines

from ocr.core.errors import TrainingError
from ocr.models import catalog

torch = pytest.importorskip("torch", reason="the extra train is not installed")
pytest.importorskip("trl", reason="the extra train is not installed")

from training.joint.joint_trainer import find_mask_token  # noqa: E402
from training.recipe import read_recipe  # noqa: E402
from training.run import Run, Sets  # noqa: E402
from training.run_dir import RunDir  # noqa: E402
from training.trainer import process  # noqa: E402
from training.trainer.model_loading import merge_weights  # noqa: E402
from training.trainer.monitor import read_log  # noqa: E402
from training.trainer.tiny_model import Architecture, build, build_tokenizer, smallest  # noqa: E402

SETTINGS = ("general.steps=2", "general.batch=4", "general.warmup=0", "precision=fp32", "max_tokens=32")


def train(folder: Path, name: str, architecture: Architecture, *settings: str) -> tuple[Path, float]:
    """Train a run on four drawn lines; return its folder and the loss of the first step."""
    manifest = draw_lines(folder)
    if not (folder / "base").is_dir():
        build(folder / "base", smallest(architecture=architecture, hidden=64, vocabulary=320), seed=0, texts=TEXTS)
    # This recipe has no model of its own to build, so both families take its path.
    recipe = read_recipe("qwen2.5-vl-3b-24gb", ["prompt=image-only", "structured=false", *SETTINGS, *settings])
    sets = Sets(str(manifest), str(manifest), str(manifest))
    run = Run(name, "general", str(folder / "base"), "", recipe, sets)
    directory = RunDir(folder / name)
    directory.save(run)
    process.train(directory)
    merge_weights(run, directory)
    return directory.path, read_log(directory.losses)[0].loss


@pytest.mark.parametrize(("architecture", "method"), [("qwen2_5_vl", "full"), ("qwen3_vl", "lora")])
def test_both_losses_come_from_one_pass(architecture: Architecture, method: str, tmp_path: Path) -> None:
    settings = (f"general.method={method}", "general.learning_rate=1e-3")
    plain, alone = train(tmp_path, "plain", architecture, *settings)
    joint, both = train(tmp_path, "joint", architecture, *settings, "objective=joint", "joint.block=4")
    logged = (joint / "losses.jsonl").read_text(encoding="utf-8").splitlines()[0]
    parts = {name: float(logged.partition(f'"{name}": ')[2].split(",")[0]) for name in ("loss_ar", "loss_diffusion")}
    assert parts["loss_ar"] == pytest.approx(alone, rel=1e-5), "the clean copy does not see the noisy one"
    assert both == pytest.approx(parts["loss_ar"] + 0.3 * parts["loss_diffusion"], rel=1e-5)
    assert catalog.resolve(str(plain)).diffusion.mask == -1
    diffusion = catalog.resolve(str(joint)).diffusion
    assert (diffusion.block, diffusion.mask > 0) == (4, True)


def test_a_tokenizer_without_a_token_to_mask_with_is_refused() -> None:
    tokenizer = build_tokenizer(smallest(vocabulary=320), TEXTS)
    assert tokenizer.convert_ids_to_tokens(find_mask_token(tokenizer)) == "<|quad_start|>"

    class Plain:
        mask_token = None

        @staticmethod
        def get_vocab() -> dict[str, int]:
            return {"a": 0}

    with pytest.raises(TrainingError, match="has none of the tokens") as refused:
        find_mask_token(Plain())
    assert refused.value.hint == "train it without diffusion: --set objective=ar"
