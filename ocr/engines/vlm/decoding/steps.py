"""One step of each decoding mode: some passes of the network, after which every page of the batch has more tokens.

A block is [seed, m, m, ...]: the last accepted token and masked ones. Drafting shows it bidirectionally and keeps none
of its keys and values. Verification shows the draft causally and keeps those of the accepted part. A draft's logits at
a place predict that place; a causal pass predicts the next one. This is linear self-speculation as in Nemotron-Labs
Diffusion, in batches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ocr.engines.vlm.decoding.page_network import PageNetwork
from ocr.engines.vlm.decoding.page_row import PageRow


class Step(Protocol):
    """Advances every page of the batch by at least one token."""

    def __call__(self, network: PageNetwork, rows: Sequence[PageRow]) -> None: ...


def write_one(network: PageNetwork, rows: Sequence[PageRow]) -> None:
    """Write the next token of each page: `ar`."""
    logits = network.run([[row.seed] for row in rows], causal=True)
    for row in rows:
        network.advance(row.number, 1)
        row.passes += 1
        row.accept([int(logits[row.number, 0].argmax())])


@dataclass(frozen=True, slots=True)
class SelfSpeculation:
    """Drafts a block of masked tokens with the model itself and verifies it."""

    mask: int
    block: int

    def __call__(self, network: PageNetwork, rows: Sequence[PageRow]) -> None:
        widths = [min(self.block, row.room) for row in rows]
        drafts: list[list[int]] = [[] for _ in rows]
        if max(widths) > 1:
            blocks = [[row.seed, *[self.mask] * (width - 1)] for row, width in zip(rows, widths, strict=True)]
            best = network.run(blocks, causal=False).argmax(-1).tolist()
            drafts = [tokens[1:width] for tokens, width in zip(best, widths, strict=True)]
        for row, draft in zip(rows, drafts, strict=True):
            row.passes += bool(draft)
        verify(network, rows, drafts)


@dataclass(frozen=True, slots=True)
class TextDraft:
    """Drafts from a text that is known beforehand: `verify:rapid`."""

    block: int

    def __call__(self, network: PageNetwork, rows: Sequence[PageRow]) -> None:
        drafts = []
        for row in rows:
            propose, most = row.settings.propose, min(self.block, row.room) - 1
            drafts.append(list(propose(row.ids, most))[:most] if propose and most > 0 else [])
        verify(network, rows, drafts)


def verify(network: PageNetwork, rows: Sequence[PageRow], drafts: Sequence[Sequence[int]]) -> None:
    """Accept of each draft the longest run that the model writes itself, and one token more.

    The pass is causal, so the accepted tokens are those of `ar`. An empty draft is a step of `ar`.
    """
    shown = [[row.seed, *draft] for row, draft in zip(rows, drafts, strict=True)]
    own = network.run(shown, causal=True).argmax(-1).tolist()
    for row, draft in zip(rows, drafts, strict=True):
        written = own[row.number]
        run = next((place for place, token in enumerate(draft) if token != written[place]), len(draft))
        network.advance(row.number, run + 1)
        row.passes += 1
        row.drafted += len(draft)
        row.accepted += run
        row.accept(written[: run + 1])


@dataclass(slots=True)
class _Block:
    """A block while diffusion fills it in."""

    tokens: list[int]
    sure: list[float]
    """Probability with which each token was committed; 0 while it is masked, 1 for the seed."""

    def masked(self) -> list[int]:
        return [place for place, sure in enumerate(self.sure) if not sure]


@dataclass(frozen=True, slots=True)
class Diffusion:
    """Fills a block in by confidence, then passes it causally to keep its keys and values and get the next seed.

    A pass commits every masked place whose probability is above `threshold`, and as many of the others, the surest
    first, as must go for the block to be complete after `steps` passes.
    """

    mask: int
    block: int
    threshold: float
    steps: int
    revise: bool = False

    def __call__(self, network: PageNetwork, rows: Sequence[PageRow]) -> None:
        widths = [min(self.block, row.room) for row in rows]
        blocks = [
            _Block([row.seed, *[self.mask] * (width - 1)], [1.0, *[0.0] * (width - 1)])
            for row, width in zip(rows, widths, strict=True)
        ]
        before: list[list[int]] = [[] for _ in rows]
        for step in range(self.steps):
            if self.revise and step == self.steps - 1:
                before = [self._mask_again(block) for block in blocks]
            if not any(block.masked() for block in blocks):
                break
            logits = network.run([block.tokens for block in blocks], causal=False)
            for row, block in zip(rows, blocks, strict=True):
                row.passes += bool(block.masked())
                self._commit(block, logits[row.number], self.steps - step)
        for row, block, old in zip(rows, blocks, before, strict=True):
            row.revised += sum(first not in (now, self.mask) for first, now in zip(old, block.tokens, strict=False))
        self._keep(network, rows, blocks)

    def _commit(self, block: _Block, logits: Any, steps_left: int) -> None:
        """Commit places of a block by its logits, (at least the block, vocabulary)."""
        places = block.masked()
        if not places:
            return
        chosen = logits[places].float()
        chosen[:, self.mask] = float("-inf")
        sure, tokens = chosen.softmax(-1).max(-1)
        ranked = sorted(zip(sure.tolist(), places, tokens.tolist(), strict=True), reverse=True)
        must = -(-len(places) // steps_left)
        for rank, (probability, place, token) in enumerate(ranked):
            if probability > self.threshold or rank < must:
                block.tokens[place], block.sure[place] = token, max(probability, 1e-9)

    def _mask_again(self, block: _Block) -> list[int]:
        """Mask what was committed below the threshold; return the tokens as they were."""
        before = list(block.tokens)
        for place, sure in enumerate(block.sure):
            if sure <= self.threshold and place:
                block.tokens[place], block.sure[place] = self.mask, 0.0
        return before

    def _keep(self, network: PageNetwork, rows: Sequence[PageRow], blocks: Sequence[_Block]) -> None:
        logits = network.run([block.tokens for block in blocks], causal=True)
        for row, block in zip(rows, blocks, strict=True):
            following = int(logits[row.number, len(block.tokens) - 1].argmax())
            network.advance(row.number, len(block.tokens))
            row.passes += 1
            row.accept([*block.tokens[1:], following])
