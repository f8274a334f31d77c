"""Where several sources of settings meet, the later one wins and the wrong one is blamed."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ocr.core.errors import UsageError
from ocr.core.settings import load
from ocr.pipeline.options import ExtractSettings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "night.toml"
    path.write_text('seconds = 5\nout = ["md"]\n[render]\ndpi = 300\n', encoding="utf-8")
    return path


def test_later_sources_win_key_by_key(file: Path) -> None:
    settings = load(ExtractSettings, file=file, assignments=["render.seconds=7", "seconds=6"], flags={"seconds": 8.0})
    assert (settings.render.dpi, settings.render.seconds, settings.seconds) == (300, 7, 8)
    assert load(ExtractSettings, file=None, assignments=[], flags={"out": None}) == ExtractSettings()


@pytest.mark.parametrize(
    ("assignments", "flags", "blamed"),
    [
        (["rendr.dpi=100"], {}, "--set rendr.dpi=100: unknown key 'rendr'"),
        (["seconds=9", "render=5"], {}, "--set render=5: render"),
        (["seconds.x=5"], {}, "--set seconds.x=5: seconds"),
        ([], {"witness": "some"}, "--witness: witness"),
        ([], {"out": "json,nonsense"}, "--out: out.1"),
    ],
)
def test_a_mistake_is_blamed_on_its_own_source(
    file: Path, assignments: list[str], flags: Mapping[str, object], blamed: str
) -> None:
    with pytest.raises(UsageError) as problem:
        load(ExtractSettings, file=file, assignments=assignments, flags=flags)
    assert problem.value.message.startswith(blamed)


def test_a_mistake_in_the_file_is_blamed_on_the_file(file: Path) -> None:
    file.write_text("[render]\ndpy = 300\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"night\.toml: unknown key 'render\.dpy'") as problem:
        load(ExtractSettings, file=file, assignments=["seconds=9"], flags={})
    assert problem.value.hint == "did you mean render.dpi?"


@pytest.mark.parametrize("assignment", ["out=json,md", "out=json, md", 'out=["json", "md"]'])
def test_formats_may_be_a_list_or_parted_by_commas(assignment: str) -> None:
    assert load(ExtractSettings, file=None, assignments=[assignment], flags={}).out == ("json", "md")
    assert load(ExtractSettings, file=None, assignments=[], flags={"out": "json,md"}).out == ("json", "md")


def test_a_wrong_flag_is_named_as_it_is_typed() -> None:
    with pytest.raises(UsageError, match=r"^--split-spreads: "):
        load(ExtractSettings, file=None, assignments=[], flags={"split_spreads": "maybe"})
