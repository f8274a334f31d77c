"""The fast detector: a U-Net of depthwise convolutions on gray (Ronneberger et al. 2015, Howard et al. 2017).

The first layer makes one vector of each 4 x 4 pixels. Blocks work at a quarter, an eighth, a sixteenth and a
thirty-second of the page's size, where one step sees a few words, and the results come back up to a quarter. The head
gives four logits there: a map at half the page's size. Nothing pools over the whole page, so a map does not depend on
how much of the page is white.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class DetectorShape:
    """The sizes of the network."""

    channels: tuple[int, int, int, int] = (24, 48, 96, 160)
    """At 1/4, 1/8, 1/16 and 1/32 of the page's size."""
    blocks: tuple[int, int, int, int] = (1, 2, 3, 3)
    kernel: int = 5


class Separable(nn.Module):  # type: ignore[misc]
    """A depthwise convolution, then a pointwise one: (N, C, H, W) -> (N, D, H / stride, W / stride)."""

    def __init__(self, channels: int, into: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.depth = nn.Conv2d(channels, channels, kernel, stride, padding=kernel // 2, groups=channels, bias=False)
        self.depth_norm = nn.BatchNorm2d(channels)
        self.point = nn.Conv2d(channels, into, 1, bias=False)
        self.point_norm = nn.BatchNorm2d(into)
        self.identity = stride == 1 and channels == into

    def forward(self, x: Tensor) -> Tensor:
        """Add what the two layers give where sizes allow."""
        y = functional.relu(self.point_norm(self.point(self.depth_norm(self.depth(x)))))
        return x + y if self.identity else y


class DetectorNetwork(nn.Module):  # type: ignore[misc]
    """Ink (N, 1, H, W) float32, 0 for white to 1 for black -> logits (N, 1, H / 2, W / 2)."""

    def __init__(self, shape: DetectorShape) -> None:
        super().__init__()
        self.shape = shape
        first = shape.channels[0]
        self.stem = nn.Conv2d(1, first, 4, 4, bias=False)
        self.stem_norm = nn.BatchNorm2d(first)
        pairs = list(zip(shape.channels, shape.channels[1:], strict=False))
        self.downs = nn.ModuleList(Separable(a, b, shape.kernel, 2) for a, b in pairs)
        self.levels = nn.ModuleList(
            nn.ModuleList(Separable(size, size, shape.kernel) for _ in range(count))
            for size, count in zip(shape.channels, shape.blocks, strict=True)
        )
        self.ups = nn.ModuleList(nn.Conv2d(b, a, 1, bias=False) for a, b in pairs)
        self.up_norms = nn.ModuleList(nn.BatchNorm2d(a) for a, _ in pairs)
        self.merged = nn.ModuleList(Separable(a, a, shape.kernel) for a, _ in pairs)
        self.head = nn.Conv2d(first, 4, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out" if module.groups == 1 else "fan_in")
        nn.init.normal_(self.head.weight, std=0.05)
        nn.init.constant_(self.head.bias, -2.0)

    def forward(self, ink: Tensor) -> Tensor:
        """Score each pixel of the map."""
        x = functional.relu(self.stem_norm(self.stem(ink)))
        kept: list[Tensor] = []
        for place, level in enumerate(self.levels):
            if place:
                kept.append(x)
                x = self.downs[place - 1](x)
            for block in level:
                x = block(x)
        for place in reversed(range(len(self.ups))):
            raised = self.up_norms[place](self.ups[place](x))
            x = functional.relu(kept[place] + functional.interpolate(raised, scale_factor=2.0))
            x = self.merged[place](x)
        return functional.pixel_shuffle(self.head(x), 2)


def shape_of(channels: Sequence[int], blocks: Sequence[int]) -> DetectorShape:
    """Return the shape of four levels. Raises ValueError where there are not four."""
    (a, b, c, d), (e, f, g, h) = channels, blocks
    return DetectorShape((a, b, c, d), (e, f, g, h))


def count_weights(network: nn.Module) -> int:
    """Return the number of trained values."""
    return sum(parameter.numel() for parameter in network.parameters())


def create_detector(shape: DetectorShape, seed: int) -> DetectorNetwork:
    """Return an untrained network."""
    torch.manual_seed(seed)
    return DetectorNetwork(shape)
