"""Measure the speed of all scores on all cores against a loop of rapidfuzz, nltk and jiwer in one process.

    python -m benchmarks.performance.scoring_speed [--pages 10000] [--text FOLDER]

Pages of 3 kB are cut from plain text (a folder of .txt files, or words drawn from a fixed list), and spoilt with 2%
random edits. The loop computes the published composite, CER and WER; ours computes everything that a report shows.
Both run in this one process tree, one after the other, the ratio is of the two times.
"""

import argparse
import os
import random
import resource
import sys
import time
from pathlib import Path

import jiwer
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from rapidfuzz.distance import Levenshtein

from eval.metrics.page_scores import PageScore, Pair, score_pages

SIZE = 3_000
WORDS = (
    "o",
    "a",
    "de",
    "que",
    "não",
    "são",
    "juízo",
    "ação",
    "º",
    "§",
    "1.234,56",
    "autos",
    "petição",
    "Brasília",
    "lei",
)


def make_pages(count: int, text: str, seed: int) -> list[Pair]:
    """Make pairs of a reference page and an output with errors."""
    source = random.Random(seed)
    pairs = []
    for _ in range(count):
        start = source.randrange(max(1, len(text) - SIZE))
        page = text[start : start + SIZE]
        letters = list(page)
        for _ in range(len(letters) // 50):
            letters[source.randrange(len(letters))] = source.choice(["", "a", "ã", " ", "rn"])
        pairs.append(Pair(page, "".join(letters)))
    return pairs


def plain_loop(pairs: list[Pair]) -> list[tuple[float, float, float]]:
    """What an evaluation script does: composite, CER, WER, one page after the other."""
    smooth = SmoothingFunction().method1
    results = []
    for pair in pairs:
        reference, output = pair.reference.split(), pair.output.split()
        bleu = float(sentence_bleu([reference], output, smoothing_function=smooth))
        ratio = Levenshtein.normalized_similarity(pair.reference, pair.output)
        cer, wer = jiwer.cer(pair.reference, pair.output), jiwer.wer(" ".join(reference), " ".join(output))
        results.append(((ratio + bleu) / 2, float(cer), float(wer)))
    return results


def cpu_seconds() -> float:
    """Of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def check_equal(plain: list[tuple[float, float, float]], ours: list[PageScore]) -> None:
    """The two sides computed the same numbers, or the ratio means nothing."""
    for expected, score in zip(plain, ours, strict=True):
        found = (score.published.score, score.characters["raw"].rate, score.words["raw"].rate)
        if any(abs(one - other) > 1e-9 for one, other in zip(expected, found, strict=True)):
            raise SystemExit(f"the scores differ: {expected} against {found}")


def main() -> None:
    """Time both and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--text", type=Path)
    options = parser.parse_args()
    source = random.Random(1)
    text = " ".join(source.choice(WORDS) for _ in range(300_000))
    if options.text:
        text = "".join(path.read_text(encoding="utf-8") for path in sorted(options.text.glob("*.txt")))
    pairs = make_pages(options.pages, text, seed=2)
    start, work = time.perf_counter(), cpu_seconds()
    plain = plain_loop(pairs)
    middle, plain_work = time.perf_counter(), cpu_seconds() - work
    ours = score_pages(pairs)
    end, our_work = time.perf_counter(), cpu_seconds() - work - plain_work
    check_equal(plain, ours)
    print(f"{len(pairs)} pages of {SIZE} characters, {os.cpu_count()} cores")
    print(f"rapidfuzz + nltk + jiwer, one process, 3 scores: {middle - start:6.1f} s")
    print(f"all cores, every score            : {end - middle:6.1f} s (starting the processes included)")
    ratio = (middle - start) / (end - middle)
    print(f"CPU seconds {plain_work:.1f} against {our_work:.1f} (a busy machine gives two processes no two cores)")
    print(f"ratio {ratio:.2f} (bar 3.0); the three shared scores are equal to 1e-9 on every page")
    sys.exit(ratio < 3)


if __name__ == "__main__":
    main()
