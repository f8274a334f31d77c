"""Decoding modes on held-out small forms: the same tokens, tokens per pass, seconds, errors and repetition.

    python -m benchmarks.decoding.modes_compared DIR [--pages 32] [--stride 1] [--plot FILE.svg]

DIR is what benchmarks/decoding/miniature.py left: forms and the run DIR/joint. All modes run in one process with one
cache, so that seconds compare. Bars: self-speculation and verify:rapid write the tokens of ar on every page, block and
batch; self-speculation writes 6 tokens a pass on answers of more than 100 tokens that are read with 5% errors or less,
and is 3 times as fast as ar at concurrency 1. Exits with 1 where a bar is missed, with 77 without a model.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib
import torch
import transformers
from matplotlib import pyplot

from benchmarks.run_all import NOT_RUN
from data.examples import Example, read_manifest
from eval.metrics.edit_distance import character_errors
from ocr.core.document import PageImage
from ocr.engines.base import Request, create
from ocr.engines.vlm.decoding.batch_decoder import BatchDecoder, make_step
from ocr.engines.vlm.decoding.modes import DecodingSettings
from ocr.engines.vlm.decoding.page_network import PageNetwork
from ocr.engines.vlm.decoding.page_row import PageRow, RowSettings
from ocr.engines.vlm.decoding.text_draft import KnownText, draft_text
from ocr.models import catalog
from ocr.models.prompts import PROMPTS, conversation
from ocr.repetition.detector import find
from training.formatting import look, read_pixels

BUDGET = 256
TOKENS_PER_PASS, SPEED = 6.0, 3.0
LONG, READ = 100, 0.05
"""Answers of more tokens than this, with a character error rate of at most that, count for the bar."""


Curves = dict[float, list[tuple[float, float]]]
"""Threshold -> passes a page and character error rate, by steps."""


@dataclass(frozen=True)
class Measured:
    """Pages as one mode wrote them."""

    rows: list[PageRow]
    seconds: float


class Reader:
    """A trained model with its held-out pages, prompts and drafts."""

    def __init__(self, folder: Path, examples: Sequence[Example], images: Path) -> None:
        transformers.utils.logging.disable_progress_bar()  # its lines would stand in the table
        self.model = catalog.resolve(str(folder))
        self.processor = transformers.AutoProcessor.from_pretrained(folder)
        self.network = transformers.AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
        self.ends = frozenset(self.network.generation_config.eos_token_id)
        self.examples = list(examples)
        messages = conversation(PROMPTS[self.model.prompt])
        prompt = self.processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        self.prompts: list[dict[str, Any]] = [
            dict(self.processor(text=[prompt], images=[look(images / each.image, self.model)], return_tensors="pt"))
            for each in self.examples
        ]
        self.drafts = [""] * len(self.examples)
        self.images = images

    def write(self, batch: int, mode: str, **numbers: object) -> Measured:
        """Write all pages, `batch` at once."""
        settings = DecodingSettings.model_validate({"mode": mode, **numbers})
        network = PageNetwork(self.network, drafter=bool(settings.drafter))
        decoder = BatchDecoder(network, make_step(settings, self.model))
        rows, started = [], time.perf_counter()
        with torch.inference_mode():
            for prompt, draft in zip(self.prompts, self.drafts, strict=True):
                while len(decoder.rows) >= batch:
                    decoder.step()
                propose = self._known(draft).propose if mode == "verify:rapid" else None
                rows.append(decoder.join(prompt, RowSettings(BUDGET, self.ends, propose=propose)))
            while decoder.rows:
                decoder.step()
        return Measured(rows, time.perf_counter() - started)

    def text(self, row: PageRow) -> str:
        return str(self.processor.tokenizer.decode(row.ids, skip_special_tokens=True))

    def errors(self, row: PageRow, example: Example) -> float:
        found = character_errors(example.text, self.text(row), "normalized")
        return found.edits / max(1, found.length)

    def _known(self, draft: str) -> KnownText:
        tokenizer = self.processor.tokenizer
        return KnownText(
            draft,
            lambda part: tokenizer(part, add_special_tokens=False)["input_ids"],
            lambda ids: str(tokenizer.decode(ids, skip_special_tokens=True)),
        )

    def mean_errors(self, rows: Sequence[PageRow]) -> float:
        """Return the mean character error rate of the pages."""
        return fmean(self.errors(row, example) for row, example in zip(rows, self.examples, strict=True))

    async def read_built_in(self) -> None:
        """Take the built-in reader's text of every page as its draft."""
        engine = create("rapid", {})
        await engine.start()
        try:
            for number, example in enumerate(self.examples):
                pixels = read_pixels(self.images / example.image)
                output = await engine.read(Request(PageImage(1, pixels, 100.0)))
                self.drafts[number] = draft_text(output, structured=False)
        finally:
            await engine.close()


def describe(reader: Reader, name: str, found: Measured, alone: Measured) -> str:
    """Return a row of the table of modes."""
    rows = found.rows
    tokens, passes = sum(len(row.ids) for row in rows), sum(row.passes for row in rows)
    errors = reader.mean_errors(rows)
    same = sum(row.ids == other.ids for row, other in zip(rows, alone.rows, strict=True))
    loops = sum(find(reader.text(row)) is not None for row in rows)
    drafted = sum(row.drafted for row in rows)
    accepted = f"{sum(row.accepted for row in rows) / drafted:.0%}" if drafted else "-"
    return (
        f"| {name} | {errors:.4f} | {same} of {len(rows)} | {loops} | {accepted} | {tokens / passes:.2f} "
        f"| {passes / len(rows):.1f} | {found.seconds / len(rows):.3f} | {alone.seconds / found.seconds:.2f} |"
    )


COLUMNS = (
    "mode", "CER", "same tokens as ar", "loops", "drafts accepted", "tokens per pass", "passes a page", "s a page",
    "times as fast as ar",
)  # fmt: skip
HEAD = f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|"


def draw_curves(curves: Curves, plot: Path | None) -> None:
    """Draw errors against passes, a line for each threshold, as SVG; the points are 1, 2, 4 and 8 steps."""
    if plot is None:
        return
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "lusocr"
    figure, axes = pyplot.subplots(figsize=(6, 3.5))
    for threshold, points in curves.items():
        axes.plot(*zip(*points, strict=True), marker="o", label=f"threshold {threshold}")
    axes.set_xlabel("passes a page (1, 2, 4, 8 steps a block)")
    axes.set_ylabel("character error rate")
    axes.legend()
    figure.tight_layout()
    figure.savefig(plot, metadata={"Date": None})


def compare_modes(reader: Reader, plot: Path | None) -> tuple[Measured, Measured]:
    """Print every mode at concurrency 1, and draw diffusion; return ar and self-speculation."""
    alone = reader.write(1, "ar")
    print(f"Concurrency 1, {len(reader.examples)} held-out forms\n\n{HEAD}")
    print(describe(reader, "ar", alone, alone), flush=True)
    speculation = alone
    for block in (4, 8, 16, 32, 64):
        found = reader.write(1, "self-speculation", block=block)
        print(describe(reader, f"self-speculation, block {block}", found, alone), flush=True)
        speculation = found if block == 32 else speculation
    for block in (8, 32):
        found = reader.write(1, "verify:rapid", block=block)
        print(describe(reader, f"verify:rapid, block {block}", found, alone), flush=True)
    curves: Curves = {threshold: [] for threshold in (0.7, 0.8, 0.9, 0.95)}
    for threshold, points in curves.items():
        for steps in (1, 2, 4, 8):
            found = reader.write(1, "diffusion", threshold=threshold, steps=steps)
            print(describe(reader, f"diffusion, threshold {threshold}, steps {steps}", found, alone), flush=True)
            points.append((sum(row.passes for row in found.rows) / len(found.rows), reader.mean_errors(found.rows)))
    draw_curves(curves, plot)
    found = reader.write(1, "diffusion", threshold=0.9, steps=8, revise=True)
    revised = sum(row.revised for row in found.rows)
    print(describe(reader, f"diffusion, 0.9, 8, revising ({revised} tokens changed)", found, alone), flush=True)
    return alone, speculation


def compare_batches(reader: Reader) -> None:
    """Print ar and self-speculation by the pages at once."""
    print(f"\nBy pages at once\n\n{HEAD}")
    for batch in (1, 4, 16):
        alone = reader.write(batch, "ar")
        print(describe(reader, f"ar, {batch} at once", alone, alone))
        found = reader.write(batch, "self-speculation")
        print(describe(reader, f"self-speculation, {batch} at once", found, alone), flush=True)


def count_differences(reader: Reader, alone: Measured, stride: int) -> tuple[int, int]:
    """Return how many pages differ from ar, of how many, over blocks of 1 to 64 and batches of 1 to 16."""
    different = total = 0
    for block in range(1, 65, stride):
        for batch in {1 + block % 16, 1 + (block * 7) % 16}:
            rows = reader.write(batch, "self-speculation", block=block).rows
            different += sum(row.ids != other.ids for row, other in zip(rows, alone.rows, strict=True))
            total += len(rows)
    return different, total


def judge(reader: Reader, alone: Measured, found: Measured, differences: tuple[int, int]) -> bool:
    """Print the bars and return whether all are held."""
    long = [
        row
        for row, example in zip(found.rows, reader.examples, strict=True)
        if len(row.ids) > LONG and reader.errors(row, example) <= READ
    ]
    per_pass = sum(len(row.ids) for row in long) / max(1, sum(row.passes for row in long))
    speed = alone.seconds / found.seconds
    print(f"\nblocks of 1 to 64, batches of 1 to 16: {differences[0]} of {differences[1]} pages differ from ar")
    print(f"tokens per pass on {len(long)} answers over {LONG} tokens, CER <= {READ:.0%}: {per_pass:.2f} (bar 6)")
    print(f"seconds against ar at concurrency 1: {speed:.2f} times as fast (bar 3)")
    return differences[0] == 0 and bool(long) and per_pass >= TOKENS_PER_PASS and speed >= SPEED


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", default="joint")
    parser.add_argument("--pages", type=int, default=32)
    parser.add_argument("--plot", type=Path, help="SVG file for errors against passes of diffusion")
    parser.add_argument("--stride", type=int, default=1, help="step of the blocks between 1 and 64")
    wanted = parser.parse_args()
    if not (wanted.folder / wanted.name / "config.json").is_file():
        print(f"{wanted.folder / wanted.name} holds no model: python -m benchmarks.decoding.miniature {wanted.folder}")
        sys.exit(NOT_RUN)
    torch.set_num_threads(1)
    examples = read_manifest(wanted.folder / "validation.jsonl")[: wanted.pages]
    reader = Reader(wanted.folder / wanted.name, examples, wanted.folder)
    asyncio.run(reader.read_built_in())
    alone, speculation = compare_modes(reader, wanted.plot)
    compare_batches(reader)
    few = Reader(wanted.folder / wanted.name, examples[:4], wanted.folder)
    differences = count_differences(few, few.write(1, "ar"), wanted.stride)
    sys.exit(0 if judge(reader, alone, speculation, differences) else 1)


if __name__ == "__main__":
    main()
