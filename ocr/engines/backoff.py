"""How long to wait before asking a server again: doubling waits, or the time that the server asks for."""

import email.utils
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass

MILLISECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential back-off: `first` seconds, doubled for each further attempt, `longest` at most."""

    first: float = 1.0
    longest: float = 60.0
    jitter: float = 0.0
    """Largest share of a wait that is added at random, so that many clients do not ask again together."""

    def wait(self, attempt: int, asked: float | None = None, seed: int = 0) -> float:
        """Return the seconds to wait after attempt number `attempt` (from 1).

        `asked` is what the server asked for. It is returned as it is, also above `longest`: the caller may give up. The
        jitter is a random number from `seed` and the attempt.
        """
        if asked is not None:
            return asked
        spread = 1 + self.jitter * random.Random(seed + attempt).random()
        return min(self.longest, self.first * 2.0 ** (attempt - 1) * spread)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait that a response asks for, None if it asks for none.

    Reads `retry-after-ms`, and `retry-after` as a number or a date (RFC 9110, 10.2.3). Names are lower case, or
    `headers` ignores case, as the mappings of HTTP libraries do.
    """
    if (wait := _seconds(headers.get("retry-after-ms", ""))) is not None:
        return wait * MILLISECONDS
    written = headers.get("retry-after", "")
    if (wait := _seconds(written)) is not None:
        return wait
    try:
        return max(0.0, email.utils.parsedate_to_datetime(written).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _seconds(written: str) -> float | None:
    try:
        return max(0.0, float(written))
    except ValueError:
        return None
