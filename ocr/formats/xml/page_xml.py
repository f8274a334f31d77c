"""PAGE XML 2019-07-15: one file a page, regions by field and paragraph, lines and words with confidences.

Source: http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15/pagecontent.xsd
"""

from collections.abc import Iterable, Iterator

from ocr.core.document import Box, EngineIdentity, Line, Page, Role, Source
from ocr.formats.line_blocks import Block, BlockKind, blocks_of
from ocr.formats.xml.markup import empty_tag, share, tag, text_node, whole
from ocr.text.text_places import words_of

_NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
_UNKNOWN_TIME = "1970-01-01T00:00:00Z"
"""The schema wants a time. A real one would give other bytes on every run."""
_TYPES: dict[BlockKind, str] = {
    "header": "header", "paragraph": "paragraph", "table": "paragraph", "margin": "marginalia", "footer": "footer",
}  # fmt: skip

_ROLE_TYPES: dict[Role, str] = {
    "title": "heading", "heading": "heading", "caption": "caption", "footnote": "footnote",
    "page-number": "page-number", "form-label": "other", "form-value": "other", "line-number": "other",
    "stamp": "other",
}  # fmt: skip
"""Types of the schema for roles that have one of their own."""


def write_page_xml(source: Source, engine: EngineIdentity, pages: Iterable[Page]) -> Iterator[tuple[str, str]]:
    """Yield (label, document) for each page: the schema allows one page a file. The label is `.page-` and a number."""
    for page in pages:
        yield page_label(page.number), "".join(_document(source, engine, page))


def page_label(number: int) -> str:
    """Return the label of a page's file."""
    return f".page-{number}"


def _document(source: Source, engine: EngineIdentity, page: Page) -> Iterator[str]:
    blocks = blocks_of(page)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield (
        f'<PcGts xmlns="{_NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{_NAMESPACE} {_NAMESPACE}/pagecontent.xsd">\n'
    )
    yield _metadata(engine, page)
    yield tag(
        "Page",
        imageFilename=source.path,
        imageWidth=page.width,
        imageHeight=page.height,
        conf=share(page.confidence),
        primaryLanguage="Portuguese",
        custom=f"page {{number:{page.number};}}",
    )
    yield "\n" + _order(blocks)
    for place, block in enumerate(blocks, start=1):
        yield _region(block, f"r{place}", page)
    yield "</Page>\n</PcGts>\n"


def _metadata(engine: EngineIdentity, page: Page) -> str:
    comments = "; ".join((page.status, *([page.reason] if page.reason else []), *page.flags))
    return (
        "<Metadata>\n<Creator>lusocr</Creator>\n"
        f"<Created>{_UNKNOWN_TIME}</Created>\n<LastChange>{_UNKNOWN_TIME}</LastChange>\n"
        f"<Comments>{text_node(comments)}</Comments>\n"
        + tag("MetadataItem", type="processingStep", name="ocr", value=engine.name)
        + "\n<Labels>\n"
        + empty_tag("Label", value=engine.fingerprint, type="fingerprint")
        + "\n</Labels>\n</MetadataItem>\n</Metadata>\n"
    )


def _order(blocks: list[Block]) -> str:
    if not blocks:
        return ""
    refs = "".join(
        empty_tag("RegionRefIndexed", index=place, regionRef=f"r{place + 1}{'_t' * (block.kind == 'table')}") + "\n"
        for place, block in enumerate(blocks)
    )
    return f'<ReadingOrder>\n<OrderedGroup id="order">\n{refs}</OrderedGroup>\n</ReadingOrder>\n'


def _region(block: Block, name: str, page: Page) -> str:
    coords = _coords(block.box, page)
    if block.kind == "table":
        return f'<TableRegion id="{name}">\n{coords}{_text_region(block, f"{name}_t", page)}</TableRegion>\n'
    return _text_region(block, name, page)


def _text_region(block: Block, name: str, page: Page) -> str:
    lines = "".join(_line(line, f"{name}_l{place}", page) for place, line in enumerate(block.lines, start=1))
    text = "\n".join(line.text for line in block.lines)
    kind = _ROLE_TYPES.get(block.role, _TYPES[block.kind]) if block.role else _TYPES[block.kind]
    custom = f"structure {{type:{block.role};}}" if block.role else None
    start = tag("TextRegion", id=name, type=kind, custom=custom)
    return f"{start}\n{_coords(block.box, page)}{lines}{_equivalent(text, None)}</TextRegion>\n"


def _line(line: Line, name: str, page: Page) -> str:
    words = "".join(
        f'<Word id="{name}_w{place}">\n{_coords(word.box, page)}{_equivalent(word.text, word.confidence)}</Word>\n'
        for place, word in enumerate(words_of(line), start=1)
    )
    text = _equivalent(line.text, line.confidence)
    return f'<TextLine id="{name}">\n{_coords(line.box, page)}{words}{text}</TextLine>\n'


def _coords(box: Box, page: Page) -> str:
    left, top, right, bottom = whole(box, page.width, page.height)
    return f'<Coords points="{left},{top} {right},{top} {right},{bottom} {left},{bottom}"/>\n'


def _equivalent(text: str, confidence: float | None) -> str:
    return tag("TextEquiv", conf=share(confidence)) + f"<Unicode>{text_node(text)}</Unicode></TextEquiv>\n"
