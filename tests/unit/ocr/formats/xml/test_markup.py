from ocr.formats.xml.markup import empty_tag, share, tag, text_node, whole


def test_signs_of_markup_are_escaped_and_impossible_ones_replaced() -> None:
    assert text_node("a < b & c\x00\x1f") == "a &lt; b &amp; c\ufffd\ufffd"
    assert tag("p", class_="x", title='"a" & <b>\n\x01', id=None) == (
        '<p class="x" title=\'"a" &amp; &lt;b&gt;&#10;\ufffd\'>'
    )
    assert empty_tag("SP", n=1) == '<SP n="1"/>'


def test_boxes_are_whole_pixels_inside_the_page() -> None:
    assert whole((1.4, 1.6, 99.7, 120.0), 100, 100) == (1, 2, 100, 100)
    assert whole((-5.0, 50.0, -1.0, 40.0), 100, 100) == (0, 50, 0, 50)
    assert whole((0.0, 0.0, 5.0, 5.0), 0, 0) == (0, 0, 0, 0)


def test_confidences_are_shares() -> None:
    assert [share(value) for value in (None, 0.0, 0.97, 1.0, 1.2)] == [None, "0", "0.97", "1", "1"]
