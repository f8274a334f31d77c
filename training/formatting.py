"""Format examples as conversations, with the same prompt and image size in training as in inference.

Prompt and image come from `ocr.models.prompts`, as they do in the engines. The loss falls on the answer alone. Image
tokens are never cut: a page that is too long is an error.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from data.examples import Example
from ocr.core.document import FIELDS
from ocr.core.environment import load
from ocr.core.errors import DataError
from ocr.models.answer_format import Fields, render
from ocr.models.catalog import Model
from ocr.models.prompts import PROMPTS, conversation, show

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

Row = TypeVar("Row")


LEADERS = re.compile(r"([._·])(?: \1){3,}|([._…·*=–—-])\2{3,}")
"""Four or more equal signs without spaces; dots also with spaces, where dashes may be empty cells of a table."""


def answer(example: Example, model: Model) -> str:
    """Return the answer that the model is to write for a page with known text."""
    return write(Fields(**example.fields), model)


def write(fields: Fields, model: Model) -> str:
    """Return the four fields as the model writes them."""
    return _lay_out(teach(fields, model), model)


def both_forms(fields: Fields, model: Model) -> tuple[str, str]:
    """Return the four fields as the model writes them, and with the same wording as JSON."""
    taught = teach(fields, model)
    return _lay_out(taught, model), render(taught)


def _lay_out(taught: Fields, model: Model) -> str:
    """Return taught fields as one text: the JSON of `ocr.models.answer_format`, or one field below the other."""
    if model.structured:
        return render(taught)
    return "\n".join(text for name in FIELDS if (text := getattr(taught, name)))


def teach(fields: Fields, model: Model) -> Fields:
    """Return the four fields as they are taught: dots and dashes that fill a line are cut to `model.leaders`."""
    if not model.leaders:
        return fields
    short = {name: LEADERS.sub(lambda run: run[0][0] * model.leaders, getattr(fields, name)) for name in FIELDS}
    return Fields(**short)


def to_conversation(example: Example, folder: Path, model: Model) -> dict[str, object]:
    """Return a page as trl takes it: `images` (one PIL image at inference size), `prompt`, `completion` (messages).

    `folder` is that of the manifest. Raises `DataError` where the image cannot be read.
    """
    return {
        "images": [look(folder / example.image, model)],
        "prompt": conversation(PROMPTS[model.prompt]),
        "completion": [{"role": "assistant", "content": [{"type": "text", "text": answer(example, model)}]}],
    }


def look(image: Path, model: Model) -> "Image":
    """Return the image file as the model sees it: RGB, shrunk to the model's budget."""
    shown: Image = show(read_pixels(image), model.budget)
    return shown


def read_pixels(image: Path) -> "NDArray[np.uint8]":
    """Return the pixels of an image file, (height, width, 3) RGB. Raises `DataError` where it cannot be read."""
    pillow, numpy = load("PIL.Image"), load("numpy")
    try:
        with pillow.open(image) as opened:
            pixels: NDArray[np.uint8] = numpy.asarray(opened.convert("RGB"))
            return pixels
    except OSError as cause:
        raise DataError(f"{image}: cannot be read: {cause}", hint="ocr data check MANIFEST") from cause


def lazily(rows: Sequence[Row], convert: Callable[[Row], Mapping[str, object]]) -> Any:
    """Return a `datasets.Dataset` whose row is `convert(rows[i])`, made on access: images stay on disk."""
    datasets = load("datasets", extra="train")
    table = datasets.Dataset.from_dict({"row": list(range(len(rows)))})

    def transform(batch: Mapping[str, list[int]]) -> Mapping[str, Sequence[object]]:
        made = [convert(rows[number]) for number in batch["row"]]
        return {name: [row[name] for row in made] for name in made[0]} | {"row": batch["row"]}

    return table.with_transform(transform)
