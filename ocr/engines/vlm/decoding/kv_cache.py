"""Keys and values of the pages in a batch: each row has a length of its own, can be cropped, and can leave.

transformers' own cache has one length for all rows. This one is what a transformers layer calls as `past_key_values`.
"""

from typing import Any

from ocr.core.environment import load

FIRST_CAPACITY = 256
"""Tokens that a row has room for at first; the room is doubled when it is used up."""


class RowCache:
    """A tensor of keys and one of values for each layer: (rows, tokens, heads, width of a head).

    `lengths` are the tokens of each row that count. What stands beyond them is overwritten by the next pass, so a draft
    is dropped by leaving the length as it is.
    """

    def __init__(self) -> None:
        self.lengths: list[int] = []
        self._stores: list[list[Any]] = []
        self._rows = slice(0, 0)
        self._slots: Any = None
        self._span = 0

    def add_row(self) -> int:
        """Add an empty row after the others and return its number."""
        self.lengths.append(0)
        return len(self.lengths) - 1

    def remove_row(self, row: int) -> int:
        """Remove a row; the last one takes its place. Return the number that the last one had."""
        last = len(self.lengths) - 1
        if row != last:
            for store in self._stores:
                for part in store:
                    part[row, : self.lengths[last]] = part[last, : self.lengths[last]]
        self.lengths[row] = self.lengths[last]
        self.lengths.pop()
        return last

    def aim(self, rows: slice, slots: Any) -> int:
        """Name the rows and the slots, (rows, queries), that the next pass writes to; return the keys that it sees."""
        self._rows, self._slots = rows, slots
        self._span = int(slots.max()) + 1
        return self._span

    def update(self, keys: Any, values: Any, layer: int, *_: Any) -> tuple[Any, Any]:
        """Write (rows, heads, queries, width) to the slots; return all keys and values up to the last slot."""
        if layer == len(self._stores):
            self._stores.append([self._room(keys), self._room(values)])
        store = self._stores[layer]
        numbers = load("torch", extra="gpu").arange(self._rows.start, self._rows.stop, device=keys.device)[:, None]
        seen = []
        for place, new in enumerate((keys, values)):
            part = store[place] = self._grown(store[place])
            part[numbers, self._slots] = new.transpose(1, 2)
            seen.append(part[self._rows, : self._span].transpose(1, 2))
        return seen[0], seen[1]

    def get_seq_length(self, layer: int = 0) -> int:
        """Return 0: positions and masks are given to every pass, so nothing is derived from a length."""
        del layer
        return 0

    def _room(self, new: Any) -> Any:
        _, heads, _, width = new.shape
        return new.new_zeros(self._rows.stop, max(FIRST_CAPACITY, self._span), heads, width)

    def _grown(self, part: Any) -> Any:
        """Return the tensor with room for the rows and slots of this pass."""
        rows, room, *shape = part.shape
        if rows >= self._rows.stop and room >= self._span:
            return part
        while room < self._span:
            room *= 2
        grown = part.new_zeros(max(rows, self._rows.stop), room, *shape)
        grown[:rows, : part.shape[1]] = part
        return grown
