"""The place between base and tuned weights that is kept."""

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")

import torch

from training.recognizer.ctc.line_scores import LineResult
from training.recognizer.stage.recognizer_blend import MARGIN, blend, choose_blend, weights_of
from training.recognizer.stage.recognizer_regression import ALLOWED

LINES, LENGTH = 1000, 40
NAMES = ("clean", "general")


def tuned_module(start: float, end: float) -> tuple[torch.nn.BatchNorm1d, dict[str, Any]]:
    """A module with weights at `end`, and its weights at `start`."""
    module = torch.nn.BatchNorm1d(3)
    fill(module, start)
    base = weights_of(module)
    fill(module, end)
    return module, base


def fill(module: torch.nn.BatchNorm1d, value: float) -> None:
    with torch.no_grad():
        for one in (module.weight, module.bias, module.running_mean, module.running_var):
            one.fill_(value)


def results(errors: int) -> list[LineResult]:
    """Lines of which so many have one error."""
    return [LineResult("", int(place < errors), LENGTH, "scan") for place in range(LINES)]


def errors_above(module: torch.nn.BatchNorm1d, free: float, name: str) -> Callable[[str], list[LineResult]]:
    """Readings with 20 errors in each set, and with many more in one of them where weights are above `free`."""

    def read(one: str) -> list[LineResult]:
        more = 300 * max(0.0, module.weight[0].item() - free)
        return results(20 + round(more) * (one == name))

    return read


@pytest.mark.parametrize("name", ["general", "clean"])
@pytest.mark.parametrize(("free", "kept"), [(9.0, 1.0), (1.6, 0.6), (1.3, 0.3), (0.0, 0.3)])
def test_the_largest_share_that_costs_nothing_is_kept(free: float, kept: float, name: str) -> None:
    module, base = tuned_module(1.0, 2.0)
    assert choose_blend(module, base, (1.0, 0.6, 0.3), NAMES, errors_above(module, free, name)) == kept
    found = [float(value.mean()) for value in weights_of(module).values()]
    assert found == pytest.approx([1 + kept] * 4)  # running statistics as well


@pytest.mark.parametrize(("margins", "kept"), [(0.5, 1.0), (1.1, 0.5)])
def test_the_bound_decides_and_not_the_change(margins: float, kept: float) -> None:
    module, base = tuned_module(1.0, 2.0)
    more = round(margins * MARGIN * ALLOWED["general"] * LINES * LENGTH)

    def read(_name: str) -> list[LineResult]:
        return results(20 + more * (module.weight[0].item() > 1.6))

    assert more / LINES / LENGTH < ALLOWED["general"]
    assert choose_blend(module, base, (1.0, 0.5), ("general",), read) == kept


def test_ends_of_the_way() -> None:
    module, base = tuned_module(1.0, 3.0)
    tuned = weights_of(module)
    for share, value in ((0.0, 1.0), (1.0, 3.0), (0.25, 1.5)):
        blend(module, base, tuned, share)
        assert module.bias[1].item() == pytest.approx(value)
    assert int(module.num_batches_tracked) == 0
    assert choose_blend(module, base, (), NAMES, lambda _name: []) == 1.0
