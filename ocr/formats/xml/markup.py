"""Write elements of XML: escaped text and attributes, boxes in whole pixels, and the share of a confidence."""

import re
from xml.sax.saxutils import escape, quoteattr

from ocr.core.document import Box

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has no way to write (section 2.2)."""


def text_node(text: str) -> str:
    """Return text for the content of an element; characters that XML cannot hold become U+FFFD."""
    return escape(_FORBIDDEN.sub("\ufffd", text))


def empty_tag(name: str, /, **attributes: object) -> str:
    """Return an element without content; its attributes as for `tag`."""
    return tag(name, **attributes).removesuffix(">") + "/>"


def tag(name: str, /, **attributes: object) -> str:
    """Return a start tag. An attribute that is None is left out; `class_` gives `class`."""
    shown = "".join(f" {key.rstrip('_')}={_quoted(value)}" for key, value in attributes.items() if value is not None)
    return f"<{name}{shown}>"


def whole(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """Return a box in whole pixels, inside the page."""
    left, top, right, bottom = (round(value) for value in box)
    most_x, most_y = max(width, 0), max(height, 0)
    left, top = min(max(left, 0), most_x), min(max(top, 0), most_y)
    return left, top, min(max(right, left), most_x), min(max(bottom, top), most_y)


def share(confidence: float | None) -> str | None:
    """Return a confidence as a number from 0 to 1 with four digits at most; None where there is none."""
    return None if confidence is None else f"{min(max(confidence, 0.0), 1.0):.4f}".rstrip("0").rstrip(".")


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, int) else quoteattr(_FORBIDDEN.sub("\ufffd", str(value)))
