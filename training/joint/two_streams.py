"""Lay a clean and a noisy copy of each answer in one sequence, and say which token may see which.

The layout is that of block diffusion (Arriola et al., arXiv 2503.09573) and of Nemotron-Labs Diffusion: the prompt with
its image once, then the clean answer, then the noisy answer. The clean part is strictly causal, so it gives the
autoregressive loss. A noisy token sees its own block in both directions, the prompt, and the clean answer before its
block. Image tokens are in the clean part alone.

Shapes: R rows, T tokens of prompt and clean answer, M tokens of the noisy answer, S = T + M.
"""

from dataclasses import dataclass
from typing import Any

from ocr.core.environment import load

IGNORED = -100
"""The label of a token that has no loss, as in transformers."""
PROMPT = -1
"""The block of a token of the prompt: it stands before block 0."""
LEAST_NOISE = 1e-3
"""Lower end of the share of masked tokens. The weight 1 / share has no bound at 0."""


@dataclass(frozen=True, slots=True)
class StreamTokens:
    """The token ids that the noisy copy needs."""

    mask: int
    end: int
    """Fills the last block up, since decoding drafts whole blocks."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each token stands; each tensor is (R, S)."""

    noisy: Any
    """Whether the token is of the noisy copy."""
    block: Any
    """Number of its block; `PROMPT` before the answer."""
    order: Any
    """Its place in the sequence that it is a copy of."""
    present: Any
    """False for padding."""


@dataclass(frozen=True, slots=True)
class Streams:
    """What the model is shown, and what it is to predict. Each tensor is (R, S)."""

    ids: Any
    layout: Layout
    targets: Any
    """Token that the model is to predict at each place: the next one in the clean copy, the same one in the noisy copy;
    `IGNORED` where there is no loss."""
    weights: Any
    """Weight of each place in the diffusion loss: 1 / t at masked places, 0 elsewhere."""


def may_see(query: Any, key: Any) -> Any:
    """Return whether a query token sees a key token. Each is (noisy, block, order, present), broadcast together."""
    noisy, block, order, _ = query
    key_noisy, key_block, key_order, key_present = key
    in_block = noisy & key_noisy & (block == key_block)
    before_block = noisy & ~key_noisy & (key_block < block)
    causal = ~noisy & ~key_noisy & (key_order <= order)
    return (in_block | before_block | causal) & key_present


def dense_mask(layout: Layout) -> Any:
    """Return the mask as booleans, (R, 1, S, S): True where the query of the row sees the key of the column.

    Padding sees itself, since attention over nothing is not a number.
    """
    parts = (layout.noisy, layout.block, layout.order, layout.present)
    seen = may_see([part[:, :, None] for part in parts], [part[:, None, :] for part in parts])
    itself = load("torch", extra="train").eye(seen.shape[-1], dtype=seen.dtype, device=seen.device)
    return (seen | (itself & ~layout.present[:, :, None]))[:, None]


def flex_mask(layout: Layout) -> Any:
    """Return the same mask as a `BlockMask` of FlexAttention, which takes no memory of S x S. Needs CUDA."""
    parts = (layout.noisy, layout.block, layout.order, layout.present)

    def rule(row: Any, _head: Any, query: Any, key: Any) -> Any:
        return may_see([part[row, query] for part in parts], [part[row, key] for part in parts])

    rows, size = layout.noisy.shape
    flex = load("torch.nn.attention.flex_attention", extra="train")
    return flex.create_block_mask(rule, rows, None, size, size, device=str(layout.noisy.device))


def build_streams(batch: dict[str, Any], size: int, tokens: StreamTokens) -> Streams:
    """Return both copies of a batch (`input_ids`, `attention_mask`, `labels`: (R, T), padded on the right).

    Blocks of `size` tokens begin at a place drawn for each row, since self-speculation begins a block anywhere. The
    share of masked tokens, t ~ U[0, 1], is drawn for each block. Draws come from PyTorch's global generator.
    """
    torch = load("torch", extra="train")
    ids, labels, present = batch["input_ids"], batch["labels"], batch["attention_mask"].bool()
    rows, length = ids.shape
    places = torch.arange(length, device=ids.device).expand(rows, length)
    answer = labels != IGNORED
    start = answer.int().argmax(1, keepdim=True)
    count = answer.sum(1, keepdim=True)
    phase = torch.randint(size, (rows, 1), device=ids.device)
    whole = -(-(count + phase) // size) * size - phase  # the answer and the end tokens that fill its last block up
    offset = torch.arange(int(whole.max()), device=ids.device).expand(rows, -1)
    written = ids.gather(1, (start + offset).clamp(max=length - 1))
    written = torch.where(offset < count, written, tokens.end)
    block = (offset + phase) // size
    share = torch.rand(rows, int(block.max()) + 1, device=ids.device).clamp(min=LEAST_NOISE).gather(1, block)
    used = offset < whole
    masked = (torch.rand(share.shape, device=ids.device) < share) & used
    following = torch.cat([labels[:, 1:], labels.new_full((rows, 1), IGNORED)], 1)
    layout = Layout(
        noisy=torch.cat([torch.zeros_like(answer), torch.ones_like(used)], 1),
        block=torch.cat([torch.where(answer, (places - start + phase) // size, PROMPT), block], 1),
        order=torch.cat([places, start + offset], 1),
        present=torch.cat([present, used], 1),
    )
    return Streams(
        ids=torch.cat([ids, torch.where(masked, tokens.mask, written)], 1),
        layout=layout,
        targets=torch.cat([following, torch.where(masked, written, IGNORED)], 1),
        weights=torch.cat([torch.zeros(rows, length, device=ids.device), masked / share], 1),
    )


def spread_positions(clean: Any, layout: Layout) -> Any:
    """Return the positions of both copies, (..., R, S), from those of the clean part, (..., R, T).

    A noisy token has the position of the clean one. Past the end of the answer, positions go on by one.
    """
    length = clean.shape[-1]
    order = layout.order[:, length:]
    last = (layout.present[:, :length].sum(1, keepdim=True) - 1).clamp(min=0)
    inside, beyond = order.clamp(max=last), (order - last).clamp(min=0)
    noisy = clean.gather(-1, inside.expand(*clean.shape[:-1], -1)) + beyond
    return load("torch", extra="train").cat([clean, noisy], -1)
