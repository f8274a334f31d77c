import numpy as np
import pytest
from PIL import Image, ImageDraw

from ocr.models.prompts import PROMPTS, ImageBudget, conversation, show


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        (ImageBudget(), (200, 100)),
        (ImageBudget(longest_edge=400), (200, 100)),
        (ImageBudget(longest_edge=50), (50, 25)),
        (ImageBudget(max_pixels=5_000), (100, 50)),
        (ImageBudget(longest_edge=50, max_pixels=5_000), (50, 25)),
        (ImageBudget(longest_edge=50).scaled(2.0), (100, 50)),
        (ImageBudget(max_pixels=1), (1, 1)),
    ],
)
def test_a_page_is_shrunk_to_the_budget_and_never_enlarged(budget: ImageBudget, expected: tuple[int, int]) -> None:
    assert show(np.zeros((100, 200, 3), dtype=np.uint8), budget).size == expected


@pytest.mark.parametrize("factor", [0.8, 0.6, 0.3, 0.1])
def test_a_page_that_is_shrunk_looks_as_a_slow_filter_shows_it(factor: float) -> None:
    """Lanczos is the reference. Without the blur before it, cubic interpolation is at 20 dB where a page is halved."""
    page = Image.new("RGB", (1000, 1400), (225, 225, 225))
    pen = ImageDraw.Draw(page)
    for line in range(60):
        text = "interpôs apelação contra a sentença de 12.345,67 " * 3
        pen.text((40, 20 + 22 * line), text, (40, 30, 30), font_size=14)
    shown = np.asarray(show(np.asarray(page), ImageBudget(longest_edge=round(1400 * factor))), float)
    size = (shown.shape[1], shown.shape[0])
    reference = np.asarray(page.resize(size, Image.Resampling.LANCZOS), float)
    noise = ((shown - reference) ** 2).mean()
    assert 10 * np.log10(255**2 / noise) > 27
    assert abs(shown.mean() - np.asarray(page).mean()) < 0.5


def test_a_conversation_holds_one_image_and_the_words() -> None:
    system, user = conversation(PROMPTS["page-json-1"])
    assert system["role"] == "system"
    assert [part["type"] for part in user["content"]] == ["image", "text"]
    (only,) = conversation(PROMPTS["image-only"])
    assert [part["type"] for part in only["content"]] == ["image"]
