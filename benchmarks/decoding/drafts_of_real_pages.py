"""Tokens per pass of `verify:rapid` on whole pages, for a model that writes the reference text.

    python -m benchmarks.decoding.drafts_of_real_pages [PAGES] [BLOCK] [FOLDER]

No model that reads these pages runs here, so none is run: verification is counted. After each accepted part the
built-in reader's text proposes a block, and the longest run that agrees with the reference is accepted, with one token
more. FOLDER holds manifest.jsonl: the shared pages, or what `ocr data compose` wrote. Tokens are those of a byte-level
BPE with 4,096 entries, trained on other texts; a model's larger vocabulary has fewer and longer tokens. Exits with 77
without ../shared.
"""

import asyncio
import json
import sys
from pathlib import Path

from benchmarks.arguments import parse_positional
from benchmarks.paths import CORPUS, PAGES
from benchmarks.run_all import NOT_RUN
from ocr.core.document import FIELDS, PageImage
from ocr.engines.base import Request, create
from ocr.engines.vlm.decoding.text_draft import KnownText, draft_text
from training.formatting import read_pixels
from training.trainer.tiny_model import TinyModelConfig, build_tokenizer

VOCABULARY, CHARACTERS = 4096, 1_000_000


def read_texts() -> list[str]:
    """Return the beginnings of the corpus's texts, for the tokenizer."""
    files = sorted(CORPUS.rglob("*.txt"))
    return [path.read_text(encoding="utf-8", errors="replace")[: CHARACTERS // max(1, len(files))] for path in files]


def count_passes(reference: list[int], known: KnownText, block: int) -> int:
    """Return the passes that verification takes: the first token comes with the prompt's pass."""
    written, passes = 1, 1
    while written < len(reference):
        draft = list(known.propose(reference[:written], block - 1))
        rest = reference[written:]
        pairs = zip(draft, rest, strict=False)
        run = next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(draft), len(rest)))
        written, passes = written + run + 1, passes + 1
    return passes


async def read_pages(paths: list[Path]) -> list[str]:
    """Return what the built-in engine reads of each page, as a draft."""
    engine = create("rapid", {})
    await engine.start()
    try:
        outputs = [await engine.read(Request(PageImage(1, read_pixels(path), 200.0))) for path in paths]
    finally:
        await engine.close()
    return [draft_text(output, structured=False) for output in outputs]


def main() -> None:
    wanted = parse_positional(__doc__, pages=12, block=32, folder=PAGES)
    if not (wanted.folder / "manifest.jsonl").is_file() or not CORPUS.is_dir():
        print(f"{wanted.folder} or {CORPUS} is missing")
        sys.exit(NOT_RUN)
    lines = (wanted.folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines][:: max(1, len(lines) // wanted.pages)][: wanted.pages]
    tokenizer = build_tokenizer(TinyModelConfig(vocabulary=VOCABULARY), read_texts())

    def encode(text: str) -> list[int]:
        ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    drafts = asyncio.run(read_pages([wanted.folder / row["image"] for row in rows]))
    print("| page | tokens | passes | tokens per pass |\n|---|---|---|---|")
    tokens = passes = 0
    for row, draft in zip(rows, drafts, strict=True):
        reference = encode("\n".join(row[field] for field in FIELDS if row.get(field)))
        known = KnownText(draft, encode, lambda ids: str(tokenizer.decode(ids)))
        taken = count_passes(reference, known, wanted.block)
        tokens, passes = tokens + len(reference), passes + taken
        print(f"| {row['id']} | {len(reference)} | {taken} | {len(reference) / taken:.2f} |")
    print(f"all: {tokens} tokens in {passes} passes, {tokens / passes:.2f} per pass, blocks of {wanted.block}")


if __name__ == "__main__":
    main()
