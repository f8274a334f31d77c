"""Train a LoRA adapter on `o_proj` to draft what the model itself accepts, as in Nemotron-Labs Diffusion.

One pass over both copies of an answer, as in `training.joint.two_streams`. All tokens of a block but the first are
masked. The adapter acts on the noisy copy alone, since decoding uses it while drafting only. The clean copy says what
the model writes: it is the teacher. The loss is half the Kullback-Leibler divergence and half the total variation
between teacher and draft, and the cross-entropy of the accepted run and of the first rejected token of each block.
"""

from dataclasses import dataclass, replace
from typing import Any

from ocr.core.environment import load
from training.joint.two_streams import Layout, Streams

TARGETS = r".*language_model.*\.o_proj"
"""The modules that the adapter changes."""


@dataclass(slots=True)
class DraftPlaces:
    """The places of a batch on which the adapter acts."""

    noisy: Any = None
    """(R, S, 1), 1 or 0; None before the first batch."""


def act_on_drafts(network: Any) -> DraftPlaces:
    """Make the adapter of a peft model act only where the value that is returned says."""
    places = DraftPlaces()
    for name, part in network.named_modules():
        if name.endswith("lora_B.default"):
            part.register_forward_hook(lambda _part, _inputs, output: output * places.noisy.to(output.dtype))
    return places


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
