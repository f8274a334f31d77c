"""Count the calls between modules that one `ocr finetune` request makes.

    python -m benchmarks.training.request_path [TREE] [--list]

TREE is a checkout of this project; the default is the one that holds this file. One stage `general` of a tiny model
runs for one step, with 8 training pages, 100 held-out pages and an engine that returns the reference text.

A stop is a place in the code that, in the course of the request, calls a function of another module of the project.
The path of calls that leads to it belongs to the place: a function that two callers call makes its own calls twice,
however often a loop repeats them. Not counted: constructors and properties, loaders of packages, resumed
generators, work at import time, and calls below the first function outside the command and `training` (how `eval`
scores a page is not the request's way). `--list` prints the stops.
"""

import argparse
import atexit
import dis
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

PACKAGES = ("training", "eval", "data", "ocr")
COMMAND = ("training", "cli.py")
LOADERS = ("ocr/core/environment.py:load", "ocr/core/environment.py:load_on_use.<locals>.get", "ocr/lazy.py:load")
STAGE = ["finetune", "--stage", "general", "--recipe", "miniature", "--data", "pages"]
NUMBERS = ["scratch.hidden=64", "general.batch=4", "general.steps=1", "max_tokens=16", "precision=fp32"]
TREE, REPORT = "REQUEST_PATH_TREE", "REQUEST_PATH_REPORT"
"""Environment variables that tell a process which checkout is counted and where its report goes."""
GENERATOR = 0x20 | 0x80 | 0x200
"""Flags of the code of generators, coroutines and asynchronous generators."""

Call = tuple[str, int]
"""A function as module:function, and the place in its code that makes the next call."""


class CallCounter:
    """Record the stops of this process, each with the path of calls that leads to it."""

    def __init__(self, tree: Path) -> None:
        self._tree = f"{tree}{os.sep}"
        self._names: dict[CodeType, str] = {}
        self.stops: set[tuple[Call, ...]] = set()

    def start(self) -> None:
        threading.setprofile(self._see)
        sys.setprofile(self._see)

    def _see(self, frame: FrameType, event: str, _argument: object) -> None:
        if event != "call" or not (callee := self._name(frame.f_code)) or is_value(frame) or is_resumed(frame):
            return
        path: list[Call] = []
        above = frame.f_back
        while above is not None:
            if name := self._name(above.f_code):
                path.append((name, above.f_lasti))
            above = above.f_back
        if path and is_stop([callee, *(name for name, _ in path)]):
            self.stops.add((*reversed(path), (callee, 0)))

    def _name(self, code: CodeType) -> str:
        """Return module:function, or nothing for code of other packages."""
        name = self._names.get(code)
        if name is None:
            path = code.co_filename.removeprefix(self._tree)
            inside = path.partition(os.sep)[0] in PACKAGES or path == "cli.py"
            name = f"{path}:{code.co_qualname}" if inside and path != code.co_filename else ""
            self._names[code] = name
        return name


def is_stop(names: list[str]) -> bool:
    """Return whether a call counts. `names` are its functions, the called one first, then each caller's caller."""
    callee, caller, *above = names
    modules = [name.partition(":")[0] for name in (callee, caller)]
    at_import = any(name.endswith(":<module>") for name in (callee, caller, *above[:-1]))
    return modules[0] != modules[1] and caller.startswith(COMMAND) and not at_import and callee not in LOADERS


def is_value(frame: FrameType) -> bool:
    """Return whether the called function is a constructor, a property, or a validator or serializer of pydantic."""
    name = frame.f_code.co_name
    owners: list[Any] = [frame.f_globals]
    for part in frame.f_code.co_qualname.split("."):
        names = owners[-1] if isinstance(owners[-1], dict) else getattr(owners[-1], "__dict__", {})
        owners.append(names.get(part))
    checks = getattr(owners[-2], "__pydantic_decorators__", None)
    pydantic = checks and (name in checks.model_serializers or name in checks.field_validators)
    proxy = "PydanticDescriptorProxy" in type(owners[-1]).__name__
    return name.startswith("__") or isinstance(owners[-1], property) or proxy or bool(pydantic)


def is_resumed(frame: FrameType) -> bool:
    """Return whether a generator or coroutine goes on after it was suspended."""
    code = frame.f_code
    if not code.co_flags & GENERATOR:
        return False
    # Its code runs from the third instruction after the one that makes the generator.
    return frame.f_lasti > 2 * code.co_code[::2].index(dis.opmap["RETURN_GENERATOR"]) + 4


class Echo:
    """An engine whose output is the reference text: the shade of a page is its number."""

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

    registry: Any = getattr(engines, "ENGINES", None)
    if registry is None:
        from ocr.engines import base

        registry = base.ENGINES
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
    """Count from here to the end of the process, then leave the stops in the folder for reports."""
    counter = CallCounter(Path(os.environ[TREE]))

    def report() -> None:
        sys.setprofile(None)
        threading.setprofile(None)
        name = "training" if "training" in " ".join(sys.orig_argv[:4]) else "command"
        file = Path(os.environ[REPORT]) / f"{name}.json"
        file.write_text(json.dumps(sorted(counter.stops)), encoding="utf-8")

    atexit.register(report)
    counter.start()


def count(tree: Path) -> dict[str, list[list[Call]]]:
    """Run one stage of the checkout `tree` in child processes; return the stops of the command and of training."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for folder in ("reports", "hooks", "work"):
            (work / folder).mkdir()
        # Every Python process imports `sitecustomize`; the one that trains starts to count in it.
        hook = "import sys\nif 'training' in ' '.join(sys.orig_argv[:4]):\n    import request_path\n"
        hook += "    request_path.count_this_process()\n"
        (work / "hooks/sitecustomize.py").write_text(hook, encoding="utf-8")
        path = os.pathsep.join((str(work / "hooks"), str(tree), str(Path(__file__).parent)))
        environment = os.environ | {"PYTHONPATH": path, TREE: str(tree), REPORT: str(work / "reports")}
        environment |= {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONSAFEPATH": "1"}
        code = f"import sys, request_path as r; sys.exit(r.run_stage(r.Path({str(work / 'work')!r})))"
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        files = {name: work / f"reports/{name}.json" for name in ("command", "training")}
        return {name: json.loads(file.read_text(encoding="utf-8")) for name, file in files.items()}


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("tree", nargs="?", type=Path, default=Path(__file__).parents[2])
    arguments.add_argument("--list", action="store_true")
    given = arguments.parse_args()
    for process, stops in count(given.tree.resolve()).items():
        if given.list:
            pairs = Counter((stop[-2][0], stop[-1][0]) for stop in stops)
            print("\n".join(f"{times:3} {caller} -> {callee}" for (caller, callee), times in sorted(pairs.items())))
        print(f"{len(stops)} stops in the process of the {process}")


if __name__ == "__main__":
    main()
