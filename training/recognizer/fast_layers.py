"""The fast line recognizer: each column of a line becomes one vector, then all work is one-dimensional.

The network has 1 to 3 million parameters. Its parts:

- the stem turns the pixels above and below each other into one vector, `stride` pixels apart;
- `narrow` blocks work at that step: depthwise convolution, two pointwise layers, squeeze and excitation
  (MobileNetV2, Sandler et al. 2018; Hu et al. 2018), and an identity path;
- `wide` blocks work at twice that step, where a vector stands for about one character. Their output goes back to
  the fine step and is added to the narrow one (U-Net, Ronneberger et al. 2015), so that two equal letters side by side
  keep a step of their own. One of them may be self-attention;
- a linear head scores each character and the CTC blank (Graves et al. 2006).

Padding needs no lengths. A pixel of exactly 0.0 means "beyond the line": gray levels of 8 bits never give 0.0, because
(g - 127.5) / 127.5 has no zero at whole g. The network derives a mask from columns that are 0.0 from top to bottom,
keeps them at zero in every layer, and scores them as blank. So a line gives the same text alone and in a batch.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-5
BLANK_SCORE = 30.0
"""Logit of the blank at a step beyond the line; all other logits are zero there."""


@dataclass(frozen=True, slots=True)
class FastShape:
    """The sizes of the network. Some shapes are named in `fast_network.SHAPES`."""

    height: int = 48
    """Pixels: lines are scaled to this height. A multiple of 8."""
    stride: int = 6
    """Pixels of width for each output step. Even."""
    stem: Literal["column", "grid"] = "grid"
    """`column`: one convolution of the whole height. `grid`: two small 2-D convolutions before it."""
    stem_channels: int = 16
    narrow: int = 128
    narrow_blocks: int = 3
    wide: int = 224
    wide_blocks: int = 8
    """0 leaves out the coarse half."""
    kernel: int = 9
    expand: int = 2
    heads: int = 0
    """Heads of self-attention in the middle of the wide blocks; 0 leaves it out."""
    squeeze_every: int = 3
    """Every such block has squeeze and excitation; 0 for none."""


class MaskedNorm(nn.Module):  # type: ignore[misc]
    """Batch normalization (Ioffe and Szegedy 2015) whose statistics leave out steps beyond the lines.

    At export its scale and shift go into the convolution before it, so that it costs nothing in use.
    """

    def __init__(self, channels: int, *, gain: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels,), gain))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))
        self.momentum = 0.02
        self.frozen = False
        """Keep the stored statistics also in training, as weights that were read from an ONNX file need."""

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Normalize (N, C, ..., T) over valid steps; `mask` (N, 1, ..., T) is 1 at valid steps."""
        shape = (1, -1, *(1,) * (x.ndim - 2))
        mean, variance = self.get_buffer("mean"), self.get_buffer("variance")
        if self.training and not self.frozen:
            mean, variance = self._measure(x, mask)
        scale = self.weight * torch.rsqrt(variance + EPSILON)
        return x * scale.view(shape) + (self.bias - mean * scale).view(shape)

    def _measure(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance of this batch, which also move the stored ones."""
        kept = x.float() * mask
        axes = [axis for axis in range(x.ndim) if axis != 1]
        count = (mask.sum() * (x.shape[2] / mask.shape[2] if x.ndim == 4 else 1)).clamp(min=1)
        mean = kept.sum(axes) / count
        variance = ((kept * kept).sum(axes) / count - mean * mean).clamp(min=0)
        with torch.no_grad():
            self.get_buffer("mean").lerp_(mean, self.momentum)
            self.get_buffer("variance").lerp_(variance, self.momentum)
        return mean, variance


class Squeeze(nn.Module):  # type: ignore[misc]
    """Squeeze and excitation (Hu et al. 2018): the mean over the line scales each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce = nn.Conv1d(channels, channels // 4, 1)
        self.restore = nn.Conv1d(channels // 4, channels, 1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Scale (N, C, T), whose invalid steps are zero."""
        mean = x.sum(2, keepdim=True) / mask.sum(2, keepdim=True).clamp(min=1)
        return x * torch.sigmoid(self.restore(functional.relu(self.reduce(mean))))


class Block(nn.Module):  # type: ignore[misc]
    """Depthwise convolution along the line, then two pointwise layers, beside an identity path."""

    def __init__(self, channels: int, shape: FastShape, *, squeeze: bool) -> None:
        super().__init__()
        inner = channels * shape.expand
        self.depth = nn.Conv1d(channels, channels, shape.kernel, padding=shape.kernel // 2, groups=channels, bias=False)
        self.depth_norm = MaskedNorm(channels)
        self.expand = nn.Conv1d(channels, inner, 1)
        self.project = nn.Conv1d(inner, channels, 1, bias=False)
        self.project_norm = MaskedNorm(channels, gain=0.2)
        self.squeeze = Squeeze(channels) if squeeze else None

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(N, C, T) -> (N, C, T)."""
        y = self.depth_norm(self.depth(x), mask)
        y = functional.relu(self.expand(y))
        y = self.project_norm(self.project(y), mask) * mask
        if self.squeeze is not None:
            y = self.squeeze(y, mask)
        return x + y


class Attention(nn.Module):  # type: ignore[misc]
    """Self-attention over the steps of a line (Vaswani et al. 2017); the convolutions around it give positions."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = MaskedNorm(channels)
        self.inputs = nn.Conv1d(channels, 3 * channels, 1)
        self.output = nn.Conv1d(channels, channels, 1, bias=False)
        self.output_norm = MaskedNorm(channels, gain=0.2)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(N, C, T) -> (N, C, T)."""
        count, channels, steps = x.shape
        parts = self.inputs(self.norm(x, mask)).view(count, 3, self.heads, channels // self.heads, steps)
        query, key, value = parts.transpose(3, 4).unbind(1)
        hidden = (1 - mask[:, :, None]) * -1e4
        y = functional.scaled_dot_product_attention(query, key, value, attn_mask=hidden.to(query.dtype))
        y = self.output(y.transpose(2, 3).reshape(count, channels, steps))
        return x + self.output_norm(y, mask) * mask


class Stem(nn.Module):  # type: ignore[misc]
    """Pixels (N, 1, H, W) -> one vector for each `stride` pixels of width."""

    def __init__(self, shape: FastShape) -> None:
        super().__init__()
        self.grid = shape.stem == "grid"
        if self.grid:
            fine, coarse = shape.stem_channels, 2 * shape.stem_channels
            self.first = nn.Conv2d(1, fine, 3, stride=2, padding=1, bias=False)
            self.first_norm = MaskedNorm(fine)
            self.second = nn.Conv2d(fine, coarse, 3, stride=(2, shape.stride // 2), padding=1, bias=False)
            self.second_norm = MaskedNorm(coarse)
            self.column = nn.Conv2d(coarse, shape.narrow, (shape.height // 4, 3), padding=(0, 1), bias=False)
        else:
            size, step = (shape.height, 2 * shape.stride), (shape.height, shape.stride)
            self.column = nn.Conv2d(1, shape.narrow, size, stride=step, padding=(0, shape.stride // 2), bias=False)
        self.column_norm = MaskedNorm(shape.narrow)

    def forward(self, pixels: Tensor, mask: Tensor) -> Tensor:
        """Return (N, narrow, T); `mask` (N, 1, T) is at the output step."""
        x = pixels
        if self.grid:
            half = functional.interpolate(mask, scale_factor=self._fine_steps())[:, :, None]
            x = functional.relu(self.first_norm(self.first(x), half)) * half
            x = functional.relu(self.second_norm(self.second(x), mask[:, :, None])) * mask[:, :, None]
        x = self.column(x)[:, :, 0]
        return functional.relu(self.column_norm(x, mask)) * mask

    def _fine_steps(self) -> int:
        return int(self.second.stride[1])


class FastNetwork(nn.Module):  # type: ignore[misc]
    """Pixels (N, H, W) float32 in -1 to 1, 0.0 beyond a line -> logits (N, T, C)."""

    def __init__(self, shape: FastShape, classes: int) -> None:
        super().__init__()
        self.shape = shape
        self.stem = Stem(shape)
        every = shape.squeeze_every

        def blocks(channels: int, count: int) -> list[nn.Module]:
            return [Block(channels, shape, squeeze=bool(every) and (k + 1) % every == 0) for k in range(count)]

        self.narrow = nn.ModuleList(blocks(shape.narrow, shape.narrow_blocks))
        self.wide = nn.ModuleList(blocks(shape.wide, shape.wide_blocks))
        if shape.wide_blocks:
            self.down = nn.Conv1d(shape.narrow, shape.wide, 3, stride=2, padding=1, bias=False)
            self.down_norm = MaskedNorm(shape.wide)
            self.up = nn.Conv1d(shape.wide, 2 * shape.narrow, 1, bias=False)
            self.up_norm = MaskedNorm(2 * shape.narrow)
            if shape.heads:
                self.wide.insert(shape.wide_blocks // 2, Attention(shape.wide, shape.heads))
        self.head = nn.Conv1d(shape.narrow, classes, 1)
        _initialize(self)

    def forward(self, pixels: Tensor) -> Tensor:
        """Score each class at each step: (N, H, W) -> (N, T, C), T = W / stride, rounded up to an even number."""
        step = 2 * self.shape.stride
        pixels = functional.pad(pixels, (0, -pixels.shape[2] % step))[:, None]
        mask = self.mask_of(pixels)
        x = self.stem(pixels, mask)
        for block in self.narrow:
            x = block(x, mask)
        if self.shape.wide_blocks:
            x = functional.relu(x + self._coarse(x, mask))
        logits = self.head(x).float() * mask
        logits = torch.cat((logits[:, :1] + (1 - mask) * BLANK_SCORE, logits[:, 1:]), 1)
        return logits.transpose(1, 2)

    def mask_of(self, pixels: Tensor) -> Tensor:
        """Return (N, 1, T): 1 where a step of (N, 1, H, W) `pixels` holds any pixel of the line, else 0."""
        ink = pixels.abs().amax(2)
        return functional.max_pool1d(ink, self.shape.stride).sign()

    def _coarse(self, x: Tensor, mask: Tensor) -> Tensor:
        wide_mask = functional.max_pool1d(mask, 2)
        y = functional.relu(self.down_norm(self.down(x), wide_mask)) * wide_mask
        for block in self.wide:
            y = block(y, wide_mask)
        y = self.up_norm(self.up(y), wide_mask)
        count, channels, steps = y.shape
        y = y.view(count, channels // 2, 2, steps).transpose(2, 3).reshape(count, channels // 2, 2 * steps)
        return y * mask


def _initialize(network: FastNetwork) -> None:
    """He initialization (He et al. 2015) of all convolutions; a head of small scores that prefers the blank."""
    for module in network.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    nn.init.normal_(network.head.weight, std=0.02)
