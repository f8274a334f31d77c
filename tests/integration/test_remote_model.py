"""The loading path of NVIDIA's vision model, on a small checkpoint of its architecture with code of its own."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from paths import ROOT
from vision_pages import page

from ocr.core.document import EngineOutput
from ocr.core.errors import EngineError, ExitCode, UsageError
from ocr.engines.base import Request, create
from ocr.models import catalog
from ocr.models.weights import allow_code

torch = pytest.importorskip("torch", reason="the extra gpu is not installed")
transformers = pytest.importorskip("transformers", reason="the extra gpu is not installed")
pytest.importorskip("trl", reason="the extra train is not installed")

from training.trainer.tiny_model import TEXTS, build_tokenizer, smallest  # noqa: E402

CODE = ROOT / "tests/support/nemotron_code"
NAME = "NemotronLabsDiffusionVLM"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with a Pixtral tower, a Ministral 3 language model and three files of code."""
    made: Path = tmp_path_factory.mktemp("nemotron")
    tokenizer = build_tokenizer(smallest(vocabulary=320), TEXTS)
    text = transformers.Ministral3Config(
        vocab_size=384, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=16, max_position_embeddings=512,
    )  # fmt: skip
    vision = transformers.PixtralVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2, image_size=56, patch_size=14
    )
    config = transformers.Mistral3Config(
        text_config=text,
        vision_config=vision,
        image_token_index=tokenizer.convert_tokens_to_ids("<|image_pad|>"),
        spatial_merge_size=2,
    )
    torch.manual_seed(0)
    transformers.Mistral3ForConditionalGeneration(config).save_pretrained(made)
    tokenizer.save_pretrained(made)
    for file in CODE.glob("*.py"):
        shutil.copy(file, made)
    values = json.loads((made / "config.json").read_text(encoding="utf-8"))
    values |= {
        "model_type": "nemotron_labs_diffusion_vlm",
        "architectures": [f"{NAME}Model"],
        "auto_map": {
            "AutoConfig": f"configuration_nemotron_labs_diffusion_vlm.{NAME}Config",
            "AutoModel": f"modeling_nemotron_labs_diffusion_vlm.{NAME}Model",
        },
    }
    (made / "config.json").write_text(json.dumps(values), encoding="utf-8")
    (made / "reading.toml").write_text('prompt = "page-text-1"\nremote_code = true\nmax_tokens = 4\n', encoding="utf-8")
    return made


def read(folder: Path, **options: object) -> EngineOutput:
    engine = create("transformers", {"model": str(folder), **options})

    async def run() -> EngineOutput:
        await engine.start()
        try:
            return await engine.read(Request(page(1)))
        finally:
            await engine.close()

    return asyncio.run(run())


def test_code_runs_only_after_a_yes_to_this_revision(folder: Path) -> None:
    model = catalog.resolve(str(folder))
    for trusted in ("", "another"):
        with pytest.raises(EngineError, match="needs the Python code of its repository") as refused:
            create("transformers", {"model": str(folder), "trusted_code": trusted})
        assert refused.value.exit_code == ExitCode.ENGINE
    with pytest.raises(UsageError, match="runs Python code from") as declined:
        allow_code(model, agreed=False, ask=lambda _: False)
    assert "--trust-code" in declined.value.hint
    assert allow_code(model, agreed=False, ask=lambda _: True) == model.revision
    branch = catalog.resolve("nemotron-labs-diffusion-vlm-8b")
    with pytest.raises(UsageError, match="revision main, which is not one commit"):
        allow_code(branch, agreed=True, ask=lambda _: True)


def test_the_page_is_read_through_its_own_functions(folder: Path) -> None:
    trusted = {"trusted_code": catalog.resolve(str(folder)).revision}
    plain = read(folder, **trusted, decoding={"mode": "diffusion", "block": 2})
    assert plain.finish in ("stop", "length"), plain.reason
    assert 1 <= plain.completion_tokens <= 4
    assert plain.passes == plain.completion_tokens
    again = read(folder, **trusted, decoding={"mode": "ar"})
    assert (again.text, again.passes) == (plain.text, plain.passes)
    with pytest.raises(EngineError, match="reads no image with --decoding self-speculation") as refused:
        read(folder, **trusted, decoding={"mode": "self-speculation", "block": 2})
    assert refused.value.hint == "its modes: ar, diffusion"
