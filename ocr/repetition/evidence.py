"""The result of the repetition detectors, and the protocol that they share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Kind = Literal["exact", "drift", "counter", "rows", "empty", "endless", "barren"]

REASONS: dict[Kind, str] = {
    "exact": "the same {size} characters come {periods} more times",
    "drift": "about the same {size} characters come {periods} more times",
    "counter": "it counts on {periods} times and says nothing else new",
    "rows": "about the same table row comes {periods} more times",
    "empty": "{size} characters of nothing but leaders, rules, zeros or blank cells",
    "endless": "{size} characters of a table, without a new word, in a shape or size that no page has",
    "barren": "{size} characters in which hardly a word is new",
}


class Evidence(Protocol):
    """A repetition that a detector has found. Places are 1-based indexes of tokens."""

    @property
    def kind(self) -> Kind: ...
    @property
    def start(self) -> int:
        """The first token of the repetition."""

    @property
    def stop(self) -> int:
        """The last token of the repetition so far."""

    @property
    def peak_periods(self) -> float:
        """How many periods there are up to `stop`; 1 where periods have no meaning."""


class Detector(Protocol):
    """What every detector offers: it takes the tokens of a text piece by piece, in order."""

    def update(self, tokens: Sequence[str]) -> Evidence | None:
        """Take the next tokens; return the evidence once there is enough of it."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """A repetition, in characters: `text[:start]` is good and holds the first period; at `end` the text goes on."""

    kind: Kind
    """How the text repeats; see docs/concepts/repetition.md."""
    start: int
    """Where the second period begins."""
    end: int
    """Where the repetition ends."""
    reason: str
    """What repeats, in words, with its beginning."""
