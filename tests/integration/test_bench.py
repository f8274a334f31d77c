"""`ocr bench` as people type it, by the real command: fakes and local servers for engines, a browser for the report."""

import json
import os
import pty
import shutil
import signal
import subprocess
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from command import ENVIRONMENT, FAKE, OCR, make_scan, run_ocr
from command_server import MODULES, CommandServer
from vendor_server import KEY, SAY, Answer, environment, serve

from eval.systems.vendors import VENDORS
from ocr.core.errors import ExitCode

KEYS = [name for vendor in VENDORS.values() for name in vendor.keys]
CLEAN = {name: value for name, value in ENVIRONMENT.items() if name not in KEYS}
WITHOUT_PLOTS = os.pathsep.join((str(Path(__file__).parents[1] / "support/without_matplotlib"), CLEAN["PYTHONPATH"]))
CLIENTS = ("anthropic", "openai", "google.genai")
SERVER = CommandServer(OCR, CLEAN | {"PYTHONPATH": WITHOUT_PLOTS}, (*MODULES, "eval.bench", *CLIENTS))


def bench(
    folder: Path, *words: object, environment: dict[str, str] | None = None, plots: bool = False
) -> "subprocess.CompletedProcess[str]":
    variables = CLEAN | ({} if plots else {"PYTHONPATH": WITHOUT_PLOTS}) | (environment or {})
    return run_ocr("bench", *words, cwd=folder, environment=variables, server=SERVER, seconds=180)


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """Twelve small scans with truths, of six documents."""
    folder = tmp_path / "pages"
    rows = []
    for number in range(12):
        scan = make_scan(folder / f"p{number:02}.png", shade=10 * number)
        rows.append({"id": scan.stem, "document": f"d{number // 2}", "image": scan.name, "text": TRUTH})
    (folder / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder


# What the fake engine reads on page 1 of every scan.
TRUTH = "1. réu interpôs apelação à sentença que\n1. julgou procedente o pedido O réu"


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "ocr-bench/results.json").read_text(encoding="utf-8"))
    return found


def test_the_three_rivals_as_typed_without_a_key(tmp_path: Path) -> None:
    done = bench(tmp_path, *FAKE, "--compare", "opus", "gpt", "gemini")
    assert done.returncode == ExitCode.OK, done.stderr
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY"):
        assert f"no key: {name} is not set; to run it: export {name}=..." in done.stdout
    assert "published, not measured here" in done.stdout
    found = results(tmp_path)
    assert [row["status"] for row in found["systems"]] == ["measured", *["not run"] * 3]
    assert found["data"]["name"] == "samples"
    assert found["command"].endswith("--compare opus gpt gemini")


def test_identical_reading_scores_one_and_the_report_is_whole(tmp_path: Path, pages: Path) -> None:
    (tmp_path / "out").mkdir()
    for number in range(12):
        (tmp_path / f"out/p{number:02}.txt").write_text(TRUTH if number else "outra coisa", encoding="utf-8")
    done = bench(tmp_path, "--data", pages, *FAKE, "--compare", "recorded:out", "--machine", "box=0.10", plots=True)
    assert done.returncode == ExitCode.OK, done.stderr
    found = results(tmp_path)
    ours, recorded = found["systems"]
    assert ours["scores"]["strict"]["all"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert recorded["scores"]["strict"]["all"]["value"] < 1
    assert found["comparisons"]["recorded:out"]["strict"]["verdict"] == "not resolved"
    assert ours["cost"]["per_million"] > 0
    assert ours["cost"]["hourly"] == 0.10
    assert recorded["cost"]["per_million"] is None
    lines = (tmp_path / "ocr-bench/pages.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 24
    assert json.loads(lines[0])["score"]["published"]["levenshtein"] == 1.0
    for name in ("quality-cost.png", "quality-degeneration.png", "scores.png"):
        assert (tmp_path / "ocr-bench" / name).read_bytes().startswith(b"\x89PNG")
    for name in ("pages.jsonl", "report.html", "results.json"):
        assert (tmp_path / "ocr-bench" / name).stat().st_mode & 0o077 == 0


class Links(HTMLParser):
    """Collects whatever a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.images = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.images += tag == "img"
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_report_fetches_nothing_and_opens_in_a_browser(tmp_path: Path, pages: Path) -> None:
    done = bench(tmp_path, "--data", pages, *FAKE, "--set", "options.empty=[1]", "--compare", "opus", plots=True)
    assert done.returncode == ExitCode.OK, done.stderr
    report = tmp_path / "ocr-bench/report.html"
    links = Links()
    links.feed(report.read_text(encoding="utf-8"))
    assert links.images >= 2 + 6
    assert all(value.startswith("data:") for value in links.fetched)
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine")
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
    shown = subprocess.run(
        [browser, *options, "--dump-dom", report.as_uri()],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    ).stdout
    assert "How well pages are read" in shown
    assert shown.count("<h2>") > 6
    assert "nothing</em>" in shown


def test_a_failed_page_is_seen_counts_as_zero_and_is_read_again(tmp_path: Path, pages: Path) -> None:
    one_bad = bench(tmp_path, "--data", pages, *FAKE, "--set", "options.errs=[1]", "--set", "options.times=1")
    assert one_bad.returncode == ExitCode.OK, one_bad.stderr
    row = results(tmp_path)["systems"][0]
    assert row["states"] == {"ok": 11, "failed": 1}
    assert row["scores"]["strict"]["all"]["value"] == pytest.approx(11 / 12)
    assert row["scores"]["strict"]["read"] == 1.0
    again = bench(tmp_path, "--data", pages, *FAKE)
    assert again.returncode == ExitCode.OK
    assert results(tmp_path)["systems"][0]["states"] == {"ok": 12}


def test_a_run_that_was_killed_goes_on_where_it_stopped(tmp_path: Path, pages: Path) -> None:
    slow = ("--data", str(pages), *FAKE, "--set", "options.seconds=0.3", "--set", "options.concurrency=1")
    process = subprocess.Popen([OCR, "bench", *slow], cwd=tmp_path, env=CLEAN, stderr=subprocess.DEVNULL)
    cache = tmp_path / "ocr-bench/cache"
    deadline = time.monotonic() + 60
    while len(list(cache.rglob("*.json"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = {path.name: path.stat().st_mtime_ns for path in cache.rglob("*.json")}
    assert 3 <= len(kept) < 12
    assert bench(tmp_path, *slow).returncode == ExitCode.OK
    after = {path.name: path.stat().st_mtime_ns for path in cache.rglob("*.json") if path.name[:7] != "session"}
    assert len(after) == 12
    assert kept.items() <= after.items()


def test_a_damaged_answer_in_the_cache_is_read_again(tmp_path: Path, pages: Path) -> None:
    assert bench(tmp_path, "--data", pages, *FAKE).returncode == ExitCode.OK
    damaged = next(path for path in (tmp_path / "ocr-bench/cache").rglob("*.json") if path.name[:7] != "session")
    damaged.write_text("{", encoding="utf-8")
    assert bench(tmp_path, "--data", pages, *FAKE).returncode == ExitCode.OK
    assert json.loads(damaged.read_text(encoding="utf-8"))["generation"]["finish"] == "stop"
    assert results(tmp_path)["systems"][0]["states"] == {"ok": 12}


def test_two_runs_give_the_same_numbers(tmp_path: Path, pages: Path) -> None:
    assert bench(tmp_path, "--data", pages, *FAKE, "--machine", "l4").returncode == ExitCode.OK
    first = (tmp_path / "ocr-bench/results.json").read_bytes()
    assert bench(tmp_path, "--data", pages, *FAKE, "--machine", "l4").returncode == ExitCode.OK
    assert (tmp_path / "ocr-bench/results.json").read_bytes() == first


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="CPU time is read from /proc")
def test_an_engine_on_the_cpu_has_a_cost_without_a_machine_named(tmp_path: Path, pages: Path) -> None:
    done = bench(tmp_path, "--data", pages, *FAKE, "--set", "options.seconds=0.02")
    assert done.returncode == ExitCode.OK, done.stderr
    cost = results(tmp_path)["systems"][0]["cost"]
    assert (cost["how"], cost["machine"]["name"]) == ("cpu", "c7i")
    per_hour = cost["machine"]["hourly"] / cost["machine"]["cores"]
    assert cost["per_million"] == pytest.approx(per_hour / cost["pages_per_cpu_hour"] * 1e6)
    report = (tmp_path / "ocr-bench/report.html").read_text(encoding="utf-8")
    assert "pages per CPU hour measured" in report
    assert "AWS c7i.large" in report


def test_the_gate(tmp_path: Path, pages: Path) -> None:
    good = bench(tmp_path, "--data", pages, *FAKE, "--fail-under", "score=0.90", "--fail-under", "cer=0.02")
    assert good.returncode == ExitCode.OK, good.stderr
    shutil.copy(tmp_path / "ocr-bench/results.json", tmp_path / "before.json")
    bad = ("--data", pages, *FAKE, "--set", "options.words=6", "--baseline", "before.json")
    worse = bench(tmp_path, *bad)
    assert worse.returncode == ExitCode.GATE
    assert "published is worse than the baseline's by" in worse.stderr
    assert bench(tmp_path, "--data", pages, *FAKE, "--baseline", "before.json").returncode == ExitCode.OK
    under = bench(tmp_path, "--data", pages, *FAKE, "--set", "options.words=6", "--fail-under", "score=0.90")
    assert under.returncode == ExitCode.GATE
    assert "below 0.9" in under.stderr
    make_scan(pages / "more.png", shade=77)
    with (pages / "manifest.jsonl").open("a", encoding="utf-8") as file:
        file.write("\n" + json.dumps({"image": "more.png", "text": TRUTH}))
    other = bench(tmp_path, "--data", pages, *FAKE, "--baseline", "before.json")
    assert other.returncode == ExitCode.DATA
    assert "other pages" in other.stderr


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--compare", "opuss"), ExitCode.USAGE, "unknown system 'opuss'"),
        (("--engine", "rapd"), ExitCode.USAGE, "did you mean rapid"),
        (("--compare",), ExitCode.USAGE, "requires an argument"),
        (("stray",), ExitCode.USAGE, "unexpected extra argument"),
        (("--data", "nowhere"), ExitCode.DATA, "no such data set"),
        (("--machine", "mainframe"), ExitCode.USAGE, "not in the table"),
        (("--fail-under", "beauty=1"), ExitCode.USAGE, "METRIC=NUMBER"),
        (("--compare", "recorded:gone"), ExitCode.USAGE, "is no folder"),
        ((*FAKE, "--set", "options.start=fails"), ExitCode.ENGINE, "does not load"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, words: tuple[str, ...], code: ExitCode, message: str) -> None:
    done = bench(tmp_path, *words)
    assert (done.returncode, message in done.stderr.lower() or message in done.stderr) == (code, True), done.stderr


def test_pages_do_not_leave_without_consent(tmp_path: Path, pages: Path) -> None:
    # Nothing listens on this port: a page that left would be a failed row instead of this error.
    keys = {"ANTHROPIC_API_KEY": "sk-test-never-told", "ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}
    refused = bench(tmp_path, "--data", pages, *FAKE, "--compare", "opus", environment=keys)
    assert refused.returncode == ExitCode.USAGE
    assert "would send 12 page images to http://127.0.0.1:9 (claude-opus-5-5): about $" in refused.stderr
    assert "there is no terminal to ask on" in refused.stderr
    broke = bench(tmp_path, "--data", pages, *FAKE, "--compare", "opus", "--max-cost", "0.01", environment=keys)
    assert broke.returncode == ExitCode.OK, broke.stderr
    assert results(tmp_path)["systems"][1]["states"] == {"skipped": 12}
    unpriced = bench(tmp_path, *FAKE, "--compare", "claude-9", "--max-cost", "1", environment=keys)
    assert unpriced.returncode == ExitCode.USAGE
    for path in (tmp_path / "ocr-bench").rglob("*"):
        assert path.is_dir() or b"sk-test-never-told" not in path.read_bytes()
    assert "sk-test-never-told" not in refused.stderr + broke.stderr + broke.stdout


@pytest.mark.parametrize(("typed", "asked"), [("n", 0), ("y", 12)])
def test_a_person_at_a_terminal_is_asked(tmp_path: Path, pages: Path, typed: str, asked: int) -> None:
    terminal, ours = pty.openpty()
    with serve() as server, os.fdopen(terminal, "wb", buffering=0) as keyboard:
        server.script = [Answer(SAY["anthropic"](TRUTH))] * 12
        keyboard.write(typed.encode() + b"\n")
        words = ("--data", pages, *FAKE, "--compare", "opus")
        done = subprocess.run(
            [OCR, "bench", *map(str, words)],
            cwd=tmp_path,
            env=CLEAN | {"PYTHONPATH": WITHOUT_PLOTS} | environment(server),
            stdin=ours,
            stderr=ours,
            stdout=subprocess.DEVNULL,
            timeout=180,
            check=False,
        )
        assert done.returncode == ExitCode.OK
        assert len(server.asked) == asked
    os.close(ours)
    assert results(tmp_path)["systems"][1]["status"] == ("measured" if asked else "not run")


def test_vendors_are_read_once_and_a_second_run_costs_nothing(tmp_path: Path, pages: Path) -> None:
    reading = json.dumps({"text": TRUTH}, ensure_ascii=False)
    rivals = ("--data", pages, *FAKE, "--compare", "opus", "gpt", "gemini", "--yes")
    with serve() as server:
        # A vendor after the other; gemini answers its last page with half a stream, twice.
        whole = {name: Answer(SAY[name](reading)) for name in SAY}
        half = Answer(SAY["google"](reading, end=False))
        server.script = [whole["anthropic"]] * 12 + [whole["openai"]] * 12 + [whole["google"]] * 11 + [half] * 12
        first = bench(tmp_path, *rivals, environment=environment(server))
        assert first.returncode == ExitCode.OK, first.stderr
        _, opus, gpt, gemini = results(tmp_path)["systems"]
        assert opus["states"] == gpt["states"] == {"ok": 12}
        assert gemini["states"] == {"ok": 11, "failed": 1}
        assert opus["scores"]["strict"]["all"]["value"] == 1.0
        assert opus["cost"]["dollars"] == pytest.approx(12 * (3000 * 4 + 50 * 20) / 1e6)
        assert opus["cost"]["uncertain_dollars"] == 0 < gemini["cost"]["uncertain_dollars"]
        server.script, server.asked = [whole["google"]], []
        second = bench(tmp_path, *rivals, environment=environment(server))
        assert second.returncode == ExitCode.OK, second.stderr
        assert len(server.asked) == 1
        assert "would send 1 page image to" in second.stderr
        third = bench(tmp_path, *[word for word in rivals if word != "--yes"], environment=environment(server))
        assert third.returncode == ExitCode.OK, third.stderr
        assert len(server.asked) == 1
    found = results(tmp_path)["systems"]
    assert [row["states"] for row in found] == [{"ok": 12}] * 4
    # What the broken streams may have cost stays counted.
    assert found[3]["cost"]["uncertain_dollars"] > 0
    for path in (tmp_path / "ocr-bench").rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes()


def test_an_output_folder_that_cannot_be_written_is_exit_8(tmp_path: Path, pages: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    done = bench(tmp_path, "--data", pages, *FAKE, "--to", "taken/out")
    assert done.returncode == ExitCode.OUTPUT, done.stderr
    assert "cannot be written" in done.stderr


def test_without_the_extra_the_bench_still_judges(tmp_path: Path, pages: Path) -> None:
    absent = ("matplotlib", "anthropic", "openai", "google.genai", "pyarrow", "huggingface_hub")
    blocked = "import sys\n" + "".join(f"sys.modules[{name!r}] = None\n" for name in absent)
    (tmp_path / "lacking").mkdir()
    (tmp_path / "lacking/sitecustomize.py").write_text(blocked, encoding="utf-8")
    path = f"{tmp_path / 'lacking'}{os.pathsep}{CLEAN['PYTHONPATH']}"
    words = ("--data", pages, *FAKE, "--compare", "opus", "gpt", "gemini")
    done = bench(tmp_path, *words, environment={"PYTHONPATH": path, **dict.fromkeys(KEYS, "sk-test")})
    assert done.returncode == ExitCode.OK, done.stderr
    found = results(tmp_path)["systems"]
    assert [row["status"] for row in found] == ["measured", *["not run"] * 3]
    assert all(row["hint"] == "pip install 'lusocr[bench]'" for row in found[1:])
    assert "No plots" in (tmp_path / "ocr-bench/report.html").read_text(encoding="utf-8")


def test_a_wrong_key_is_a_row_that_was_not_run(tmp_path: Path, pages: Path) -> None:
    with serve() as server:
        server.script = [Answer(json.dumps({"error": {"message": KEY}}), 401, kind="application/json")] * 20
        done = bench(tmp_path, "--data", pages, *FAKE, "--compare", "gpt", "--yes", environment=environment(server))
    assert done.returncode == ExitCode.OK, done.stderr
    row = results(tmp_path)["systems"][1]
    assert row["status"] == "not run"
    assert "HTTP 401" in row["reason"]
    assert KEY not in done.stdout + done.stderr + json.dumps(row)


def test_help_does_not_need_the_heavy_packages(tmp_path: Path) -> None:
    done = bench(
        tmp_path, "--help", environment={"COLUMNS": "200", **{k: v for k, v in os.environ.items() if k == "PATH"}}
    )
    assert done.returncode == 0
    assert "--fail-under" in done.stdout
