"""The exponential moving average of a network's weights, which is what is judged and saved."""

from typing import Any

import torch


class AveragedWeights:
    """Averages of all floating-point state: trained parameters, then buffers such as running statistics.

    Source: Polyak and Juditsky 1992, with exponential weights.
    """

    def __init__(self, module: Any) -> None:
        self._module = module
        self.values = [value.detach().clone() for value in self._current()]

    def _current(self) -> list[Any]:
        parameters = [parameter.data for parameter in self._module.parameters() if parameter.requires_grad]
        return parameters + [value for value in self._module.buffers() if value.is_floating_point()]

    def update(self, kept: float) -> None:
        """Move the averages towards the present weights; `kept` is the share of the average that stays."""
        with torch.no_grad():
            torch._foreach_lerp_(self.values, self._current(), 1 - kept)

    def swap(self) -> None:
        """Exchange the module's weights and their averages."""
        with torch.no_grad():
            for current, average in zip(self._current(), self.values, strict=True):
                held = current.clone()
                current.copy_(average)
                average.copy_(held)

    def match_layout(self) -> None:
        """Lay out the averages as the weights are now: only then one kernel updates all of them."""
        pairs = zip(self._current(), self.values, strict=True)
        self.values = [torch.empty_like(value).copy_(average) for value, average in pairs]
