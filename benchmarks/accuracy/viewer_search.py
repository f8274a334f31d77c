"""Search a searchable PDF in a viewer: pdf.js in headless Chromium finds phrases across line ends.

    npm install pdfjs-dist                      # in any folder
    python -m benchmarks.accuracy.viewer_search NODE_MODULES [--evidence DIR]

Reads two samples with the built-in engine, writes their PDF, opens each in the viewer component of pdf.js and searches
phrases that start on one line and end on the next. Prints the number of matches; `--evidence` keeps a picture with
the marked phrase and the results as JSON. Exits with 1 where a phrase is not found once, with 77 without Chromium.
"""

import argparse
import functools
import http.server
import json
import shutil
import subprocess
import sys
import tempfile
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.robustness.killed_runs import ENVIRONMENT, OCR

SECONDS = 60
"""Longest time for one search."""
SHOWN = (110, 120, 800, 370)
"""The part of the picture that is kept."""
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
SEARCHES = {
    "letter.jpg": ("por intermédio de Inês, a notícia", "a função, e mamãe, já sem fôlego"),
    "ruling.pdf": (),
}
"""Phrases that are broken between two lines in print. Without any, the first line end of the text gives one."""
PAGE = """<!DOCTYPE html><meta charset="utf-8"><link rel="stylesheet" href="/pdfjs-dist/web/pdf_viewer.css">
<style>body {margin: 0} #box {position: absolute; width: 900px; height: 1200px; overflow: auto}</style>
<div id="box"><div id="viewer" class="pdfViewer"></div></div><img src="/wait" hidden>
<script type="module">
import * as pdfjs from "/pdfjs-dist/build/pdf.mjs";
globalThis.pdfjsLib = pdfjs;
pdfjs.GlobalWorkerOptions.workerSrc = "/pdfjs-dist/build/pdf.worker.mjs";
const parts = await import("/pdfjs-dist/web/pdf_viewer.mjs");
const bus = new parts.EventBus(), links = new parts.PDFLinkService({eventBus: bus});
const finder = new parts.PDFFindController({eventBus: bus, linkService: links});
const viewer = new parts.PDFViewer({container: document.getElementById("box"), eventBus: bus, linkService: links,
  findController: finder});
links.setViewer(viewer);
bus.on("pagesinit", () => bus.dispatch("find", {source: window, type: "", query: QUERY, caseSensitive: true,
  entireWord: false, highlightAll: true, findPrevious: false, matchDiacritics: true}));
const done = total => setTimeout(() => fetch("/result", {method: "POST", body: String(total)}), 1500);
bus.on("updatefindmatchescount", event => done(event.matchesCount.total));
bus.on("updatefindcontrolstate", event => { if (event.state === 1) done(0); });
const pdf = await pdfjs.getDocument({url: "/scan.pdf"}).promise;
viewer.setDocument(pdf); links.setDocument(pdf, null);
</script>"""


class Site(http.server.ThreadingHTTPServer):
    """Serves a folder on this machine, and hears what the page finds. The page has loaded once it has told that."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder)))
        self.heard = threading.Event()
        self.found = 0


class _Handler(http.server.SimpleHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        if self.path == "/wait":
            self.server.heard.wait(SECONDS)
            self.send_error(404)
        else:
            super().do_GET()

    def do_POST(self) -> None:
        self.server.found = int(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        self.server.heard.set()

    def log_message(self, *_: Any) -> None:
        pass


def search(browser: str, folder: Path, phrase: str, picture: Path) -> int:
    """Return how often the viewer finds a phrase in `scan.pdf` of the folder; `picture` gets what it shows."""
    (folder / "page.html").write_text(PAGE.replace("QUERY", json.dumps(phrase)), encoding="utf-8")
    with Site(folder) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        command = [
            *(
                browser,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--window-size=900,1200",
            ),
            *(f"--screenshot={picture}", f"http://127.0.0.1:{site.server_port}/page.html"),
        ]
        subprocess.run(command, capture_output=True, timeout=2 * SECONDS, check=False)
        site.shutdown()
        return site.found


def across_line_end(pages: list[dict[str, Any]]) -> str:
    """Return the last two words of a line and the first two of the next, in the body."""
    lines = [line["text"].split() for line in pages[0]["lines"] if line["field"] == "text"]
    for line, following in pairwise(lines):
        whole = len(line) > 5 and len(following) > 5 and line[-1].isalpha()
        if whole:
            return " ".join([*line[-2:], *following[:2]])
    raise SystemExit("no line end between words")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", type=Path, help="folder with pdfjs-dist: node_modules")
    parser.add_argument("--evidence", type=Path, help="folder for the picture and the results")
    arguments = parser.parse_args()
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None or not (arguments.modules / "pdfjs-dist").is_dir():
        print("needs Chromium and pdfjs-dist")
        sys.exit(77)
    results = []
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        scans = [SAMPLES / name for name in SEARCHES]
        command = [OCR, "extract", *scans, "--to", folder, "--out", "json,pdf", "--quiet"]
        subprocess.run(command, env=ENVIRONMENT, check=True)
        (folder / "pdfjs-dist").symlink_to((arguments.modules / "pdfjs-dist").resolve())
        for name, phrases in SEARCHES.items():
            shutil.copyfile(folder / f"{name}.pdf", folder / "scan.pdf")
            pages = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["pages"]
            for phrase in phrases or (across_line_end(pages),):
                shot = folder / f"shot-{len(results)}.png"
                results.append({"scan": name, "phrase": phrase, "found": search(browser, folder, phrase, shot)})
                print(f"{name}: {phrase!r}: found {results[-1]['found']} times", flush=True)
        if arguments.evidence:
            version = json.loads((folder / "pdfjs-dist/package.json").read_text(encoding="utf-8"))["version"]
            told = {"viewer": f"pdf.js {version}", "searches": results}
            text = json.dumps(told, ensure_ascii=False, indent=2)
            (arguments.evidence / "viewer-search.json").write_text(text + "\n", encoding="utf-8")
            shown = Image.open(folder / "shot-0.png").convert("RGB").crop(SHOWN)
            shown.quantize(12, dither=Image.Dither.NONE).save(arguments.evidence / "viewer-search.png", optimize=True)
    sys.exit(0 if all(result["found"] == 1 for result in results) else 1)


if __name__ == "__main__":
    main()
