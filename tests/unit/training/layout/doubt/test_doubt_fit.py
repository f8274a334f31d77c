import numpy as np
from numpy.typing import NDArray

from ocr.layout.learned.doubt.page_doubt import FIRST, SECOND
from training.layout.doubt.doubt_fit import doubt_pages, fitted, regression


def pages(count: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return signs, of which the second tells something and the last much, and which pages are wrong."""
    random = np.random.default_rng(3)
    wrong = random.random(count) < 0.2
    columns = (random.normal(size=count), *(random.normal(size=count) + much * wrong for much in (2, 3)))
    return np.stack(columns, axis=1), wrong


def test_a_regression_is_that_of_the_likelihood() -> None:
    signs, wrong = pages(400)
    weights = regression(signs, wrong)
    likely = 1 / (1 + np.exp(-(signs @ weights[:-1] + weights[-1])))
    assert abs(likely.mean() - wrong.mean()) < 1e-4
    assert weights[2] > weights[1] > abs(weights[0])


def test_the_bounds_let_few_right_pages_be_flagged_and_most_wrong_ones() -> None:
    signs, wrong = pages(3000)
    arrays = fitted(signs[:1000], wrong[:1000])
    once = signs[1000:, :-1] @ arrays[FIRST][:-2] + arrays[FIRST][-2] >= arrays[FIRST][-1]
    twice = signs[1000:] @ arrays[SECOND][:-2] + arrays[SECOND][-2] >= arrays[SECOND][-1]
    assert 0.1 < once[~wrong[1000:]].mean() < 0.3
    assert 0.02 < (once & twice)[~wrong[1000:]].mean() < 0.07
    assert (once & twice)[wrong[1000:]].mean() > 0.7


def test_all_pages_may_be_wrong_or_right() -> None:
    signs, _ = pages(40)
    everything, nothing = fitted(signs, np.ones(40, bool)), fitted(signs, np.zeros(40, bool))
    assert all(np.isfinite(array).all() for arrays in (everything, nothing) for array in arrays.values())


def test_its_pages_are_those_of_no_other_set() -> None:
    assert [page.seed for page in doubt_pages(2, 7)] == ["doubt/7/0", "doubt/7/1"]
