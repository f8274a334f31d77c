"""Collect the preference pairs of a stage `dpo`: mined from its parent's outputs, or taken from a file or a ledger."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from ocr.core.errors import TrainingError
from ocr.core.files import write_atomic
from training.plan import StageContext, held_out_images
from training.preferences.from_ledger import take_pairs
from training.preferences.mining import find_pairs
from training.preferences.pairs import Pair, weigh, write_pairs
from training.preferences.sampling import Sampled, read_pages


def write_stage_pairs(context: StageContext) -> None:
    """Write `pairs.jsonl` and `balance.json` into the run's folder, unless the pairs are there.

    Raises `TrainingError` where no pair is found, and what `take_pairs` and `read_pages` raise.
    """
    directory = context.directory
    if directory.pairs.is_file():
        return
    source = context.request.pairs_from
    pairs = _mine(context) if source is None else _take(context, source)
    write_pairs(directory.pairs, pairs)
    directory.pair_outputs.unlink(missing_ok=True)
    write_atomic(directory.balance, json.dumps(asdict(weigh(pairs)), indent=1).encode("utf-8"))


def _take(context: StageContext, source: Path) -> list[Pair]:
    """Return the pairs of a file or a ledger, none of a held-out page; print what was left out."""
    taken = take_pairs(source, context.run.model, context.directory.pair_pages, held_out_images(context.run))
    left_out = "\n".join(f"left out: {line}" for line in taken.left_out)
    if not taken.pairs:
        raise TrainingError(
            f"{source} gives no pair\n{left_out}".rstrip(),
            hint=f"read more scans with the model: ocr extract scans/ --model {context.run.base} --to DIR",
        )
    print(f"{len(taken.pairs)} pairs from {source}\n{left_out}".rstrip(), file=sys.stderr)
    return taken.pairs


def _mine(context: StageContext) -> list[Pair]:
    """Return pairs from the base's own outputs for training pages."""
    run, preference = context.run, context.run.recipe.dpo
    pages = list(context.training)[: preference.pages]
    manifest = Path(run.sets.train).parent
    sampled = Sampled(preference.samples, preference.temperature, run.seed)
    images = [manifest / page.image for page in pages]
    outputs = read_pages(context.request.engine, Path(run.base), images, sampled, context.directory.pair_outputs)
    pairs = list(find_pairs(pages, outputs, manifest, run.model))
    if not pairs:
        raise TrainingError(
            f"no pair: {len(pages)} pages were read {sampled.count} times and no output had an error of kind",
            hint="the model needs no dpo stage on these pages; or name others: --data DIR",
        )
    return pairs
