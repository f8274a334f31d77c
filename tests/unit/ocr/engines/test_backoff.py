"""Waits double up to a limit, and what a server asks for is understood in each of its forms."""

import email.utils
import time

import pytest

from ocr.engines.backoff import Backoff, retry_after


def test_waits_double_up_to_the_longest() -> None:
    backoff = Backoff(first=1.0, longest=10.0)
    assert [backoff.wait(attempt) for attempt in range(1, 7)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_the_server_decides_where_it_asks_for_a_time() -> None:
    assert Backoff(longest=10.0).wait(1, asked=600.0) == 600.0
    assert Backoff().wait(5, asked=0.0) == 0.0


def test_jitter_is_bounded_and_repeats_with_its_seed() -> None:
    backoff = Backoff(first=1.0, longest=1000.0, jitter=0.5)
    waits = [backoff.wait(3, seed=seed) for seed in range(200)]
    assert 4.0 <= min(waits) < 4.2
    assert 5.8 < max(waits) <= 6.0
    assert waits == [backoff.wait(3, seed=seed) for seed in range(200)]


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "x", "retry-after": "9"}, 9.0),
    ],
)
def test_what_a_response_asks_for(headers: dict[str, str], wait: float | None) -> None:
    assert retry_after(headers) == wait


def test_a_date_in_the_future_is_waited_for() -> None:
    wait = retry_after({"retry-after": email.utils.formatdate(time.time() + 30, usegmt=True)})
    assert wait is not None
    assert 25 < wait <= 31
