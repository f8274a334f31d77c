"""Run the full counts and write what they printed into docs/proofs.md: `python benchmarks/prove.py [NAME...]`.

Each proof is a command that prints its numbers and leaves with another code than 0 when a bar is missed. Without
names all are run; with names only those, and the other sections of the page stay as they are. A proof whose material
or program is not at hand leaves with 77 and is noted as not run. Leaves with 1 when any proof failed.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/proofs.md"
NOT_RUN = 77
HEAD = """# Proofs

What `make prove` printed, as it was printed. Each section is one command, run from the project's root; run it again
to have the same numbers for another machine.
"""


@dataclass(frozen=True, slots=True)
class Proof:
    name: str
    shows: str
    command: str


PROOFS = (
    Proof("kills", "Killed at random moments, a run loses no page.", "python benchmarks/kills.py --count 100 --seed 2"),
    Proof("kills-real", "The same with the real engine.", "python benchmarks/kills.py --count 3 --engine rapid"),
    Proof("memory", "Memory does not grow with the document.", "python benchmarks/memory.py --pages 10 5000"),
    Proof(
        "hostile",
        "Hostile files end in their state and cost nobody else.",
        "python -m pytest -q tests/hostile",
    ),
    Proof("rotation", "Pages that lie on their side are found and turned.", "python benchmarks/rotation.py"),
    Proof("quality", "Character errors on real pages.", "python benchmarks/quality.py"),
    Proof("scores", "Scoring is fast, and equal to others' scores.", "python benchmarks/scores.py"),
    Proof("comparison", "The default engine beside Tesseract on real pages.", "python benchmarks/comparison.py"),
    Proof("guard", "Loops cost little.", "python benchmarks/guard_tokens.py 4000"),
    Proof("occupancy", "An engine is kept full.", "python benchmarks/occupancy.py 1000"),
    Proof("batching", "Pages together against one at a time, real vLLM.", "python benchmarks/batching.py"),
    Proof("cluster", "Killed workers of a cluster cost no page.", "python benchmarks/cluster_kills.py 20"),
    Proof("speed", "Faster than a plain loop of the same recogniser.", "python benchmarks/speed.py"),
)


def run(proof: Proof) -> tuple[int, str]:
    """Run one proof; answers its exit code and what it printed."""
    words = [sys.executable, *proof.command.split()[1:]]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    done = subprocess.run(
        words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.returncode, done.stdout


def section(proof: Proof, code: int, printed: str) -> str:
    """The part of the page about one proof."""
    verdict = {0: "held", NOT_RUN: "not run here"}.get(code, f"MISSED (exit {code})")
    return (
        f"## {proof.name}\n\n{proof.shows} **{verdict}**, on {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}.\n\n```\n$ {proof.command}\n{printed.strip()}\n```\n"
    )


def sections(page: Path) -> dict[str, str]:
    """The page as it stands: section by name."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    return {part.partition("\n")[0]: f"## {part}" for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(proof.name for proof in PROOFS))
    names = parser.parse_args().names
    unknown = set(names) - {proof.name for proof in PROOFS}
    if unknown:
        parser.error(f"no such proof: {', '.join(sorted(unknown))}")
    written = sections(PAGE)
    missed = []
    for proof in PROOFS:
        if names and proof.name not in names:
            continue
        print(f"{proof.name}: {proof.command}", flush=True)
        code, printed = run(proof)
        written[proof.name] = section(proof, code, printed)
        missed += [proof.name] if code not in (0, NOT_RUN) else []
        known = [written[proof.name].strip() for proof in PROOFS if proof.name in written]
        PAGE.write_text("\n\n".join([HEAD.strip(), *known]) + "\n", encoding="utf-8")
    if missed:
        raise SystemExit(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
