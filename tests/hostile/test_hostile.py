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


def assert_nothing_left() -> None:
    """No process and no shared memory outlives the renderers."""
    assert not render_children(os.getpid())
    assert not page_memories()


Outcomes = dict[int, PageImage | ScanError]


class Decoder:
    """One renderer for all cases, as one `ocr extract` has for all files; a case with other settings gets its own."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._shared = Renderer(RenderSettings(processes=1))
        self._runner.run(self._shared.start())

    def read(self, scan: Scan, case: HostileCase) -> tuple[int, Outcomes]:
        """Return the pages found, and what became of each."""
        return self._runner.run(self._read(scan, case))

    async def _read(self, scan: Scan, case: HostileCase) -> tuple[int, Outcomes]:
        if not case.settings:
            return await _read_with(self._shared, scan, case)
        own = Renderer(RenderSettings.model_validate({"processes": 1, **case.settings}))
        await own.start()
        try:
            return await _read_with(own, scan, case)
        finally:
            await own.close()
            assert len(render_children(os.getpid())) <= 1, "a child of this case is left behind"

    def close(self) -> None:
        self._runner.run(self._shared.close())
        self._runner.close()


async def _read_with(renderer: Renderer, scan: Scan, case: HostileCase) -> tuple[int, Outcomes]:
    inspection = await renderer.inspect(scan.path, password=case.password)
    outcomes: Outcomes = {}
    for number in range(1, inspection.pages + 1):
        try:
            outcomes[number] = await renderer.render(scan.path, number, password=case.password)
        except ScanError as problem:
            outcomes[number] = problem
    return inspection.pages, outcomes


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    decoder = Decoder()
    yield decoder
    decoder.close()
    assert_nothing_left()


def assert_clear(problem: ScanError, words: str, hint: str, path: Path) -> None:
    assert words in problem.message
    assert hint in problem.hint
    assert problem.hint
    assert shown(path) in problem.message
    assert problem.message.isprintable()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_hostile_input(case: HostileCase, tmp_path: Path, decoder: Decoder) -> None:
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
            decoder.read(scan, case)
        assert_clear(refusal.value, case.problem, case.hint, scan.path)
        return
    pages, outcomes = decoder.read(scan, case)
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
