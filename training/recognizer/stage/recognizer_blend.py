"""Take a tuned recognizer back towards its base until it reads composed lines about as well as the base does.

New lines of one kind pull the weights away from everything else, the more of them there are. Weights on the straight
way between those of the base and the tuned ones keep most of what the archive taught and lose less of the rest
(Wortsman et al. 2022, "Robust fine-tuning of zero-shot models"). The lines that choose the place on that way are none
of those that the regression check reads.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch

TOLERATED = 0.001
"""How much the character error rate of composed lines may rise, as a share of characters: half of what the regression
check allows, whose bound adds what the choice of its lines may do. With 0.0005, 400 lines took a run back to a quarter
of the way, and half of what 1,000 lines of an archive taught was lost."""


def weights_of(module: Any) -> dict[str, Any]:
    """Return a copy of all floating-point weights and buffers of a module."""
    return {name: value.detach().clone() for name, value in module.state_dict().items() if value.is_floating_point()}


def blend(module: Any, base: dict[str, Any], tuned: dict[str, Any], share: float) -> None:
    """Give a module the weights that lie `share` (0 to 1) of the way from `base` to `tuned`."""
    with torch.no_grad():
        for name, value in module.state_dict().items():
            if name in tuned:
                value.copy_(torch.lerp(base[name].to(value.device), tuned[name], share))


def choose_blend(module: Any, base: dict[str, Any], shares: Sequence[float], rate: Callable[[], float]) -> float:
    """Leave a module with the first of `shares` at which composed lines read about as well as with `base`.

    `rate` reads them with the module and returns their character error rate. Where no share does, the last one stays.
    Return the share.
    """
    tuned = weights_of(module)
    blend(module, base, tuned, 0.0)
    most = rate() + TOLERATED
    for share in shares:
        blend(module, base, tuned, share)
        if share == shares[-1] or rate() <= most:
            return share
    blend(module, base, tuned, 1.0)
    return 1.0
