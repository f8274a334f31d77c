"""Measure recall, false alarms, position and time of the repetition detector beside published rules.

    python -m benchmarks.repetition.detection                   # all: 10,000 legitimate pages, 2,000 loops
    python -m benchmarks.repetition.detection --legitimate 500 --loops 100
    python -m benchmarks.repetition.detection --only-held-out --held-out 1 2

Reports on half 1 of the documents, with seeds that tuning never used. `benchmarks.repetition.synthetic_loops` says
what is inserted.
"""

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable
from importlib import import_module

from benchmarks.repetition.public_rules import RULES, Rule
from benchmarks.repetition.synthetic_loops import KINDS, InsertedLoop, documents, inserted_loops, legitimate_pages
from eval.metrics.stats import wilson
from ocr.core.document import Finish
from ocr.repetition.detector import RepetitionMonitor, find

SEED_HONEST, SEED_LOOPS = 20261125, 20261126


def ours(text: str, _finish: Finish) -> bool:
    """Apply our rule, which does not depend on the token limit."""
    return find(text) is not None


def share(hits: int, total: int) -> str:
    """Return a rate with its 95% Wilson interval as text."""
    interval = wilson(hits, total)
    return f"{hits}/{total} = {interval.value:.2%} ({interval.low:.2%} to {interval.high:.2%})"


def print_rules(legitimate: list[tuple[str, str]], loops: list[InsertedLoop]) -> None:
    rules: dict[str, Rule] = {"ours": ours, **RULES}
    print("\n| rule | false alarms |", " | ".join(KINDS), "| recall |")
    print("|---|---|" + "---|" * (len(KINDS) + 1))
    for name, rule in rules.items():
        alarms = sum(rule(page, "stop") for _, page in legitimate)
        found = Counter(loop.kind for loop in loops if rule(loop.text, finish_of(loop)))
        total = Counter(loop.kind for loop in loops)
        cells = [f"{found[kind] / total[kind]:.3f}" for kind in KINDS]
        print(
            f"| {name} | {share(alarms, len(legitimate))} |",
            " | ".join(cells),
            f"| {share(found.total(), len(loops))} |",
        )


def finish_of(loop: InsertedLoop) -> Finish:
    """Return "length" for a loop at the end, which hit the token limit; "stop" where text follows."""
    return "length" if loop.end == len(loop.text) else "stop"


def print_forms(legitimate: list[tuple[str, str]], loops: list[InsertedLoop]) -> None:
    alarms, pages = Counter(kind for kind, page in legitimate if find(page)), Counter(kind for kind, _ in legitimate)
    print(
        "\nlegitimate pages by kind (alarms/pages):",
        ", ".join(f"{kind} {alarms[kind]}/{pages[kind]}" for kind in pages),
    )
    answers = [(loop, find(loop.text)) for loop in loops]
    found, total = Counter(loop.form for loop, answer in answers if answer), Counter(loop.form for loop in loops)
    print("loops by form (found/inserted):", ", ".join(f"{form} {found[form]}/{total[form]}" for form in sorted(total)))
    starts = sorted(answer.start - loop.start for loop, answer in answers if answer)
    ends = sorted(answer.end - loop.end for loop, answer in answers if answer)
    for name, errors in (("start", starts), ("end", ends)):
        places = [errors[int(len(errors) * part)] for part in (0.05, 0.5, 0.95)]
        print(f"found {name} less true {name}, characters: 5% {places[0]}, median {places[1]}, 95% {places[2]}")


def print_monitor(legitimate: list[tuple[str, str]], loops: list[InsertedLoop]) -> None:
    """Print how long a loop gets until the monitor detects it, and what monitoring costs."""
    late, alarms = [], 0
    for loop in loops:
        monitor = RepetitionMonitor()
        seen = next((at for at in range(0, len(loop.text), 4) if monitor.feed(loop.text[at : at + 4])), None)
        if seen is not None:
            late.append(seen - loop.start)
    for _, page in legitimate[:2000]:
        monitor = RepetitionMonitor()
        alarms += any(monitor.feed(page[at : at + 4]) for at in range(0, len(page), 4))
    late.sort()
    print(
        f"\nmonitor: detects {share(len(late), len(loops))} of the loops while they are written (one that ends before"
    )
    print(f"the monitor can know is found afterwards); false alarms {share(alarms, min(2000, len(legitimate)))};")
    print(
        f"characters of loop written until detection: median {late[len(late) // 2]}, 95% {late[int(len(late) * 0.95)]}"
    )


def seconds(work: Callable[[], object], times: int = 5) -> float:
    """Return the best processor time of some runs: the cost of the work on a quiet machine."""
    best = []
    for _ in range(times):
        began = time.process_time()
        work()
        best.append(time.process_time() - began)
    return min(best)


def monitor_all(text: str) -> None:
    monitor = RepetitionMonitor()
    for at in range(0, len(text), 4):
        monitor.feed(text[at : at + 4])


def print_time(legitimate: list[tuple[str, str]]) -> None:
    pages = [page for _, page in legitimate if len(page) >= 5000][:300]
    costs = [seconds(lambda page=page: find(page), 3) / len(page) * 1e7 for page in pages]
    print(f"\nfind: median {statistics.median(costs):.2f} ms for 10 kB, slowest {max(costs):.2f} ({len(pages)} pages)")
    text = " ".join(documents(1))
    for name, size in (
        ("legitimate", 10_000),
        ("legitimate", 100_000),
        ("legitimate", 1_000_000),
        ("legitimate", 2_000_000),
    ):
        part = text[:size]
        print(f"{name} {size:>9,} characters: {seconds(lambda part=part: find(part), 2) / size * 1e7:.2f} ms for 10 kB")
    for unit in ("O recurso foi julgado improcedente.\n", ".", "<td></td>", "1234567 "):
        part = (unit * (2_000_000 // len(unit) + 1))[:2_000_000]
        print(f"loop of {unit!r}, 2 MB: {seconds(lambda part=part: find(part), 2) / 200 * 1000:.2f} ms for 10 kB")
    page = max((page for page in pages if len(page) <= 12_000), key=len)
    cost, tokens = seconds(lambda: monitor_all(page)), len(page) / 4
    print(f"monitor: {cost * 1000:.1f} ms for a page of {len(page):,} characters in pieces of 4 ({tokens:.0f} tokens);")
    print(f"at 300 tokens/s the page takes {tokens / 300:.1f} s: the monitor adds {cost / (tokens / 300):.3%}")


def print_held_out(number: int, rules: Iterable[str]) -> None:
    """Print the recall of every rule on one held-out round."""
    loops = list(import_module(f"benchmarks.repetition.held_out.round_{number}").loops())
    kinds = sorted({kind for kind, _ in loops})
    for kind in kinds:
        texts = [text for name, text in loops if name == kind]
        print(
            f"round {number}, kind {kind!r}: recall {share(sum(find(text) is not None for text in texts), len(texts))}"
        )
        for rule in rules:
            print(f"    {rule}: {share(sum(RULES[rule](text, 'length') for text in texts), len(texts))}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--legitimate", "--honest", type=int, default=10_000)
    parser.add_argument("--loops", type=int, default=2_000)
    parser.add_argument("--held-out", type=int, nargs="+", default=[], choices=range(1, 7), metavar="ROUND")
    parser.add_argument("--only-held-out", action="store_true", help="skip everything else")
    wanted = parser.parse_args()
    for number in wanted.held_out:
        print_held_out(number, RULES)
    if wanted.only_held_out:
        return
    legitimate = list(legitimate_pages(wanted.legitimate, SEED_HONEST, 1))
    loops = list(inserted_loops(wanted.loops, SEED_LOOPS, 1))
    print(
        f"{len(legitimate)} legitimate pages, {len(loops)} inserted loops, seeds {SEED_HONEST} and {SEED_LOOPS}, half 1"
    )
    print_rules(legitimate, loops)
    print_forms(legitimate, loops)
    print_monitor(legitimate, loops)
    print_time(legitimate)


if __name__ == "__main__":
    main()
