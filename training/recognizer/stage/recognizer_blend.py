"""Take a tuned recognizer back towards its base until it reads composed lines about as well as the base does.

New lines of one kind pull the weights away from everything else, the more of them there are. Weights on the straight
way between those of the base and the tuned ones keep most of what the archive taught and lose less of the rest
(Wortsman et al. 2022, "Robust fine-tuning of zero-shot models"). The regression check is rehearsed at places on that
way, with lines that the check itself does not read.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from training.recognizer.ctc.line_scores import LineResult
from training.recognizer.stage.recognizer_regression import ALLOWED, compare_lines

MARGIN = 0.5
"""Share of what the regression check allows that the upper bound of the change may reach in the rehearsal. Other lines
judge later, and may see more of a loss than those that chose."""

ReadSet = Callable[[str], Sequence[LineResult]]


def weights_of(module: Any) -> dict[str, Any]:
    """Return a copy of all floating-point weights and buffers of a module."""
    return {name: value.detach().clone() for name, value in module.state_dict().items() if value.is_floating_point()}


def blend(module: Any, base: dict[str, Any], tuned: dict[str, Any], share: float) -> None:
    """Give a module the weights that lie `share` (0 to 1) of the way from `base` to `tuned`."""
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if name in tuned:
                value.copy_(torch.lerp(base[name].to(value.device), tuned[name], share))


def choose_blend(
    module: Any, base: dict[str, Any], shares: Sequence[float], names: Sequence[str], read: ReadSet
) -> float:
    """Leave a module with the first of `shares` at which all sets of lines read about as well as with `base`.

    `read` reads one of the sets with the module; `names` are those of the regression check, the smallest set first,
    because a set that reads worse spares the others. Where no share holds, the last one stays. Return the share.
    """
    tuned = weights_of(module)
    blend(module, base, tuned, 0.0)
    before = {name: read(name) for name in names} if shares else {}
    for share in shares:
        blend(module, base, tuned, share)
        if share == shares[-1] or all(_keeps(name, before[name], read(name)) for name in names):
            return share
    blend(module, base, tuned, 1.0)
    return 1.0


def _keeps(name: str, before: Sequence[LineResult], after: Sequence[LineResult]) -> bool:
    change = compare_lines(name, before, after, seed=0).change
    return change.high is not None and change.high < MARGIN * ALLOWED[name]
