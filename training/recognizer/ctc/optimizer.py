"""The optimizer of a network, and the memory layout of its kernels."""

from collections.abc import Sequence
from typing import Any

import torch

from training.recognizer.ctc.loop_settings import Training


def make_optimizer(parameters: Sequence[Any], training: Training, device: Any) -> Any:
    """Return AdamW (Loshchilov and Hutter 2019); scales, offsets and biases are not decayed."""
    kernels = [parameter for parameter in parameters if parameter.ndim > 1 and parameter.numel() > 512]
    known = {id(parameter) for parameter in kernels}
    others = [parameter for parameter in parameters if id(parameter) not in known]
    groups = [
        {"params": kernels, "weight_decay": training.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    fused = {"fused": True} if device.type == "cuda" else {}
    return torch.optim.AdamW(groups, lr=training.learning_rate, betas=(0.9, 0.98), **fused)


def set_layout(module: Any, *, channels_last: bool) -> None:
    """Lay out the kernels of a module, and its images where it lays them out itself, channels last or first."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    for parameter in module.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=layout)
    if hasattr(module, "channels_last"):
        module.channels_last = channels_last
