"""Check that benchmarks stay runnable: imports resolve, commands exist, docs/benchmarks.md shows those commands."""

import ast
import math
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT

from benchmarks.recognizer.legible_words import legible_reference, legible_words, line_errors
from benchmarks.run_all import BENCHMARKS, NOT_RUN, PAGE, Benchmark, render_table, replace_table, run
from eval.metrics.edit_distance import Errors
from ocr.core.document import Box, Line, Page, Word

FILES = sorted((ROOT / "benchmarks").rglob("*.py"))
PROJECT = ("ocr", "data", "eval", "training", "benchmarks", "cli")
KEPT = Benchmark("kept", "What is kept.", ("python -m benchmarks.accuracy.kept",))


def module_file(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def names_in(file: Path) -> set[str]:
    """Every name that a module binds at any level, so also under `if TYPE_CHECKING` and `try`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return found


def unresolved(file: Path) -> list[str]:
    """Imports of the project that lead nowhere.

    The packages export names lazily, by `__getattr__`. An import in an `except ImportError` is for another version of
    the project, which a script may measure too.
    """
    wrong = []
    tree = ast.parse(file.read_text(encoding="utf-8"))
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and is_import_error(node)]
    for_others = {id(node) for handler in handlers for node in ast.walk(handler)}
    for node in ast.walk(tree):
        if (
            id(node) in for_others
            or not isinstance(node, ast.ImportFrom)
            or (node.module or "").partition(".")[0] not in PROJECT
        ):
            continue
        target = module_file(node.module or "")
        known = names_in(target) if target else set()
        lazy = target is not None and "__getattr__" in known
        missing = [a.name for a in node.names if a.name not in known and not module_file(f"{node.module}.{a.name}")]
        wrong += [f"{node.module}.{name}" for name in missing if not lazy]
    return wrong


def is_import_error(handler: ast.ExceptHandler) -> bool:
    return handler.type is not None and ast.unparse(handler.type) in ("ImportError", "ModuleNotFoundError")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_a_benchmark_compiles_and_its_imports_resolve(file: Path) -> None:
    compile(file.read_text(encoding="utf-8"), file, "exec")
    assert not unresolved(file)


def test_the_check_sees_an_import_that_leads_nowhere(tmp_path: Path) -> None:
    file = tmp_path / "bad.py"
    file.write_text("from ocr.core.errors import OcrError, Nothing\nfrom ocr.gone import x\n", encoding="utf-8")
    assert unresolved(file) == ["ocr.core.errors.Nothing", "ocr.gone.x"]


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda benchmark: benchmark.name)
def test_every_command_names_a_script_with_a_main_block(benchmark: Benchmark) -> None:
    for module in re.findall(r"-m (benchmarks\.[\w.]+)", " ".join(benchmark.commands)):
        file = module_file(module)
        assert file is not None, module
        assert 'if __name__ == "__main__":' in file.read_text(encoding="utf-8")


def test_the_page_shows_each_table_under_its_command() -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = dict(re.findall(r"<!-- table: ([\w-]+) -->\n(.*?)\n<!-- end: \1 -->", page, re.DOTALL))
    assert len(shown) == page.count("<!-- table: ") == page.count("<!-- end: ")
    known = {benchmark.name: benchmark for benchmark in BENCHMARKS}
    for name, table in shown.items():
        commands = "\n".join(f"$ {command}" for command in known[name].commands)
        assert table.startswith(f"```console\n{commands}\n"), name


def test_a_table_is_replaced_and_text_around_it_is_kept() -> None:
    page = replace_table("# Benchmarks\n\n## Synthesis\n\nText.\n", KEPT, "old")
    page = page.replace("### What is kept\n", "### What is kept\n\nWritten by hand.\n")
    page = replace_table(page, KEPT, "new")
    assert "old" not in page
    assert "Written by hand.\n\n<!-- table: kept -->\nnew\n<!-- end: kept -->\n" in page
    assert page.index("## Synthesis") < page.index("## Accuracy")


def test_a_new_table_goes_to_the_end_of_its_section() -> None:
    page = "# Benchmarks\n\n## Accuracy\n\nFirst.\n\n## Synthesis\n\nLast.\n"
    grown = replace_table(page, KEPT, "table")
    assert grown.index("First.") < grown.index("table: kept") < grown.index("## Synthesis") < grown.index("Last.")


def test_a_failed_command_is_a_missed_bar() -> None:
    failing = Benchmark("failing", "A failure.", ("python -c 'print(6 * 7); raise SystemExit(3)'",))
    code, printed = run(failing)
    assert (code, printed) == (3, "42\n")
    assert "**Bar missed (exit 3)**" in render_table(failing, code, printed)


def test_a_command_stops_the_ones_after_it() -> None:
    code, printed = run(Benchmark("two", "Two.", (f"python -c 'raise SystemExit({NOT_RUN})'", "python -c 'print(1)'")))
    assert (code, printed) == (NOT_RUN, "")


def test_an_unknown_name_is_refused() -> None:
    command = [sys.executable, "-m", "benchmarks.run_all", "no-such"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 2
    assert "no such benchmark: no-such" in done.stderr


def read_line(text: str, top: float) -> Line:
    words = tuple(Word(word, (100.0 * n, top, 100.0 * n + 90, top + 20)) for n, word in enumerate(text.split()))
    return Line(text, (0, top, 390, top + 20), words=words)


def test_what_is_read_in_an_illegible_place_is_left_out() -> None:
    lines = (read_line("do Tr1b~ Regional", 0), read_line("a b c", 30), Line("#", (0, 60, 50, 80)))
    page = Page(1, "ok", lines=lines)
    places: list[Box] = [(95, 2, 200, 18), (-5, 28, 300, 52), (0, 61, 40, 79)]
    assert [word.text for word in legible_words(page, places)] == ["do", "Regional"]
    beside: list[Box] = [(60, 2, 130, 18), (0, 24, 300, 29)]  # less than half of two words, and a place between lines
    assert [word.text for word in legible_words(page, beside)] == ["do", "Tr1b~", "Regional", "a", "b", "c", "#"]
    assert legible_reference("do [ilegível] Regional\n[ilegível]") == "do  Regional\n"


def test_lines_are_compared_in_place() -> None:
    def reference(text: str, top: float) -> dict[str, Any]:
        return {"text": text, "box": (0, top, 390, top + 20)}

    page = Page(1, "ok", lines=(read_line("mais um", 30), read_line("do Regional", 0), read_line("x", 90)))
    wanted = [reference("do [ilegível] Regional", 0), reference("mais dois", 30)]
    assert line_errors(wanted, legible_words(page, []), 0) == Errors(edits=4 + 1, length=11 + 9)
    slope = math.tan(math.radians(2))
    skewed = [
        replace(word, box=(x, y + slope * x, right, bottom + slope * x))
        for word in legible_words(page, [])[:-1]
        for x, y, right, bottom in [word.box]
    ]
    leaning = [{**line, "box": (0, line["box"][1], 390, line["box"][3] + slope * 390)} for line in wanted]
    assert line_errors(leaning, skewed, 2.0).edits == 4
