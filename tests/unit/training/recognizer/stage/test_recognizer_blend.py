"""The place between base and tuned weights that is kept."""

from collections.abc import Callable

import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")

import torch

from training.recognizer.stage.recognizer_blend import TOLERATED, blend, choose_blend, weights_of


def tuned_module(start: float, end: float) -> tuple[object, dict[str, object]]:
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


def rate_above(module: torch.nn.BatchNorm1d, free: float) -> Callable[[], float]:
    """An error rate that grows where weights are above `free`."""
    return lambda: 0.01 + max(0.0, module.weight[0].item() - free)


@pytest.mark.parametrize(("free", "kept"), [(9.0, 1.0), (1.6, 0.6), (1.3, 0.3), (0.0, 0.3)])
def test_the_largest_share_that_costs_nothing_is_kept(free: float, kept: float) -> None:
    module, base = tuned_module(1.0, 2.0)
    assert choose_blend(module, base, (1.0, 0.6, 0.3), rate_above(module, free)) == kept
    found = [float(value.mean()) for value in weights_of(module).values()]
    assert found == pytest.approx([1 + kept] * 4)  # running statistics as well


def test_a_rise_below_the_tolerance_is_no_rise() -> None:
    module, base = tuned_module(1.0, 2.0)
    assert choose_blend(module, base, (1.0, 0.5), rate_above(module, 2.0 - 0.9 * TOLERATED)) == 1.0


def test_ends_of_the_way() -> None:
    module, base = tuned_module(1.0, 3.0)
    tuned = weights_of(module)
    for share, value in ((0.0, 1.0), (1.0, 3.0), (0.25, 1.5)):
        blend(module, base, tuned, share)
        assert module.bias[1].item() == pytest.approx(value)
    assert int(module.num_batches_tracked) == 0
    assert choose_blend(module, base, (), lambda: 0.0) == 1.0
