"""Fit how doubtful a page is on composed pages of their own: `python -m training.layout.doubt.doubt_fit RUN [PAGES]`.

A page is wrong if more than `WRONG` of its words stand in the wrong order. Two logistic regressions say how likely
that is: from the signs of the first look, and from these and that of the second. `ocr finetune --part layout` calls
this after the training; the weights lie in the file of the network.
"""

import random
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.layouts.page_composer import KINDS, PageRequest, compose_page
from data.layouts.page_truth import LayoutPage
from ocr.core.environment import load
from ocr.core.files import write_atomic
from ocr.layout.learned.doubt.page_doubt import FIRST, SECOND, signs_of_doubt
from ocr.layout.learned.structure_network import WEIGHTS, read_weights
from ocr.layout.page import level_pieces, possible_lines
from training.layout.layout_check import output_of, score
from training.layout.simulated_pieces import simulate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

WRONG = 0.05
FALSE = 0.045
"""Share of right pages that may be flagged, on pages that a fit did not see."""
LOOKED_AT = 0.2
"""Share of right pages that are looked at again, which takes nearly the time of the first look."""
PENALTY, STEPS, FOLDS = 10.0, 40, 10
"""Of the squared weights, of Newton's method, and of the cross-validation that sets the bound."""


def doubt_pages(count: int, seed: int) -> Iterable[LayoutPage]:
    """Yield composed pages that no training and no benchmark uses, all kinds in turn."""
    for number in range(count):
        yield compose_page(PageRequest(KINDS[number % len(KINDS)], f"doubt/{seed}/{number}")).truth


def fit_doubt(pages: Iterable[LayoutPage], folder: Path) -> None:
    """Fit the weights of doubt of a run's network and write them into its file of weights."""
    np: Any = load("numpy")
    weights = read_weights(folder / WEIGHTS)
    signs, wrong = [], []
    for page in pages:
        simulated = simulate(page, random.Random(f"measure/{page.seed}"), clipped=0.0)
        if not simulated.lines:
            continue
        output = output_of(simulated)
        signs.append(signs_of_doubt(*level_pieces(possible_lines(output), output), weights))
        wrong.append(score(page, simulated, str(folder)).order > WRONG)
    arrays = fitted(np.array(signs), np.array(wrong))
    with np.load(folder / WEIGHTS) as saved:
        kept = {name: saved[name] for name in saved.files}
    part = folder / f"{WEIGHTS}.part"
    with part.open("wb") as target:
        np.savez_compressed(target, **kept | arrays)
    write_atomic(folder / WEIGHTS, part.read_bytes())
    part.unlink()
    read_weights.cache_clear()


def fitted(signs: "Array", wrong: "Array") -> "dict[str, Array]":
    """Return the weights of the signs of the first look, and of all signs, each with a constant and a bound.

    `signs` has (pages, signs), that of the second look last; `wrong` says which pages are.
    """
    np: Any = load("numpy")
    first = signs[:, :-1]
    once, twice = _unseen(first, wrong), _unseen(signs, wrong)
    again, bound = once.min(), twice.min()
    if not wrong.all():
        again = np.quantile(once[~wrong], 1 - LOOKED_AT)
        seen = np.where(once >= again, twice, bound - 1)
        bound = np.quantile(seen[~wrong], 1 - FALSE, method="higher")
    return {
        FIRST: np.append(regression(first, wrong), again).astype(np.float32),
        SECOND: np.append(regression(signs, wrong), bound).astype(np.float32),
    }


def regression(signs: "Array", wrong: "Array") -> "Array":
    """Return the weights of a logistic regression, those of the signs and a constant, by Newton's method."""
    np: Any = load("numpy")
    middle, spread = signs.mean(axis=0), signs.std(axis=0) + 1e-3
    inputs = np.concatenate(((signs - middle) / spread, np.ones((len(signs), 1))), axis=1)
    penalty = np.diag([PENALTY] * signs.shape[1] + [1e-3])
    weights = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        slope = inputs.T @ (likely - wrong) + penalty @ weights
        bend = (inputs * (likely * (1 - likely))[:, None]).T @ inputs + penalty
        weights -= np.linalg.solve(bend, slope)
    scaled = weights[:-1] / spread
    found: Array = np.append(scaled, weights[-1] - scaled @ middle)
    return found


def _unseen(signs: "Array", wrong: "Array") -> "Array":
    """Return the score of each page by weights that were fitted without it."""
    np: Any = load("numpy")
    scores: Array = np.zeros(len(signs))
    folds = np.arange(len(signs)) % FOLDS
    for fold in range(FOLDS):
        weights = regression(signs[folds != fold], wrong[folds != fold])
        scores[folds == fold] = signs[folds == fold] @ weights[:-1] + weights[-1]
    return scores


if __name__ == "__main__":
    fit_doubt(doubt_pages(int(sys.argv[2]) if len(sys.argv) > 2 else 600, 0), Path(sys.argv[1]))
