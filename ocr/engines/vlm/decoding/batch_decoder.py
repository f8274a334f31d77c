"""Write the tokens of a batch of pages that join and leave while others go on."""

from typing import Any

from ocr.engines.vlm.decoding.modes import DecodingSettings
from ocr.engines.vlm.decoding.page_network import PageNetwork
from ocr.engines.vlm.decoding.page_row import PageRow, RowSettings
from ocr.engines.vlm.decoding.steps import Diffusion, SelfSpeculation, Step, TextDraft, write_one
from ocr.models.catalog import Model


def make_step(settings: DecodingSettings, model: Model) -> Step:
    """Return the step of the mode of `settings`, which `ocr.engines.vlm.decoding.modes.check_decoding` has checked."""
    block, mask = settings.block_of(model), model.diffusion.mask
    if settings.mode == "diffusion":
        return Diffusion(mask, block, settings.threshold, settings.steps, settings.revise)
    if settings.mode == "self-speculation":
        return SelfSpeculation(mask, block)
    return TextDraft(block) if settings.mode == "verify:rapid" else write_one


class BatchDecoder:
    """The pages that a network is writing, by one mode."""

    def __init__(self, network: PageNetwork, step: Step) -> None:
        self.network = network
        self.rows: list[PageRow] = []
        self._step = step

    def join(self, shown: dict[str, Any], settings: RowSettings) -> PageRow:
        """Add a page by its processed prompt; its first token is written at once.

        Raises `ValueError` where image and prompt do not fit together.
        """
        number, logits = self.network.join(shown)
        row = PageRow(number, settings, passes=1)
        self.rows.append(row)
        row.accept([int(logits.argmax())])
        return row

    def step(self) -> list[PageRow]:
        """Write more tokens of each page; return the pages that are finished and have left."""
        if going := self._leave():
            return going
        if self.rows:
            self._step(self.network, self.rows)
        return self._leave()

    def clear(self) -> None:
        """Drop every page, finished or not."""
        for row in reversed(self.rows):
            self.network.leave(row.number)
        self.rows.clear()

    def _leave(self) -> list[PageRow]:
        """Remove the finished pages. The last row takes the place of one that leaves."""
        finished = [row for row in self.rows if row.finish]
        for row in finished:
            self.network.leave(row.number)
            last = self.rows.pop()
            if last is not row:
                last.number = row.number
                self.rows[row.number] = last
        return finished
