"""Convert between the fields of a page and the text that a model writes for them.

`render` writes the output that specialists are trained to give: one flat JSON object, keys in `FIELD_ORDER`, no white
space between tokens. `parse` accepts any output of a model and never raises: that JSON, incomplete JSON, Markdown of
general models, layout blocks of LightOnOCR, tags of Nanonets, or plain text.
`parse(render(fields)) == fields` for all fields of well-formed text.
"""

import html
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ocr.core.document import Field, well_formed

# The order of the DharmaOCR paper. A model that writes the short fields first has them even if the text repeats itself.
FIELD_ORDER: tuple[Field, ...] = ("header", "margin", "footer", "text")

# Longest field in characters that a grammar allows. The longest text among 34 real pages has 18.3k
# characters in all fields together (a gazette page), the longest header 340.
LONGEST: Mapping[Field, int] = {"header": 2_000, "margin": 4_000, "footer": 4_000, "text": 24_000}

SCHEMA: Mapping[str, object] = {
    "type": "object",
    "properties": {name: {"type": "string", "maxLength": LONGEST[name]} for name in FIELD_ORDER},
    "required": list(FIELD_ORDER),
    "additionalProperties": False,
}
"""JSON Schema for structured output. Every string is bounded, so that output under a grammar ends as well."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The four texts of one page, as printed."""

    header: str = ""
    margin: str = ""
    footer: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        # An escape in JSON can be half a surrogate pair, also in output that is valid UTF-8.
        for name in FIELD_ORDER:
            object.__setattr__(self, name, well_formed(getattr(self, name)))


def render(fields: Fields) -> str:
    """Return the output that a specialist is trained to write for a page."""
    values = asdict(fields)
    return json.dumps({name: values[name] for name in FIELD_ORDER}, ensure_ascii=False, separators=(",", ":"))


def is_complete(answer: str) -> bool:
    """Return whether the output is one complete JSON object of known string fields, as `SCHEMA` requires."""
    try:
        value = json.loads(answer)
    except ValueError:
        return False
    return isinstance(value, dict) and _is_page(value) and all(isinstance(part, str) for part in value.values())


def parse(answer: str) -> Fields:
    """Return the fields in a model's output; output in no known format is text. Never raises."""
    plain = _without_fence(answer)
    if plain.lstrip().startswith("{"):
        found = _whole_object(plain) or _broken_object(plain)
        if found is not None:
            return found
    if _BLOCK.search(plain):
        return _blocks(plain)
    return _tagged(plain)


def _without_fence(answer: str) -> str:
    """Remove a Markdown fence around the whole output, closed or not."""
    fenced = re.match(r"\s*```[a-zA-Z]*[ \t]*\n(.*?)(?:\n```\s*)?\Z", answer, re.DOTALL)
    return fenced.group(1) if fenced else answer


def _is_page(value: Mapping[str, Any]) -> bool:
    return bool(value) and value.keys() <= set(FIELD_ORDER)


def _whole_object(answer: str) -> Fields | None:
    try:
        # Not strict: some grammar backends allow raw control characters in strings.
        value, _ = json.JSONDecoder(strict=False).raw_decode(answer.lstrip())
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not value.keys() & set(FIELD_ORDER):
        return None
    return Fields(**{name: _as_text(value.get(name)) for name in FIELD_ORDER})


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(_as_text(part) for part in value)
    if isinstance(value, dict):
        return "\n".join(_as_text(part) for part in value.values())
    return str(value)


_KEY = re.compile(r'[{,]\s*"(header|margin|footer|text)"\s*:\s*"')
_STRING_END = re.compile(r'(?:[^"\\]|\\.)*', re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def _broken_object(answer: str) -> Fields | None:
    """Read `"key": "string` pairs up to the end or the first error."""
    values: dict[str, str] = {}
    place = 0
    while key := _KEY.search(answer, place):
        inside = _STRING_END.match(answer, key.end())
        place = inside.end() if inside else key.end()
        values.setdefault(key.group(1), _ESCAPE.sub(_unescape, answer[key.end() : place]))
    return Fields(**values) if values else None


def _unescape(escape: re.Match[str]) -> str:
    code = escape.group(1)
    if len(code) == 5:
        return chr(int(code[1:], 16))
    return _ESCAPED.get(code, code)


# LightOnOCR-3 `grounding`: a marker before every block, coordinates 0 to 1000 (its README).
_BLOCK = re.compile(r"^!\[([a-z_]+)\+?\]\((\d+),(\d+),(\d+),(\d+)\)[ \t]*", re.MULTILINE)
_BLOCK_FIELDS: Mapping[str, Field] = {"header": "header", "footer": "footer", "aside_text": "margin"}


def _blocks(answer: str) -> Fields:
    parts: dict[Field, list[str]] = {name: [] for name in FIELD_ORDER}
    markers = list(_BLOCK.finditer(answer))
    ends = [*(marker.start() for marker in markers[1:]), len(answer)]
    for marker, end in zip(markers, ends, strict=True):
        label, top = marker.group(1), int(marker.group(3))
        content = _unmarked(answer[marker.end() : end])
        # An `image` block is the model's description of a picture: not on the page.
        if label == "image" or not content:
            continue
        field = _BLOCK_FIELDS.get(label, "text")
        if label == "page_number":
            field = "header" if top < 500 else "footer"
        parts[field].append(content)
    return Fields(**{name: "\n".join(lines) for name, lines in parts.items()})


_TAG = re.compile(r"<(header|footer|page_number|watermark|img)>(.*?)</\1>", re.DOTALL | re.IGNORECASE)
_TAG_FIELDS: Mapping[str, Field] = {
    "header": "header",
    "footer": "footer",
    "page_number": "footer",
    "watermark": "margin",
}


def _tagged(answer: str) -> Fields:
    """Read the tags with which Nanonets marks parts outside the body; drop `<img>`: its text may be invented."""
    parts: dict[Field, list[str]] = {"header": [], "margin": [], "footer": []}
    for name, content in _TAG.findall(answer):
        field = _TAG_FIELDS.get(name.lower())
        if field is not None:
            parts[field].append(_unmarked(content))
    body = _unmarked(_TAG.sub("", answer))
    return Fields(text=body, **{name: "\n".join(lines) for name, lines in parts.items()})


def _unmarked(text: str) -> str:
    """Remove Markdown and HTML markup, keep words and line breaks; a table row becomes one line."""
    if "<" in text:
        text = re.sub(r"</t[dh]>\s*<t[dh][^>]*>", "\t", text)
        text = re.sub(r"</tr>|<br\s*/?>", "\n", text)
        text = re.sub(r"</?(?:table|thead|tbody|tr|t[dh]|signature|logo|b|i|u|sup|sub|p|div)\b[^>]*>", "", text)
        text = html.unescape(text)
    text = re.sub(r"^#{1,6} +", "", text, flags=re.MULTILINE)
    text = re.sub(r"\*\*(\S(?:[^*\n]*\S)?)\*\*", r"\1", text)
    text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
