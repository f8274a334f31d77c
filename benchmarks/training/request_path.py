"""Count the calls between modules that one `ocr finetune` request makes, in the process of the command and in training.

    python benchmarks/training/request_path.py [TREE] [--list]

TREE is a checkout of this project; the default is the checkout that holds this file. One stage `general` of a tiny
model runs for one step: 8 training pages, 100 held-out pages and an engine that returns the reference text. A call
counts where a function calls one of another module of the project. The same pair of functions counts once, however
many pages or steps repeat it. Calls through other packages count for the project function that is next on the stack.
Work at import time is left out. `--list` prints the pairs.
"""

import argparse
import atexit
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

PACKAGES = ("training", "eval", "data", "ocr")
STAGE = ["finetune", "--stage", "general", "--recipe", "miniature", "--data", "pages"]
NUMBERS = ["scratch.hidden=64", "general.batch=4", "general.steps=1", "max_tokens=16", "precision=fp32"]
TREE, REPORT = "REQUEST_PATH_TREE", "REQUEST_PATH_REPORT"
"""Environment variables that tell a process which checkout is counted and where its report goes."""


class CallCounter:
    """Record the calling context tree of the project's functions, as the paths of its calls between modules."""

    def __init__(self, tree: Path) -> None:
        self._tree = f"{tree}{os.sep}"
        self._names: dict[CodeType, str] = {}
        self.paths: set[tuple[tuple[str, int], ...]] = set()
        """Each from the first function to the last: a function and the place in it that makes the next call."""

    def start(self) -> None:
        threading.setprofile(self._see)
        sys.setprofile(self._see)

    def _see(self, frame: FrameType, event: str, _argument: object) -> None:
        if event != "call" or not (callee := self._name(frame.f_code)):
            return
        path: list[tuple[str, int]] = []
        above = frame.f_back
        while above is not None:
            if name := self._name(above.f_code):
                if not path and (name.partition(":")[0] == callee.partition(":")[0]):
                    return
                path.append((name, above.f_lasti))
            above = above.f_back
        if path and not any(name.endswith(":<module>") for name, _ in path[:-1]):
            self.paths.add((*reversed(path), (callee, 0)))

    def _name(self, code: CodeType) -> str:
        """Return module:function, or nothing for code of other packages."""
        name = self._names.get(code)
        if name is None:
            path = code.co_filename.removeprefix(self._tree)
            inside = path.partition(os.sep)[0] in PACKAGES or path == "cli.py"
            name = f"{path}:{code.co_qualname}" if inside and path != code.co_filename else ""
            self._names[code] = name
        return name


def outermost(function: str) -> str:
    """Return the function that a closure, lambda or comprehension stands in."""
    return function.partition(".<locals>")[0]


class Echo:
    """An engine whose output is the reference text: the pages say their number by their shade."""

    name, fingerprint, concurrency = "vllm", "echo", 1

    def __init__(self) -> None:
        self._output: Any = None

    async def start(self) -> None:
        # The value has another name and home in older checkouts.
        try:
            from ocr.core.document import EngineOutput
        except ImportError:
            from ocr.document import Generation as EngineOutput
        self._output = EngineOutput

    async def read(self, request: Any) -> Any:
        return self._output("stop", text=f"Folha {int(request.image.pixels[0, 0, 0])}")

    async def close(self) -> None:
        pass


def create_echo(_options: object) -> Echo:
    """Return the engine that stands for vLLM."""
    return Echo()


def write_pages(folder: Path) -> None:
    """Write 8 training and 100 held-out pages, each of its own document and shade."""
    from PIL import Image

    from data.examples import Example, write_manifest

    try:
        from ocr.core.files import hash_bytes
    except ImportError:
        from data.examples import hash_bytes
    folder.mkdir()
    for name, first, count in (("train", 0, 8), ("validation", 8, 100)):
        rows = []
        for shade in range(first, first + count):
            file = folder / f"{shade}.png"
            Image.new("RGB", (64, 32), (shade, shade, shade)).save(file)
            sha256, text = hash_bytes(file.read_bytes()), f"Folha {shade}"
            rows.append(
                Example(str(shade), str(shade), 1, file.name, sha256, 64, 32, "line", "drawn", "none", text=text)
            )
        write_manifest(folder / f"{name}.jsonl", rows)


def run_stage(work: Path) -> int:
    """Carry out one stage in the folder `work`, as `ocr finetune` does; return its exit code."""
    import cli
    from ocr import engines

    registry = getattr(engines, "ENGINES", None)
    if registry is None:
        from ocr.engines import base as registry_module

        registry = registry_module.ENGINES
    registry["vllm"] = "request_path:create_echo"
    write_pages(work / "pages")
    os.chdir(work)
    count_this_process()
    try:
        cli.main([*STAGE, *(word for number in NUMBERS for word in ("--set", number))])
    except SystemExit as done:
        return int(done.code or 0)
    return 0


def count_this_process() -> None:
    """Count from here to the end of the process, then leave the pairs in the folder for reports."""
    counter = CallCounter(Path(os.environ[TREE]))

    def report() -> None:
        sys.setprofile(None)
        threading.setprofile(None)
        file = Path(os.environ[REPORT]) / f"{os.getpid()}.json"
        file.write_text(json.dumps(sorted(counter.paths)), encoding="utf-8")

    atexit.register(report)
    counter.start()


def count(tree: Path) -> set[tuple[str, str]]:
    """Run one stage of the checkout `tree` in child processes; return the pairs of all of them."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for folder in ("reports", "hooks", "work"):
            (work / folder).mkdir()
        # Every Python process imports `sitecustomize`; the one that trains starts to count in it.
        hook = "import sys\nif 'training' in ' '.join(sys.orig_argv):\n    import request_path\n"
        hook += "    request_path.count_this_process()\n"
        (work / "hooks/sitecustomize.py").write_text(hook, encoding="utf-8")
        path = os.pathsep.join((str(work / "hooks"), str(tree), str(Path(__file__).parent)))
        environment = os.environ | {"PYTHONPATH": path, TREE: str(tree), REPORT: str(work / "reports")}
        environment |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONSAFEPATH": "1"}
        code = (
            f"import sys, request_path, pathlib; sys.exit(request_path.run_stage(pathlib.Path({str(work / 'work')!r})))"
        )
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        reports = sorted((work / "reports").glob("*.json"))
        if len(reports) != 2:
            raise SystemExit(f"{len(reports)} processes left a report, not the command and its training")
        return [json.loads(file.read_text(encoding="utf-8")) for file in reports]


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("tree", nargs="?", type=Path, default=Path(__file__).parents[2])
    arguments.add_argument("--list", action="store_true")
    given = arguments.parse_args()
    pairs = count(given.tree.resolve())
    if given.list:
        print("\n".join(f"{caller} -> {callee}" for caller, callee in sorted(pairs)))
    inside = [pair for pair in pairs if all(name.startswith(("training", "cli")) for name in pair)]
    print(f"{len(pairs)} calls between modules of the project, {len(inside)} of them between the command and training")


if __name__ == "__main__":
    main()
