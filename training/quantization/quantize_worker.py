"""Quantize a checkpoint in the environment of llm-compressor: `python quantize_worker.py JOB.json`.

llm-compressor and vLLM pin different versions of transformers and compressed-tensors, so this file is run as a script
there and imports nothing of lusocr. The job names the checkpoint, the folder for the weights, the scheme and the
calibration batches, which `training/quantization/quantize.py` made.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LANGUAGE = "language_model"
"""In the name of every quantized module. The vision tower is small, and its errors show in every letter. The output
layer decides between letters."""


def quantise(checkpoint: Path, target: Path, scheme: str, batches: Sequence[Path]) -> None:
    """Write the weights of `checkpoint` to `target` in `scheme`, calibrated on `batches` where there are any.

    `scheme` is a preset of compressed-tensors. Each batch is a safetensors file of one page: what the model's forward
    takes. With batches the weights are first scaled by the size of their inputs (AWQ, Lin et al., arXiv 2306.00978).
    """
    import torch
    import transformers
    from llmcompressor import oneshot
    from llmcompressor.modifiers.quantization import QuantizationModifier
    from llmcompressor.modifiers.transform.awq import AWQModifier
    from safetensors.torch import load_file

    model = transformers.AutoModelForImageTextToText.from_pretrained(checkpoint, dtype=torch.bfloat16)
    steps: list[Any] = [QuantizationModifier(targets="Linear", scheme=scheme, ignore=_kept(model))]
    options: dict[str, Any] = {}
    if batches:
        _spare_pinning(torch)
        steps.insert(0, AWQModifier(mappings=_mappings(), duo_scaling="both"))
        options = {
            "dataset": torch.utils.data.DataLoader(batches, batch_size=None, collate_fn=load_file),
            "num_calibration_samples": len(batches),
            "sequential_targets": [type(_layers(model)[0]).__name__],
            # Not used for batches that are tensors already, but required.
            "processor": transformers.AutoTokenizer.from_pretrained(checkpoint),
        }
    oneshot(model=model, recipe=steps, **options)
    model.save_pretrained(target, save_compressed=True)


def _kept(model: Any) -> list[str]:
    """Return the layers that keep their precision: vision tower, projection to the text model, output layer."""
    linear = [name for name, module in model.named_modules() if type(module).__name__ == "Linear"]
    return [name for name in linear if LANGUAGE not in name]


def _spare_pinning(torch: Any) -> None:
    """Turn off pinned memory without an accelerator: llm-compressor 0.14 fails there."""
    if not torch.accelerator.is_available():
        from llmcompressor.pipelines.cache import IntermediatesCache

        IntermediatesCache.pin_memory = lambda *_: None


def _layers(model: Any) -> Any:
    return model.get_submodule(next(name for name, _ in model.named_modules() if name.endswith(f"{LANGUAGE}.layers")))


def _mappings() -> list[Any]:
    """Return which layer takes over the scale of the weights after it, in a decoder of the Llama family."""
    from llmcompressor.modifiers.transform.awq import AWQMapping

    layer = rf"re:.*{LANGUAGE}\.layers\.\d+\."
    pairs = (
        ("input_layernorm", ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")),
        ("self_attn.v_proj", ("self_attn.o_proj",)),
        ("post_attention_layernorm", ("mlp.gate_proj", "mlp.up_proj")),
        ("mlp.up_proj", ("mlp.down_proj",)),
    )
    return [AWQMapping(f"{layer}{before}$", [f"{layer}{name}$" for name in after]) for before, after in pairs]


def main() -> None:
    """Run the job that the first argument names."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    batches = [Path(path) for path in job["batches"]]
    quantise(Path(job["checkpoint"]), Path(job["target"]), job["scheme"], batches)


if __name__ == "__main__":
    main()
