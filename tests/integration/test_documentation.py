"""Every command and Python block in README and docs: run in order, or parsed and listed with a reason.

The lab notebook and the decisions hold history; `benchmarks/run_all.py` runs the commands of the measured tables.
"""

import contextlib
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pypdfium2
import pytest
import typer.main
from command import ENVIRONMENT, run_ocr
from paths import ROOT, SAMPLES
from PIL import Image, ImageSequence

import cli
from data.synthesis.fonts import SHIPPED
from eval.bench_command import spread_compare

PAGES = [
    "README.md",
    "README.pt-BR.md",
    "docs/index.md",
    "docs/quickstart.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/guides").glob("*.md")),
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/concepts").glob("*.md")),
]

NOT_RUN = {
    r"--compare|bench --(data|baseline)": "asks vendors, or needs an earlier result",
    r"--model|--engine (vllm|server|transformers)|--url": "needs a model's weights or a server",
    r"--fill-gaps": "needs a text model; tests/integration/test_gap_proposals.py runs it",
    r"--cluster": "needs a Ray cluster; tests/integration/test_cluster.py runs it",
    r"ocr finetune": "trains; tests/integration/test_finetune.py runs every stage",
    r"--engine tesseract": "needs Tesseract; tests/integration/test_local_engines.py runs it",
    r"--count (1000|4000|100000|200)\b": "composes for minutes; the small example above it runs",
    r"ocr data (split|check) .*my-pages|--shares 0\.9,0\.1,0|pages/validation\.jsonl": "follows a long command",
    r"--rebuild": "replaces a damaged ledger; tests/integration/test_verify.py runs it",
    r"--set (render\.max_pixels|options\.workers)": "the same reading again",
}
"""Pattern of a command -> the reason why no test of this module runs it. Its options are parsed all the same."""

DPI = 150
"""Of the samples."""
ONE_CORE = "import os; os.sched_getaffinity = lambda _process: {0}"
"""Goes before Python blocks: a reader more has nothing to read here, and takes a second of CPU to load."""

OTHER_PROGRAMS = (
    "ocrmypdf ",
    "make ",
    "pip ",
    "pipx ",
    "python",
    "ray ",
    "export ",
    ". .venv",
    "pre-commit ",
    "$ ",
    "print(",
)
"""First words of lines that are no `ocr` command: CI runs `make`, the others belong to the user's machine."""


def code_lines(page: str) -> Iterator[str]:
    """Lines of indented blocks and of fenced blocks without a language other than `console`."""
    fence = ""
    for line in (ROOT / page).read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            fence = "" if fence else line.removeprefix("```") or "plain"
        elif line.startswith("    ") and not fence:
            yield line.strip()


def commands(page: str) -> list[str]:
    """The `ocr` commands of a page without their comments, in order."""
    return [line.split("  #")[0].strip() for line in code_lines(page) if line.startswith("ocr ")]


def python_blocks(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


def reason_not_run(command: str) -> str:
    return next((reason for pattern, reason in NOT_RUN.items() if re.search(pattern, command)), "")


@pytest.mark.parametrize("page", PAGES)
def test_every_code_line_is_known(page: str) -> None:
    unknown = [line for line in code_lines(page) if line and not line.startswith(("ocr ", *OTHER_PROGRAMS))]
    assert not unknown


@pytest.mark.parametrize("page", PAGES)
def test_every_command_parses(page: str) -> None:
    """Parse each command with the real parser, without running it: no option of the documentation is invented."""
    root = typer.main.get_command(cli.app)
    for command in commands(page):
        words = spread_compare(shlex.split(command)[1:])
        group, name = root, "ocr"
        with contextlib.ExitStack() as stack:
            while hasattr(group, "commands"):
                context = stack.enter_context(group.make_context(name, list(words), resilient_parsing=False))
                name, group, words = group.resolve_command(context, words)
            stack.enter_context(group.make_context(name, list(words)))


def run_commands(page: str) -> tuple[str, ...]:
    return tuple(command for command in commands(page) if not reason_not_run(command))


def first_of_each(content: Callable[[str], object]) -> list[str]:
    """Pages that have such content, without those that repeat another page's, as a translation does."""
    found: dict[object, str] = {}
    for page in PAGES:
        found.setdefault(content(page), page)
    return [page for kind, page in found.items() if kind]


def write_strips(folder: Path) -> None:
    """Write the first lines of each page of the samples: what is documented is the command, not the reading."""
    folder.mkdir()
    for path in SAMPLES.iterdir():
        if path.suffix == ".pdf":
            with pypdfium2.PdfDocument(path) as document:
                strips = [first_lines(page.render(scale=DPI / 72).to_pil()) for page in document]
        elif path.suffix in (".png", ".jpg", ".tiff"):
            with Image.open(path) as image:
                strips = [first_lines(page) for page in ImageSequence.Iterator(image)]
        else:
            continue
        more = {"save_all": True, "append_images": strips[1:]} if len(strips) > 1 else {}
        strips[0].save(folder / path.name, dpi=(DPI, DPI), resolution=DPI, **more)
    (folder / "truth").symlink_to(SAMPLES / "truth")


def first_lines(page: Image.Image) -> Image.Image:
    return page.crop((0, 0, page.width, 330))


@pytest.mark.parametrize("page", first_of_each(run_commands))
def test_the_commands_of_a_page_run_in_order(page: str, tmp_path: Path) -> None:
    write_strips(tmp_path / "samples")
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "letter.jpg").symlink_to(tmp_path / "samples" / "letter.jpg")
    (tmp_path / "text").mkdir()
    if "verify" in "".join(commands(page)):
        done = run_ocr("extract", "scans", "--out", "json,md", "--to", "text", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    for command in run_commands(page):
        done = run_ocr(*shlex.split(command)[1:], cwd=tmp_path)
        assert done.returncode == 0, f"{command}: {done.stderr}"


@pytest.mark.parametrize("page", first_of_each(lambda page: "\n".join(python_blocks(page))))
def test_the_python_blocks_of_a_page_run(page: str, tmp_path: Path) -> None:
    write_strips(tmp_path / "samples")
    (tmp_path / "fonts").symlink_to(SHIPPED)
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "law.txt").write_text("O prefeito do município decreta o seguinte.\n" * 200, encoding="utf-8")
    code = "\n".join((ONE_CORE, *python_blocks(page)))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_reason_is_still_needed() -> None:
    every = [command for page in PAGES for command in commands(page)]
    unused = [pattern for pattern in NOT_RUN if not any(re.search(pattern, command) for command in every)]
    assert not unused


def test_decisions_are_numbered_in_order_and_listed() -> None:
    """No number stands twice, none is left out, and the index has a row with the title of each page."""
    folder = ROOT / "docs/decisions"
    pages = sorted(folder.glob("[0-9]*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04d}" for number in range(1, len(pages) + 1)]
    rows = [line for line in (folder / "index.md").read_text(encoding="utf-8").splitlines() if line.startswith("| [")]
    titles = [page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for page in pages]
    assert rows == [f"| [{title[:4]}]({page.name}) | {title[6:]} |" for page, title in zip(pages, titles, strict=True)]


def test_pages_that_the_code_names_exist() -> None:
    named: dict[str, list[str]] = {}
    for package in ("ocr", "data", "eval", "training", "benchmarks", "docs"):
        for path in (path for ending in ("py", "toml", "md") for path in (ROOT / package).rglob(f"*.{ending}")):
            for page in re.findall(r"\bdocs/[\w/.-]+\.md\b", path.read_text(encoding="utf-8")):
                named.setdefault(page, []).append(path.relative_to(ROOT).as_posix())
    assert len(named) > 5
    assert {page: places for page, places in named.items() if not (ROOT / page).is_file()} == {}
