"""Hostile inputs against the renderer: every page ends in the state that the table says, and nothing is left behind."""

import asyncio
import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_case import HostileCase
from hostile_files import CASES
from processes import render_children

from ocr.core.document import PageImage
from ocr.core.errors import ScanError
from ocr.rendering.discovery import Scan, discover, shown
from ocr.rendering.renderer import Renderer, RenderSettings


def page_memories() -> list[str]:
    """Shared memories of pages that this process holds open; they have no name in /dev/shm or anywhere else."""
    gc.collect()  # a kept exception holds the frames, and so the pages, of its test
    targets = [str(file.readlink()) for file in Path("/proc/self/fd").glob("*") if file.is_symlink()]
    return [target for target in targets if "memfd:page" in target]


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """No process and no shared memory outlives a case."""
    yield
    assert not render_children(os.getpid())
    assert not page_memories()


async def read(scan: Scan, case: HostileCase) -> tuple[int, dict[int, PageImage | ScanError]]:
    """Pages found, and what became of each."""
    renderer = Renderer(RenderSettings.model_validate({"processes": 1, **case.settings}))
    await renderer.start()
    try:
        inspection = await renderer.inspect(scan.path, password=case.password)
        outcomes: dict[int, PageImage | ScanError] = {}
        for number in range(1, inspection.pages + 1):
            try:
                outcomes[number] = await renderer.render(scan.path, number, password=case.password)
            except ScanError as problem:
                outcomes[number] = problem
        return inspection.pages, outcomes
    finally:
        await renderer.close()


def assert_clear(problem: ScanError, words: str, hint: str, path: Path) -> None:
    assert words in problem.message
    assert hint in problem.hint
    assert problem.hint
    assert shown(path) in problem.message
    assert problem.message.isprintable()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_hostile_input(case: HostileCase, tmp_path: Path) -> None:
    path = case.make(tmp_path)
    if "permission" in case.name and os.geteuid() == 0:
        pytest.skip("root may read everything")
    (scan,) = discover([path])
    assert (scan.problem is not None) == case.refused_by_name
    if scan.problem is not None:
        assert_clear(scan.problem, case.problem, case.hint, scan.path)
        return
    if case.problem:
        with pytest.raises(ScanError) as refusal:
            asyncio.run(read(scan, case))
        assert_clear(refusal.value, case.problem, case.hint, scan.path)
        return
    pages, outcomes = asyncio.run(read(scan, case))
    assert pages == case.pages
    assert {number for number, outcome in outcomes.items() if isinstance(outcome, ScanError)} == set(case.bad)
    for number, outcome in outcomes.items():
        if isinstance(outcome, ScanError):
            assert_clear(outcome, case.bad[number], case.hint, scan.path)
            assert f"page {number}" in outcome.message
        else:
            assert outcome.pixels.shape[2] == 3
            assert (outcome.pixels.min() == 255) == case.blank


def test_the_table_is_large_and_its_names_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 150
