"""Composed lines: the same for one seed and index, legible, and with time steps enough for their text."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.lines.composer import (
    HEIGHT,
    LineComposer,
    LineConfig,
    draw_margins,
    fits,
    is_legible,
    time_steps,
    vary_signs,
)
from data.lines.texts import ALPHABET
from data.lines.wear_kinds import WEARS
from ocr.core.errors import DataError, UsageError


@pytest.fixture(scope="module")
def composer() -> LineComposer:
    return LineComposer(LineConfig(), seed=3)


def test_a_line_depends_on_seed_and_index_only(composer: LineComposer) -> None:
    other = LineComposer(pickle.loads(pickle.dumps(LineConfig())), seed=3)
    backwards = [other.compose(index) for index in reversed(range(12))][::-1]
    in_turn = [composer.compose() for _ in range(12)]
    for first, second in zip(in_turn, backwards, strict=True):
        assert np.array_equal(first.pixels, second.pixels)
        assert (first.text, first.wear, first.domain, first.face) == (
            second.text,
            second.wear,
            second.domain,
            second.face,
        )
    assert any(
        line.text != LineComposer(LineConfig(), seed=4).compose(place).text for place, line in enumerate(in_turn[:3])
    )


def test_strips_have_the_height_of_the_recognizer_and_steps_for_their_text(composer: LineComposer) -> None:
    for index in range(150):
        line = composer.compose(index)
        assert line.pixels.dtype == np.uint8
        assert line.pixels.shape[0] == HEIGHT
        assert fits(line.text, line.pixels.shape[1])
        assert line.pixels.shape[1] <= 2560
        assert set(line.text) <= {*ALPHABET, "\ufffd"}
        assert line.text == line.text.strip()
        assert "  " not in line.text


def test_no_line_is_wider_than_asked_for() -> None:
    narrow = LineComposer(LineConfig(most_width=400), seed=1)
    assert max(narrow.compose(index).pixels.shape[1] for index in range(60)) <= 400


@pytest.mark.parametrize("name", sorted(WEARS))
def test_every_wear_can_be_drawn_alone_and_leaves_ink(name: str) -> None:
    alone = {other: 0.0 for other in WEARS if other != name}
    composer = LineComposer(LineConfig(wears=alone, strength=(0.1, 0.3)), seed=5)
    for index in range(6):
        line = composer.compose(index)
        assert line.wear == name
        low, high = np.percentile(line.pixels, (2, 98))
        assert high - low > 40, f"{name}: hardly any contrast in line {index}"


def test_a_hard_case_can_be_left_out_and_asked_for() -> None:
    only = LineComposer(LineConfig(hard=1.0, cases=dict.fromkeys(("roman",), 1000.0)), seed=2)
    domains = [only.compose(index).domain for index in range(40)]
    assert domains.count("hard:roman") > 30
    none = LineComposer(LineConfig(hard=0.0), seed=2)
    assert not any(none.compose(index).domain.startswith("hard:") for index in range(40))


@pytest.mark.parametrize(
    "config",
    [
        LineConfig(wears={"coffee": 1.0}),
        LineConfig(wears={"scan": -1.0}),
        LineConfig(wears=dict.fromkeys(WEARS, 0.0)),
        LineConfig(cases={"poems": 1.0}),
        LineConfig(styles={"comic": 1.0}),
        LineConfig(strength=(1.0, 0.5)),
    ],
)
def test_unknown_names_and_bad_weights_are_refused(config: LineConfig) -> None:
    with pytest.raises(UsageError) as failure:
        LineComposer(config, seed=1)
    assert failure.value.hint


def test_missing_folders_are_refused(tmp_path: Path) -> None:
    for config in (
        LineConfig(texts=(tmp_path / "none",)),
        LineConfig(texts=(tmp_path,)),
        LineConfig(fonts=(tmp_path,)),
        LineConfig(shipped_fonts=False),
    ):
        with pytest.raises(DataError):
            LineComposer(config, seed=1)


def test_time_steps_count_a_step_between_equal_characters() -> None:
    assert time_steps("asa") == 3
    assert time_steps("passa") == 6
    assert time_steps("....") == 7
    assert fits("passa", 48)
    assert not fits("passa", 47)
    assert not fits("", 480)


def test_signs_vary_with_the_letters_left_as_they_are() -> None:
    import random

    seen = {vary_signs("-- Sim, d'onde vens?", random.Random(seed)) for seed in range(60)}
    assert "— Sim, d'onde vens?" in seen
    assert "– Sim, d’onde vens?" in seen
    assert not any("--" in line for line in seen)


def test_lost_ink_is_seen() -> None:
    clean = np.full((60, 200), 255, np.uint8)
    clean[20:40, 20:180:4] = 0
    strip = (5, 5, 195, 55)
    assert is_legible(clean, clean, strip)
    assert is_legible(clean, 255 - clean, strip)
    half = clean.copy()
    half[:, 100:] = 255
    assert not is_legible(clean, half, strip)
    assert not is_legible(clean, np.full_like(clean, 128), strip)


def test_margins_cut_letters_only_now_and_then() -> None:
    import random

    generator = random.Random(1)
    above = [draw_margins("scan", generator).above for _ in range(400)]
    assert 0 < sum(value < 0 for value in above) < 40


def test_the_configuration_can_be_changed_and_stays_frozen() -> None:
    config = replace(LineConfig(), hard=0.5)
    assert config.hard == 0.5
    with pytest.raises(AttributeError):
        config.hard = 0.1  # type: ignore[misc]
