"""Prompts, each with an id, and the size at which a model sees a page.

Extraction and training use the same prompts and the same image sizes from here: a model that is trained with one and
used with another reads worse, and nothing shows why.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ocr.core.environment import load

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class Prompt:
    """The text beside the page image; with an empty `user` the request is the image alone."""

    id: str
    user: str
    system: str = ""


_ALL = (
    Prompt(
        id="page-json-1",
        system="You transcribe scanned pages in Brazilian Portuguese exactly as they are printed.",
        user=(
            "Transcribe this page as one JSON object with the string keys header, margin, footer and text. Keep line "
            "breaks, end-of-line hyphens, accents and spelling as printed. A part that the page does not have is "
            "an empty string. Write nothing else."
        ),
    ),
    Prompt(
        id="page-text-1",
        user=(
            "Transcribe all text of this page exactly as printed, in reading order, keeping line breaks, accents and "
            "spelling. Write only the text."
        ),
    ),
    # The prompt on Nanonets' model cards: the model was trained with it.
    Prompt(
        id="nanonets-card",
        user=(
            "Extract the text from the above document as if you were reading it naturally. Return the tables in html "
            "format. Return the equations in LaTeX representation. If there is an image in the document and image "
            "caption is not present, add a small description of the image inside the <img></img> tag; otherwise, add "
            "the image caption inside <img></img>. Watermarks should be wrapped in brackets. Ex: <watermark>OFFICIAL "
            "COPY</watermark>. Page numbers should be wrapped in brackets. Ex: <page_number>14</page_number> or "
            "<page_number>9/22</page_number>. Prefer using ☐ and ☑ for check boxes."
        ),
    ),
    # LightOnOCR's README: a request is the image and nothing else, or the image and this word.
    Prompt(id="image-only", user=""),
    Prompt(id="lightonocr-grounding", user="grounding"),
)
PROMPTS = {prompt.id: prompt for prompt in _ALL}


LEAST_INTERPOLATED = 0.5
"""Pages that are shrunk to less are first averaged over whole blocks of pixels, up to this factor."""
BLUR = 0.4
"""Standard deviation in pixels of the blur before a page is shrunk by a factor f, over sqrt(f**-2 - 1). Of 0.3 to 0.6
this one is nearest to a Lanczos filter on sharp and on scanned pages (30 to 49 dB), in a fifth of its time."""
LEAST_BLUR = 0.2


@dataclass(frozen=True, slots=True)
class ImageBudget:
    """The largest image of a page that a model sees; 0 is no limit. A smaller page is never enlarged."""

    longest_edge: int = 0
    """Pixels of the longer side."""
    max_pixels: int = 0
    """Width times height."""

    def scaled(self, factor: float) -> "ImageBudget":
        """Return the budget for an image `factor` times as wide and high."""
        return ImageBudget(round(self.longest_edge * factor), round(self.max_pixels * factor * factor))

    def factor(self, width: int, height: int) -> float:
        """Return the factor by which a page of that size is shrunk: 1 if it fits, else less."""
        edge = self.longest_edge / max(width, height) if self.longest_edge else 1.0
        area = (self.max_pixels / (width * height)) ** 0.5 if self.max_pixels else 1.0
        return min(1.0, edge, area)


def conversation(prompt: Prompt) -> list[dict[str, Any]]:
    """Return the chat messages for one page, in the form that chat templates of vision-language models take."""
    content: list[dict[str, str]] = [{"type": "image"}]
    if prompt.user:
        content.append({"type": "text", "text": prompt.user})
    system = [{"role": "system", "content": [{"type": "text", "text": prompt.system}]}] if prompt.system else []
    return [*system, {"role": "user", "content": content}]


RESIZE = "blur-cubic"
"""How `show` shrinks pages. A training run records it: a model may read worse after another way."""


def show(pixels: "NDArray[np.uint8]", budget: ImageBudget) -> "Image":
    """Return the page as the model sees it: (height, width, 3) RGB pixels, shrunk to `budget` if they exceed it.

    Reading and training use this function, so that a model sees pages in both as it was trained.
    """
    height, width = pixels.shape[:2]
    factor = budget.factor(width, height)
    if factor < 1.0:
        pixels = _shrink(pixels, (max(1, int(width * factor)), max(1, int(height * factor))))
    image: Image = load("PIL.Image").fromarray(pixels)
    return image


def _shrink(pixels: "NDArray[np.uint8]", size: tuple[int, int]) -> "NDArray[np.uint8]":
    """Return the pixels at `size` (width, height): averaged, blurred against aliasing, and interpolated."""
    cv2 = load("cv2")
    factor = max(size[0] / pixels.shape[1], size[1] / pixels.shape[0])
    block = int(LEAST_INTERPOLATED / factor)
    if block > 1:
        blocks = (max(size[0], pixels.shape[1] // block), max(size[1], pixels.shape[0] // block))
        pixels = cv2.resize(pixels, blocks, interpolation=cv2.INTER_AREA)
        factor = min(1.0, factor * block)
    blur = BLUR * (factor**-2 - 1) ** 0.5
    if blur > LEAST_BLUR:
        pixels = cv2.GaussianBlur(pixels, (0, 0), blur)
    shrunk: NDArray[np.uint8] = cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC)
    return shrunk
