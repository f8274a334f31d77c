"""Train a LoRA adapter on `o_proj` to draft what the model itself accepts, as in Nemotron-Labs Diffusion.

One pass over both copies of an answer, as in `training.joint.two_streams`. All tokens of a block but the first are
masked. The adapter acts on the noisy copy alone, since decoding uses it while drafting only. The clean copy says what
the model writes: it is the teacher. The loss is half the Kullback-Leibler divergence and half the total variation
between teacher and draft, and the cross-entropy of the accepted run and of the first rejected token of each block.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ocr.core.environment import load
from training.joint.two_streams import Layout, Streams, StreamTokens, build_streams

TARGETS = r".*language_model.*\.o_proj"
"""The modules that the adapter changes."""


@dataclass(frozen=True, slots=True)
class DrafterSettings:
    """How the adapter is trained."""

    block: int
    rank: int = 16
    alpha: int = 64
    learning_rate: float = 1e-3


@dataclass(slots=True)
class _Share:
    """The places on which the adapter acts: (R, S, 1), 1 or 0."""

    noisy: Any = None


def train_drafter(
    network: Any,
    batches: Iterable[dict[str, Any]],
    show: Callable[[dict[str, Any], Streams], dict[str, Any]],
    tokens: StreamTokens,
    settings: DrafterSettings,
) -> Any:
    """Return the network with a trained adapter; its own weights stay.

    `batches` are those of `build_streams`. `show` returns the arguments of the network's forward pass.
    """
    torch, peft = load("torch", extra="train"), load("peft", extra="train")
    adapted = peft.get_peft_model(
        network, peft.LoraConfig(r=settings.rank, lora_alpha=settings.alpha, target_modules=TARGETS)
    )
    share = _Share()
    for name, part in adapted.named_modules():
        if name.endswith("lora_B.default"):
            part.register_forward_hook(lambda _part, _inputs, output: output * share.noisy)
    weights = [weight for weight in adapted.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=settings.learning_rate)
    for batch in batches:
        streams = mask_whole_blocks(build_streams(batch, settings.block, tokens), tokens.mask)
        share.noisy = streams.layout.noisy[..., None].to(weights[0].dtype)
        logits = adapted(**show(batch, streams), use_cache=False).logits
        optimizer.zero_grad()
        drafting_loss(logits, streams.layout).backward()
        optimizer.step()
    return adapted


def mask_whole_blocks(streams: Streams, mask: int) -> Streams:
    """Return the streams with every noisy token masked but the first of its block, as decoding drafts."""
    torch = load("torch", extra="train")
    layout = streams.layout
    first = torch.ones_like(layout.noisy)
    first[:, 1:] = (layout.block[:, 1:] != layout.block[:, :-1]) | ~layout.noisy[:, :-1]
    hidden = layout.noisy & ~first
    written = torch.where(streams.ids == mask, streams.targets, streams.ids)
    ids = torch.where(hidden, mask, torch.where(layout.noisy, written, streams.ids))
    return replace(streams, ids=ids, weights=(hidden & layout.present).float())


def drafting_loss(logits: Any, layout: Layout) -> Any:
    """Return the loss of a draft by the logits of both copies, (R, S, vocabulary)."""
    torch = load("torch", extra="train")
    student, teacher, inside = _pairs(logits, layout)
    log_student, log_teacher = student.log_softmax(-1), teacher.log_softmax(-1)
    divergence = (log_teacher.exp() * (log_teacher - log_student)).sum(-1)
    variation = (log_teacher.exp() - log_student.exp()).abs().sum(-1) / 2
    wanted = teacher.argmax(-1)
    entropy = torch.nn.functional.cross_entropy(student.transpose(1, 2), wanted, reduction="none")
    reached = accepted_and_next(student.argmax(-1) == wanted, inside)
    close = ((divergence + variation) / 2 * inside).sum() / inside.sum().clamp(min=1)
    return close + (entropy * reached).sum() / reached.sum().clamp(min=1)


def accepted_and_next(right: Any, inside: Any) -> Any:
    """Return where a draft is accepted, and the first token of each block that is not: (R, M) booleans.

    `right` says where the draft is what the model writes, `inside` where a token is drafted. A place outside ends a
    block: it is its first token.
    """
    torch = load("torch", extra="train")
    reached, going = torch.zeros_like(right), torch.zeros_like(right[:, 0])
    for place in range(right.shape[1]):
        going = going | ~inside[:, place]
        reached[:, place] = going & inside[:, place]
        going = going & (right[:, place] | ~inside[:, place])
    return reached


def _pairs(logits: Any, layout: Layout) -> tuple[Any, Any, Any]:
    """Return the draft's logits, those of the clean token before each place, (R, M, vocabulary), and what is drafted.

    A noisy token at a place of the sequence stands opposite the clean token one place earlier, which predicts it. Past
    the end of the answer there is no teacher.
    """
    length = int((~layout.noisy[0]).sum())
    order, present = layout.order[:, length:], layout.present[:, length:]
    block = layout.block[:, length:]
    count = layout.present[:, :length].sum(1, keepdim=True)
    inside = present & (order < count)
    inside[:, 0] = False
    inside[:, 1:] &= block[:, 1:] == block[:, :-1]
    before = (order - 1).clamp(0, length - 1)
    teacher = logits[:, :length].gather(1, before[..., None].expand(-1, -1, logits.shape[-1])).detach()
    return logits[:, length:], teacher, inside
