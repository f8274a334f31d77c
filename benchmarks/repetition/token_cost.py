"""Count the tokens that loops cost with and without the guard: `python -m benchmarks.repetition.token_cost [PAGES]`.

A page is real Portuguese text of 500 tokens on average (exponential, at least 50; a token is 4 characters). 3% of the
pages loop: from a random place on, 2 to 60 tokens repeat until the cap of 16,384. Half of those are cured at the second
attempt, the rest never: every further attempt, and every band of the page, loops again from a random place on.
"""

import asyncio
import random
import sys
from collections import Counter
from dataclasses import dataclass

import numpy as np

from benchmarks.arguments import parse_positional
from benchmarks.paths import CORPUS
from ocr.core.document import EngineOutput, Finish, Line, PageImage
from ocr.engines.base import Request
from ocr.pipeline.page_reader import PageReader

TEXT = CORPUS / "juridico_rulingbr_amostra.txt"
CAP, MEAN, LEAST, TOKEN = 16_384, 500, 50, 4
LOOPING, CURED = 0.03, 0.5
HEIGHT = 100


@dataclass(frozen=True)
class Truth:
    text: str
    loops: bool
    cured_at_second: bool


class ScriptedEngine:
    name = fingerprint = "scripted"
    concurrency = 64

    def __init__(self, truths: list[Truth]) -> None:
        self.truths = truths
        self.spent: Counter[str] = Counter()

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def read(self, request: Request) -> EngineOutput:
        truth = self.truths[request.image.number]
        banded = request.image.height < HEIGHT
        text = truth.text[: len(truth.text) // 2] if banded else truth.text
        looping = truth.loops and not (truth.cured_at_second and request.attempt >= 2)
        tokens, finish = self._write(text, random.Random(request.seed) if looping else None, request)
        step = "in bands" if banded else f"attempt {request.attempt}"
        self.spent[f"{'looping' if truth.loops else 'good'} pages, {step}"] += len(tokens)
        return EngineOutput(finish, "".join(tokens), completion_tokens=len(tokens))

    def _write(self, text: str, luck: random.Random | None, request: Request) -> tuple[list[str], Finish]:
        tokens = [text[place : place + TOKEN] for place in range(0, len(text), TOKEN)]
        finish: Finish = "stop"
        if luck is not None:
            start = luck.randrange(len(tokens))
            phrase = tokens[max(0, start - luck.randint(2, 60)) : start] or tokens[:2]
            tokens = tokens[:start] + phrase * (CAP // len(phrase) + 1)
            tokens, finish = tokens[:CAP], "length"
        for number, token in enumerate(tokens, start=1):
            if request.on_text is not None and not request.on_text(token):
                return tokens[:number], "repetition"
        return tokens, finish


class BuiltIn(ScriptedEngine):
    async def read(self, request: Request) -> EngineOutput:
        self.spent[f"pages of height {request.image.height}"] += 1
        return EngineOutput("stop", lines=(Line("lida", (0, 0, 9, 9)),))


def make_pages(count: int, luck: random.Random) -> list[Truth]:
    corpus = TEXT.read_text(encoding="utf-8")
    pages = []
    for number in range(count):
        length = TOKEN * max(LEAST, round(luck.expovariate(1 / (MEAN - LEAST))) + LEAST)
        start = luck.randrange(len(corpus) - length)
        loops = number < LOOPING * count
        pages.append(Truth(corpus[start : start + length], loops, number < CURED * LOOPING * count))
    return pages


async def read_all(engine: ScriptedEngine, fallback: BuiltIn) -> Counter[str]:
    readings = PageReader(engine, fallback)
    verdicts: Counter[str] = Counter()
    for number, truth in enumerate(engine.truths):
        image = PageImage(number, np.zeros((HEIGHT, 8, 3), dtype=np.uint8), 200.0)
        outcome = await readings.read(Request(image), f"{number:064x}")
        verdicts[
            f"{'looping' if truth.loops else 'good'} page -> {outcome.kept.generation.obtained or 'attempt 1'}"
        ] += 1
    return verdicts


def main() -> None:
    if not TEXT.is_file():
        print(f"{TEXT.name} is not at hand")
        sys.exit(77)
    count = parse_positional(__doc__, pages=4000).pages
    truths = make_pages(count, random.Random(0))
    free = sum(-(-len(truth.text) // TOKEN) for truth in truths)
    unguarded = sum(CAP if truth.loops else -(-len(truth.text) // TOKEN) for truth in truths)
    engine, fallback = ScriptedEngine(truths), BuiltIn(truths)
    verdicts = asyncio.run(read_all(engine, fallback))
    guarded = sum(engine.spent.values())
    print(f"{count:,} pages, {sum(truth.loops for truth in truths)} of them looping")
    print(f"loop-free   {free:>12,} tokens  1.000x")
    print(f"unguarded   {unguarded:>12,} tokens  {unguarded / free:.3f}x")
    print(f"guarded     {guarded:>12,} tokens  {guarded / free:.3f}x  (bar: 1.10x)")
    for spent_on, tokens in sorted(engine.spent.items()):
        print(f"    {spent_on:<28} {tokens:>12,} tokens")
    for verdict, pages in sorted(verdicts.items()):
        print(f"    {verdict:<56} {pages:>6,}")
    sys.exit(guarded > 1.10 * free)


if __name__ == "__main__":
    main()
