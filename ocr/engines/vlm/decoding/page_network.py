"""Run a transformers vision-language model on a batch of pages of different lengths, with its cache kept.

The image goes through the vision tower once, when a page joins. After that only the language model runs. The arithmetic
is that of the model; positions and masks are made here.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ocr.core.environment import load
from ocr.engines.vlm.decoding.kv_cache import RowCache


class PageNetwork:
    """A model and the cache of the pages that it is reading; a row is a page."""

    def __init__(self, network: Any, *, drafter: bool = False) -> None:
        """Take a model of transformers. With `drafter` it is a peft model whose adapter is used while drafting only."""
        self._drafter = network if drafter else None
        if drafter:
            network.base_model.disable_adapter_layers()
        self._peft = network if hasattr(network, "get_base_model") else None
        base = network.get_base_model() if self._peft is not None else network
        self._whole = base.model
        self._text = getattr(base.model, "language_model", base.model)
        self._embed = base.get_input_embeddings()
        self._head = base.get_output_embeddings()
        self.device = self._embed.weight.device
        self.cache = RowCache()
        self.passes = 0
        """Passes of the language model over answers, whatever the number of rows."""
        self.pictures = 0
        """Images that went through the vision tower."""
        self._shift: list[int] = []
        """Position of a slot minus its number, for each row: an image takes fewer positions than tokens."""

    def join(self, shown: dict[str, Any]) -> tuple[int, Any]:
        """Add a page by its processed prompt, one row; return the row's number and the logits after it, (vocabulary,).

        Raises `ValueError` where image and prompt do not fit together.
        """
        torch = load("torch", extra="gpu")
        row = self.cache.add_row()
        ids = shown["input_ids"]
        length = ids.shape[1]
        positions = self._prompt_positions(shown)
        self._shift.append(int(positions.max()) + 1 - length)
        slots = torch.arange(length, device=self.device)[None]
        self.cache.aim(slice(row, row + 1), slots)
        causal = torch.ones(length, length, dtype=torch.bool, device=self.device).tril()[None, None]
        pictures = {name: value for name, value in shown.items() if name not in ("input_ids", "attention_mask")}
        pictures.pop("mm_token_type_ids", None)
        self.pictures += 1
        try:
            hidden = self._whole(
                input_ids=ids,
                attention_mask=causal,
                position_ids=positions,
                past_key_values=self.cache,
                use_cache=True,
                **pictures,
            ).last_hidden_state
        except ValueError:
            self.leave(row)
            raise
        self.cache.lengths[row] = length
        return row, self._head(hidden[0, -1])

    def leave(self, row: int) -> int:
        """Drop a page; return the number of the row that takes its place."""
        self._shift[row] = self._shift[-1]
        self._shift.pop()
        return self.cache.remove_row(row)

    def run(self, ids: Sequence[Sequence[int]], *, causal: bool) -> Any:
        """Return the logits, (rows, queries, vocabulary), after the tokens `ids` of each row.

        The tokens stand behind those in the cache. They see the cache, and each other in both directions unless
        `causal`. Shorter rows are padded; what is returned for padding has no meaning. The lengths of the cache stay.
        """
        torch = load("torch", extra="gpu")
        rows, width = len(ids), max(map(len, ids))
        padded = torch.tensor([[*row, *[row[-1]] * (width - len(row))] for row in ids], device=self.device)
        counts = torch.tensor([len(row) for row in ids], device=self.device)[:, None, None]
        lengths = torch.tensor(self.cache.lengths, device=self.device)[:, None]
        offsets = torch.arange(width, device=self.device)
        slots = lengths + offsets
        span = self.cache.aim(slice(0, rows), slots)
        behind = torch.arange(span, device=self.device) - lengths[:, :, None]  # (rows, 1, keys): negative in the cache
        seen = behind <= offsets[:, None] if causal else (behind < counts).expand(rows, width, span)
        positions = slots + torch.tensor(self._shift, device=self.device)[:, None]
        self.passes += 1
        with self._adapted(drafting=not causal):
            hidden = self._text(
                inputs_embeds=self._embed(padded),
                attention_mask=seen[:, None],
                position_ids=positions,
                past_key_values=self.cache,
                use_cache=True,
            ).last_hidden_state
        return self._head(hidden)

    @contextmanager
    def _adapted(self, *, drafting: bool) -> Iterator[None]:
        """Switch the drafter's adapter on for a draft, and off again: what is kept never sees it."""
        if self._drafter is None or not drafting:
            yield
            return
        self._drafter.base_model.enable_adapter_layers()
        try:
            yield
        finally:
            self._drafter.base_model.disable_adapter_layers()

    def advance(self, row: int, tokens: int) -> None:
        """Keep the first `tokens` of what the last pass wrote to a row."""
        self.cache.lengths[row] += tokens

    def _prompt_positions(self, shown: dict[str, Any]) -> Any:
        """Return the positions of the prompt as the model family counts them: (3, 1, tokens) or (1, tokens)."""
        ids = shown["input_ids"]
        if hasattr(self._whole, "get_rope_index") and "mm_token_type_ids" in shown:
            positions, _ = self._whole.get_rope_index(
                ids, shown["mm_token_type_ids"], image_grid_thw=shown.get("image_grid_thw")
            )
            return positions
        return load("torch", extra="gpu").arange(ids.shape[1], device=self.device)[None]
