"""ALTO 4.4: one file a scan, regions by field and paragraph, lines and words with confidences.

Source: https://www.loc.gov/standards/alto/v4/alto-4-4.xsd
"""

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from ocr.core.document import ROLES, Box, EngineIdentity, Line, Page, Source, box_around
from ocr.formats.line_blocks import Block, blocks_of
from ocr.formats.xml.markup import empty_tag, share, tag, text_node, whole
from ocr.text.text_places import words_of

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:schemaLocation="http://www.loc.gov/standards/alto/ns-v4# http://www.loc.gov/standards/alto/v4/alto-4-4.xsd" \
SCHEMAVERSION="4.4">
"""


def write_alto(source: Source, engine: EngineIdentity, pages: Iterable[Page]) -> Iterator[str]:
    """Yield one ALTO document. Margins come before the print space, as the schema wants; IDNEXT gives the order."""
    tags = "".join(empty_tag("StructureTag", ID=f"role-{role}", LABEL=role) + "\n" for role in ROLES)
    yield _HEAD + _description(source, engine) + f"<Tags>\n{tags}</Tags>\n<Layout>\n"
    is_empty = True
    for page in pages:
        is_empty = False
        yield from _page(page)
    if is_empty:
        yield empty_tag("Page", ID="p0", PHYSICAL_IMG_NR=0) + "\n"  # the schema wants a page, also of a damaged file
    yield "</Layout>\n</alto>\n"


def _description(source: Source, engine: EngineIdentity) -> str:
    reason = f"<processingStepDescription>{text_node(source.reason)}</processingStepDescription>\n"
    return (
        "<Description>\n<MeasurementUnit>pixel</MeasurementUnit>\n"
        f"<sourceImageInformation>\n<fileName>{text_node(source.path)}</fileName>\n</sourceImageInformation>\n"
        f'<Processing ID="reading">\n<processingCategory>contentGeneration</processingCategory>\n'
        f"{reason if source.reason else ''}"
        f"<processingStepSettings>{text_node(engine.fingerprint)}</processingStepSettings>\n"
        "<processingSoftware>\n<softwareName>lusocr</softwareName>\n"
        f"<applicationDescription>engine {text_node(engine.name)}</applicationDescription>\n"
        "</processingSoftware>\n</Processing>\n</Description>\n"
    )


def _page(page: Page) -> Iterator[str]:
    blocks = blocks_of(page)
    names = [f"p{page.number}_b{place}" for place in range(1, len(blocks) + 1)]
    spaces: dict[str, list[str]] = {name: [] for name in _SPACES}
    held: dict[str, list[Box]] = {name: [] for name in _SPACES}
    for block, name, following in zip_longest(blocks, names, names[1:]):
        space = _space(block, page.width)
        spaces[space].append(_block(block, name, following, page))
        held[space].append(block.box)
    yield tag(
        "Page",
        ID=f"p{page.number}",
        PHYSICAL_IMG_NR=page.number,
        WIDTH=page.width,
        HEIGHT=page.height,
        LANG="pt-BR",
        PC=share(page.confidence),
        PROCESSINGREFS="reading",
    )
    yield "\n"
    for name in _SPACES:
        if spaces[name] or name == "PrintSpace":
            box = box_around(held[name]) if held[name] else (0, 0, page.width, page.height)
            yield tag(name, **_places(box, page)) + "\n" + "".join(spaces[name]) + f"</{name}>\n"
    yield "</Page>\n"


_SPACES = ("TopMargin", "LeftMargin", "RightMargin", "BottomMargin", "PrintSpace")


def _space(block: Block, width: int) -> str:
    if block.field == "margin":
        is_left = (block.box[0] + block.box[2]) / 2 < width / 2
        return "LeftMargin" if is_left else "RightMargin"
    return {"header": "TopMargin", "footer": "BottomMargin"}.get(block.field, "PrintSpace")


def _block(block: Block, name: str, following: str | None, page: Page) -> str:
    lines = "".join(_line(line, f"{name}_l{place}", page) for place, line in enumerate(block.lines, start=1))
    places = _places(block.box, page)
    if block.kind != "table":
        role = f"role-{block.role}" if block.role else None
        return tag("TextBlock", ID=name, IDNEXT=following, TAGREFS=role, **places) + f"\n{lines}</TextBlock>\n"
    inner = tag("TextBlock", ID=f"{name}_t", **places) + f"\n{lines}</TextBlock>\n"
    return tag("ComposedBlock", ID=name, IDNEXT=following, TYPE="table", **places) + f"\n{inner}</ComposedBlock>\n"


def _line(line: Line, name: str, page: Page) -> str:
    places = _places(line.box, page)
    return tag("TextLine", ID=name, **places) + f"\n{''.join(_strings(line, name, page))}</TextLine>\n"


def _strings(line: Line, name: str, page: Page) -> Iterator[str]:
    words = words_of(line)
    for place, word in enumerate(words, start=1):
        places, confidence = _places(word.box, page), share(word.confidence)
        yield empty_tag("String", ID=f"{name}_w{place}", CONTENT=word.text, WC=confidence, **places)
        yield "<SP/>\n" if place < len(words) else "\n"


def _places(box: Box, page: Page) -> dict[str, int]:
    left, top, right, bottom = whole(box, page.width, page.height)
    return {"HPOS": left, "VPOS": top, "WIDTH": right - left, "HEIGHT": bottom - top}
