"""What tests of the real command share: running it, making small scans, and looking at a folder."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from command_server import CommandServer
from PIL import Image

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parents[1]
OCR = Path(sys.executable).with_name("ocr")
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join((str(TESTS), str(ROOT))),
    "PYTHONSAFEPATH": "1",
    "NO_COLOR": "1",
}
FAKE = ("--engine", "ocr.engines.fake:create")


SERVER = CommandServer(OCR, ENVIRONMENT)


def run_ocr(
    *words: object,
    cwd: Path,
    text: str | None = None,
    seconds: float = 120,
    fresh: bool = False,
    environment: Mapping[str, str] = ENVIRONMENT,
    server: CommandServer = SERVER,
) -> "subprocess.CompletedProcess[str]":
    """Run `ocr` to its end in the folder `cwd`; `text` goes to its standard input.

    `fresh` starts a process, which sees every core and has a hash seed of its own; see `command_server`. So does an
    `environment` with other PYTHON variables than that of `server`.
    """
    command = [str(word) for word in words]
    if not fresh and server.fits(environment):
        return server.run(command, cwd=cwd, environment=environment, text=text, seconds=seconds)
    return subprocess.run(
        [OCR, *command],
        cwd=cwd,
        env=environment,
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        encoding="utf-8",
        timeout=seconds,
        check=False,
    )


def make_scan(path: Path, pages: int = 1, shade: int = 100) -> Path:
    """A scan of small pages that differ from those of another shade; the suffix says which kind of file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images = [Image.new("L", (60, 80), 100 + (shade + number) % 150) for number in range(pages)]
    images[0].save(path, save_all=pages > 1, append_images=images[1:]) if pages > 1 else images[0].save(path)
    return path


def outputs(folder: Path) -> dict[str, bytes]:
    """Every file of an output folder that is not private to lusocr, by its path."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".lusocr" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(files)}
