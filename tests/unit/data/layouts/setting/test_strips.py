"""Material on one line keeps all of its words."""

import pytest

pytest.importorskip("fontTools")

from data.layouts.setting.glyph_metrics import font_of
from data.layouts.setting.line_breaking import Align, Ink, Measure, line_width, tokens_of
from data.layouts.setting.strips import TextPart, one_line

INK = Ink(font_of("arimo"), 10)
PART = TextPart((), 0, 0, "paragraph", 0)


@pytest.mark.parametrize("align", ["left", "right", "center", "justify"])
@pytest.mark.parametrize("width", [5.0, 400.0])
def test_no_word_is_lost_on_one_line(align: Align, width: float) -> None:
    tokens = tokens_of("PROCURADORIA GERAL DO ESTADO", INK)
    words = one_line(tokens, PART, Measure(width, align=align)).words
    assert [word.text for word in words] == [token.text for token in tokens]
    spare = max(0.0, width - line_width(tokens))
    assert words[0].x == pytest.approx({"right": spare, "center": spare / 2}.get(align, 0.0))


def test_nothing_on_one_line_is_an_empty_part() -> None:
    assert one_line([], PART).words == ()
