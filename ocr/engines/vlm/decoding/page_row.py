"""One page while its tokens are written: what is accepted, when it ends, and what it took."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from ocr.core.document import Finish


@dataclass(frozen=True, slots=True)
class RowSettings:
    """When a page ends, and who listens."""

    budget: int
    """Most tokens, the end token among them."""
    ends: Collection[int]
    """End tokens."""
    hear: Callable[[Sequence[int]], Finish | None] = lambda _: None
    """Takes the tokens so far, after every block; returns why the page is to end, or None."""
    propose: Callable[[Sequence[int], int], Sequence[int]] | None = None
    """Returns at most so many tokens that may follow, from a text that is known beforehand."""


@dataclass(slots=True)
class PageRow:
    """The tokens of one page. `seed` is the last accepted token, which is not in the cache yet."""

    number: int
    """Row of the batch; it changes when another page leaves."""
    settings: RowSettings
    seed: int = 0
    ids: list[int] = field(default_factory=list)
    """Accepted tokens; the last is the end token where the page ended by itself."""
    finish: Finish | None = None
    passes: int = 0
    """Passes of the network for this page, the one over its prompt among them."""
    drafted: int = 0
    """Tokens that were drafted."""
    accepted: int = 0
    """Drafted tokens that verification accepted."""
    revised: int = 0
    """Committed tokens that diffusion changed later."""

    @property
    def room(self) -> int:
        """Return the tokens that may still follow."""
        return self.settings.budget - len(self.ids)

    def accept(self, tokens: Sequence[int]) -> None:
        """Take tokens up to an end token or the budget; then ask the listener whether to go on."""
        for token in tokens[: self.room]:
            self.ids.append(token)
            if token in self.settings.ends:
                self.finish = "stop"
                return
        self.seed = self.ids[-1]
        said = self.settings.hear(self.ids)
        self.finish = said or ("length" if self.room <= 0 else None)
