"""`--compare` as people type it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.bench_command import spread_compare

THREE = ["--compare", "opus", "--compare", "gpt", "--compare", "gemini"]


@pytest.mark.parametrize(
    "typed",
    [
        "--compare opus gpt gemini",
        "--compare opus,gpt,gemini",
        "--compare=opus,gpt,gemini",
        "--compare=opus gpt gemini",
        "--compare opus, gpt gemini",
        "--compare opus --compare gpt --compare=gemini",
    ],
)
def test_every_spelling_means_the_same(typed: str) -> None:
    assert spread_compare(["bench", *typed.split()]) == ["bench", *THREE]


def test_the_list_ends_at_the_next_option() -> None:
    typed = ["bench", "--compare", "opus", "gpt", "gemini", "--data", "dharma", "--yes"]
    assert spread_compare(typed) == ["bench", *THREE, "--data", "dharma", "--yes"]
    typed = ["bench", "--data", "dharma", "--compare", "opus", "gpt", "gemini"]
    assert spread_compare(typed) == ["bench", "--data", "dharma", *THREE]


@pytest.mark.parametrize(
    "typed",
    [
        "bench",
        "bench --data x",
        "bench --compare",
        "bench --compare --yes",
        "bench stray",
        "bench -- --compare a b",
        "extract scans/ --compare a b",
        "--version",
        "",
    ],
)
def test_everything_else_stays_as_it_is(typed: str) -> None:
    assert spread_compare(typed.split()) == typed.split()


@given(
    st.lists(
        st.sampled_from(["bench", "--compare", "--compare=a", "a,b", "x", "--data", "--yes", "--", "-"]), max_size=8
    )
)
def test_rewriting_twice_changes_nothing(words: list[str]) -> None:
    once = spread_compare(["bench", *words])
    assert spread_compare(once) == once
