"""Quantize a promoted run for serving into `runs/NAME/awq` or `runs/NAME/fp8`, with the same regression check.

This half makes the calibration batches with the code of training, and writes processor, `reading.toml` and `run.json`.
`training/quantization/quantize_worker.py` writes the weights, in an environment of its own.
"""

import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from data.examples import Example
from ocr.core import files
from ocr.core.environment import load
from ocr.core.errors import UsageError
from ocr.models import catalog
from training.formatting import to_conversation
from training.plan import StageContext, StageRequest, read_sets
from training.quantization import compressor_environment
from training.run import Metrics, QuantizationSummary, Run
from training.run_dir import RunDir
from training.stages import conclude, evaluate, promote, run_steps

Scheme = Literal["awq", "fp8"]
PRESETS: dict[Scheme, str] = {"awq": "W4A16_ASYM", "fp8": "FP8_DYNAMIC"}
"""Presets of compressed-tensors: weights of 4 bits in groups of 128 with a zero point, or of 8 bits with a scale for
each channel and inputs scaled as they come."""
CALIBRATED: frozenset[Scheme] = frozenset({"awq"})
PAGES = 64
"""Pages for calibration: of 1,800 image tokens and 500 of text each, more tokens than the 128 sequences of 512 that
llm-compressor's examples take."""


def choose_scheme(name: str) -> Scheme:
    """Return the scheme of that name. Raises `UsageError` for another."""
    for scheme in PRESETS:
        if scheme == name:
            return scheme
    raise UsageError(f"--quantize {name}: no such scheme", hint=f"schemes: {', '.join(PRESETS)}")


def quantise(parent: Run, scheme: Scheme, request: StageRequest) -> Run:
    """Quantize a promoted run, apply the regression check to the result and return it, promoted.

    A finished result is not made twice. `run.json` of the parent stays as it is: stages and output folders identify the
    parent by it. Raises `GateError` where the result reads worse than the parent.
    """
    whole = request.home / parent.name
    directory = RunDir(whole / scheme)
    run = replace(
        parent,
        name=f"{parent.name}/{scheme}",
        parent=parent.name,
        base=str(whole),
        base_digest=files.hash_checkpoint(whole),
        state="training",
        forced=False,
        started=datetime.now(UTC).isoformat(),
    )
    earlier = directory.load() if directory.record.is_file() else None
    if earlier is not None and earlier.base_digest == run.base_digest:
        run = earlier
    context = StageContext(request, run, directory)
    if context.is_finished:
        return conclude(context)
    training, frozen = read_sets(parent, request.home)
    context = replace(context, training=training, frozen=frozen)
    with RunDir(whole).lock():
        context = run_steps(context, (partial(_quantize, scheme), evaluate, promote))
    return conclude(context)


def _quantize(scheme: Scheme, context: StageContext) -> StageContext:
    """Write the quantized checkpoint, unless that is done."""
    if context.run.state != "training":
        return context
    run = write_checkpoint(context.run, scheme, context.directory.path, context.training)
    return replace(context, run=run)


def write_checkpoint(run: Run, scheme: Scheme, folder: Path, training: Sequence[Example]) -> Run:
    """Write the quantized checkpoint of `run.base` to `folder` atomically; return the run, not yet evaluated.

    Raises `TrainingError` where llm-compressor fails.
    """
    started = time.monotonic()
    whole = Path(run.base)
    log = whole / f"{scheme}.log"
    print(f"quantizing {whole}; its log: {log}", file=sys.stderr)
    with TemporaryDirectory(dir=whole, prefix=f".{scheme}-") as name:
        draft = Path(name)
        (draft / "batches").mkdir()
        pages = training[:: max(1, len(training) // PAGES)][:PAGES] if scheme in CALIBRATED else []
        batches = _write_batches(run, pages, draft / "batches")
        job = {
            "checkpoint": str(whole.resolve()),
            "target": str((draft / "model").resolve()),
            "scheme": PRESETS[scheme],
            "batches": [str(batch.resolve()) for batch in batches],
        }
        (draft / "job.json").write_text(json.dumps(job), encoding="utf-8")
        compressor_environment.run_worker(draft / "job.json", log)
        _complete(run, draft / "model")
        numbers = QuantizationSummary(
            scheme=scheme,
            preset=PRESETS[scheme],
            pages=len(pages),
            bytes_before=_weigh(whole),
            bytes_after=_weigh(draft / "model"),
        )
        run = replace(
            run,
            state="trained",
            seconds=time.monotonic() - started,
            packages=run.packages | {"llmcompressor": compressor_environment.VERSION},
            metrics=Metrics(quantised=numbers),
        )
        RunDir(draft / "model").save(run)
        shutil.rmtree(folder, ignore_errors=True)
        (draft / "model").rename(folder)
    return run


def _write_batches(run: Run, pages: Sequence[Example], folder: Path) -> list[Path]:
    """Write one safetensors file a page, with the model inputs that the trainer's own collator makes."""
    if not pages:
        return []
    torch, trl = load("torch", extra="train"), load("trl.trainer.sft_trainer", extra="train")
    save_file = load("safetensors.torch", extra="train").save_file
    processor = load("transformers", extra="train").AutoProcessor.from_pretrained(run.base)
    collate = trl.DataCollatorForVisionLanguageModeling(processor=processor)
    model, manifest = run.model, Path(run.sets.train)
    written = []
    for number, page in enumerate(pages):
        batch: dict[str, Any] = collate([to_conversation(page, manifest.parent, model)])
        # In the precision of the model, without labels.
        tensors = {
            name: value.to(torch.bfloat16) if value.is_floating_point() else value
            for name, value in batch.items()
            if name != "labels"
        }
        written.append(folder / f"{number}.safetensors")
        save_file({name: value.contiguous() for name, value in tensors.items()}, written[-1])
    return written


def _complete(run: Run, folder: Path) -> None:
    """Write the files that an engine needs beside the weights: processor, generation settings, `reading.toml`."""
    whole = Path(run.base)
    load("transformers", extra="train").AutoProcessor.from_pretrained(whole).save_pretrained(folder)
    shutil.copyfile(whole / "generation_config.json", folder / "generation_config.json")
    # The kernels of four and eight bits compute with 16.
    serving = {"dtype": "bfloat16"}
    licence = catalog.resolve(run.base).licence
    catalog.save(run.model.model_copy(update={"serving": serving, "licence": licence}), folder)


def _weigh(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))
