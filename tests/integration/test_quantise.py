"""A small run is quantised for real where llm-compressor's environment stands, and its weights are looked at."""

import json
from pathlib import Path

import pytest
from drawn import TEXTS, draw_lines

from data.examples import read_manifest
from ocr.core import files
from ocr.models import catalog

torch = pytest.importorskip("torch", reason="the extra train is not installed")
pytest.importorskip("trl", reason="the extra train is not installed")

from safetensors.torch import load_file  # noqa: E402

from training.quantization import compressor_environment  # noqa: E402
from training.quantization.quantize import Scheme, write_checkpoint  # noqa: E402
from training.recipe import read_recipe  # noqa: E402
from training.run import Run, Sets  # noqa: E402
from training.run_dir import RunDir  # noqa: E402
from training.trainer.tiny_model import build, smallest  # noqa: E402

pytestmark = [
    pytest.mark.serial,
    pytest.mark.skipif(
        not compressor_environment.is_ready(compressor_environment.find_folder()),
        reason=f"no environment of llm-compressor ({compressor_environment.VARIABLE} names one)",
    ),
]

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@pytest.fixture
def parent(tmp_path: Path) -> Run:
    """A run with a checkpoint whose widths are multiples of the 128 weights that share a scale; float32."""
    manifest = draw_lines(tmp_path)
    folder = tmp_path / "runs/general-1"
    shape = smallest(hidden=256, heads=4, key_value_heads=2, patch=16, vocabulary=320, full_attention=True)
    build(folder, shape, seed=0, texts=TEXTS)
    recipe = read_recipe("miniature", ["max_tokens=32"])
    sets = Sets(str(manifest), str(manifest), str(manifest))
    run = Run("general-1", "general", str(folder), files.hash_checkpoint(folder), recipe, sets)
    catalog.save(run.model, folder)
    RunDir(folder).save(run)
    return run


def restore(tensors: "dict[str, torch.Tensor]", name: str, scheme: Scheme) -> "torch.Tensor":
    """A quantised matrix as numbers again, by the format's definition and not by the library that wrote it."""
    scale = tensors[f"{name}.weight_scale"].float()
    if scheme == "fp8":
        return tensors[f"{name}.weight"].float() * scale
    rows, columns = tensors[f"{name}.weight_shape"].tolist()
    # Eight values of four bits an integer, the lowest first; zero points are packed down the columns.
    places = torch.arange(0, 32, 4)
    values = (tensors[f"{name}.weight_packed"].unsqueeze(-1) >> places & 15).reshape(rows, columns)
    zeros = tensors[f"{name}.weight_zero_point"]
    zeros = (zeros.unsqueeze(1) >> places[None, :, None] & 15).reshape(rows, -1)
    return ((values - zeros.repeat_interleave(128, 1)) * scale.repeat_interleave(128, 1)).float()


@pytest.mark.parametrize("scheme", ["fp8", "awq"])
def test_the_decoder_is_quantised_and_nothing_else(parent: Run, scheme: Scheme) -> None:
    whole = Path(parent.base)
    run = write_checkpoint(parent, scheme, whole / scheme, read_manifest(Path(parent.sets.train)))
    folder = whole / scheme

    described = json.loads((folder / "config.json").read_text(encoding="utf-8"))["quantization_config"]
    assert described["quant_method"] == "compressed-tensors"
    weights = described["config_groups"]["group_0"]["weights"]
    assert (weights["num_bits"], weights["type"], weights["strategy"]) == {
        "fp8": (8, "float", "channel"),
        "awq": (4, "int", "group"),
    }[scheme]
    assert "lm_head" in described["ignore"]
    assert not [name for name in described["ignore"] if name.startswith("model.layers")]

    before, after = load_file(whole / "model.safetensors"), load_file(folder / "model.safetensors")
    kept = [name for name in before if not name.removesuffix(".weight").endswith(PROJECTIONS) or "visual" in name]
    smoothed = [name for name in kept if "layernorm" in name or name.endswith("v_proj.bias")]
    assert any("visual" in name for name in kept)
    for name in set(kept) - set(smoothed):
        assert torch.equal(after[name], before[name].bfloat16()), name

    matrices = [name.removesuffix(".weight") for name in set(before) - set(kept)]
    assert len(matrices) == 2 * len(PROJECTIONS)
    for name in matrices:
        stored = after[f"{name}.weight" if scheme == "fp8" else f"{name}.weight_packed"]
        assert stored.dtype == (torch.float8_e4m3fn if scheme == "fp8" else torch.int32)
        # The norm before a matrix takes over the scale of its inputs.
        norm = {"q_proj": "input", "k_proj": "input", "v_proj": "input", "gate_proj": "post_attention"}
        side = norm.get(name.rpartition(".")[2], "post_attention" if name.endswith("up_proj") else "")
        layer = name.rpartition(".")[0].rpartition(".")[0]
        change = after[f"{layer}.{side}_layernorm.weight"].float() if side else torch.ones(1)
        if scheme == "awq" and name.endswith(("o_proj", "up_proj", "down_proj")):
            continue  # scaled from two sides
        got, expected = restore(after, name, scheme) * change, before[f"{name}.weight"]
        error = (got - expected).norm() / expected.norm()
        assert error < {"fp8": 0.04, "awq": 0.15}[scheme], (name, error)

    model = catalog.resolve(str(folder))
    assert (model.prompt, model.image.max_pixels, model.max_tokens) == ("image-only", 131072, 32)
    assert model.serving["dtype"] == "bfloat16"
    assert {"tokenizer.json", "processor_config.json", "generation_config.json"} <= {p.name for p in folder.iterdir()}
    assert RunDir(folder).load() == run
    numbers = run.metrics.quantised
    assert numbers is not None
    assert numbers.pages == {"fp8": 0, "awq": len(TEXTS)}[scheme]
    assert numbers.bytes_after == (folder / "model.safetensors").stat().st_size < numbers.bytes_before
    assert not list(whole.glob(f".{scheme}-*")), "drafts and batches are gone"
