"""Processes that a test asks for, by their whole command lines: `ps` cuts its lines at the width of a terminal."""

import psutil


def descendants(parent: int) -> dict[int, str]:
    """Living descendants of a process: id and command line."""
    found: dict[int, str] = {}
    for child in psutil.Process(parent).children(recursive=True):
        try:
            if child.status() != psutil.STATUS_ZOMBIE:
                found[child.pid] = " ".join(child.cmdline())
        except psutil.NoSuchProcess:
            continue
    return found


def render_children(parent: int) -> list[int]:
    """Render children of a process that are alive."""
    return [number for number, words in descendants(parent).items() if "ocr.rendering.render_worker" in words]


def alive(number: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return bool(psutil.Process(number).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
