"""hOCR 1.2: one XHTML file a scan, areas by field and paragraph, lines and words with boxes and confidences.

Source: https://kba.github.io/hocr-spec/1.2/
"""

from collections.abc import Iterable, Iterator

from ocr.core.document import Box, EngineIdentity, Line, Page, Role, Source
from ocr.formats.line_blocks import Block, BlockKind, blocks_of
from ocr.formats.page_blocks import notice_of, one_line
from ocr.formats.xml.markup import empty_tag, tag, text_node, whole
from ocr.text.text_places import words_of

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="pt-BR" lang="pt-BR">
<head>
"""
_CLASSES: dict[BlockKind, str] = {
    "header": "ocr_carea ocr_header",
    "paragraph": "ocr_carea",
    "table": "ocr_carea ocr_table",
    "margin": "ocr_carea ocr_textfloat",
    "footer": "ocr_carea ocr_footer",
}

_ROLE_CLASSES: dict[Role, str] = {
    "title": "ocr_carea ocr_title", "caption": "ocr_carea ocr_caption", "page-number": "ocr_carea ocr_pageno",
}  # fmt: skip
"""Classes for roles that hOCR has a name for; the property `x_role` of an area names every role."""


def write_hocr(source: Source, engine: EngineIdentity, pages: Iterable[Page]) -> Iterator[str]:
    """Yield one hOCR document. Each area holds one paragraph, so that areas and paragraphs have the same boxes."""
    facts = {
        "ocr-system": f"lusocr, engine {engine.name}: {engine.fingerprint}",
        "ocr-capabilities": "ocr_page ocr_carea ocr_par ocr_line ocrx_word ocr_header ocr_footer ocr_table "
        "ocr_textfloat ocr_title ocr_caption ocr_pageno ocrp_wconf",
        "ocr-langs": "pt",
        "ocr-scripts": "Latn",
        "ocr-number-of-pages": str(source.pages),
    }
    yield _HEAD + f"<title>{text_node(source.path)}</title>\n"
    yield '<meta http-equiv="Content-Type" content="text/html;charset=utf-8" />\n'
    for name, content in facts.items():
        yield empty_tag("meta", name=name, content=content) + "\n"
    yield "</head>\n<body>\n"
    if source.reason:
        yield f"<p>This file could not be read: {text_node(one_line(source.reason))}</p>\n"
    for page in pages:
        yield _page(source, page)
    yield "</body>\n</html>\n"


def _page(source: Source, page: Page) -> str:
    image = source.path.replace("\\", "\\\\").replace('"', '\\"')
    title = f'image "{image}"; {_bbox((0, 0, page.width, page.height), page)}; ppageno {page.number - 1}'
    notice = notice_of(page)
    comment = f"<!-- {text_node(notice).replace('--', '- -')} -->\n" if notice else ""
    areas = "".join(
        _area(block, f"{page.number}_{place}", page) for place, block in enumerate(blocks_of(page), start=1)
    )
    return tag("div", class_="ocr_page", id=f"page_{page.number}", title=title) + f"\n{comment}{areas}</div>\n"


def _area(block: Block, name: str, page: Page) -> str:
    box = _bbox(block.box, page)
    lines = "".join(_line(line, f"{name}_{place}", page) for place, line in enumerate(block.lines, start=1))
    classes = _ROLE_CLASSES.get(block.role, _CLASSES[block.kind]) if block.role else _CLASSES[block.kind]
    role = f"; x_role {block.role}" if block.role else ""
    area = tag("div", class_=classes, id=f"block_{name}", title=box + role)
    paragraph = tag("p", class_="ocr_par", id=f"par_{name}", title=box)
    return f"{area}\n{paragraph}\n{lines}</p>\n</div>\n"


def _line(line: Line, name: str, page: Page) -> str:
    words = "\n".join(
        tag(
            "span",
            class_="ocrx_word",
            id=f"word_{name}_{place}",
            title=_bbox(word.box, page)
            + ("" if word.confidence is None else f"; x_wconf {round(100 * min(max(word.confidence, 0), 1))}"),
        )
        + f"{text_node(word.text)}</span>"
        for place, word in enumerate(words_of(line), start=1)
    )
    return tag("span", class_="ocr_line", id=f"line_{name}", title=_bbox(line.box, page)) + f"{words}</span>\n"


def _bbox(box: Box, page: Page) -> str:
    return "bbox " + " ".join(map(str, whole(box, page.width, page.height)))
