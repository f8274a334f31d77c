import numpy as np
import pytest

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


def test_a_conversation_holds_one_image_and_the_words() -> None:
    system, user = conversation(PROMPTS["page-json-1"])
    assert system["role"] == "system"
    assert [part["type"] for part in user["content"]] == ["image", "text"]
    (only,) = conversation(PROMPTS["image-only"])
    assert [part["type"] for part in only["content"]] == ["image"]
