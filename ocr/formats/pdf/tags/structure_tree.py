"""Write the structure tree of a tagged PDF page by page: the elements, and the way from a page's marks to them.

Elements are packed into streams, so that a page's tags take a few hundred bytes. Memory holds three numbers a page.
Source: ISO 32000-1, 14.7.2 (structure hierarchy), 14.7.4.4 (parent tree) and 7.9.7 (number trees).
"""

from array import array
from collections.abc import Iterator, Sequence

from ocr.formats.pdf.object_writer import ObjectWriter
from ocr.formats.pdf.tags.page_tags import PageTags, Tag

FIRST_KEY = 1 << 20
"""Key of the first page in the parent tree: pages of a PDF whose own tree was removed may still have small ones."""
_LEAVES = 64
"""Pages in a leaf of the parent tree."""


class StructureTree:
    """The structure tree of one PDF."""

    def __init__(self, writer: ObjectWriter) -> None:
        self._writer = writer
        self._root = writer.reserve(2)
        self._document = self._root + 1
        self._pages, self._parents = array("Q"), array("Q")

    def add(self, tags: PageTags, page: tuple[int, int]) -> int:
        """Write the elements of a page, given by its object number and generation; return its key."""
        elements = list(_below(tags.elements))
        first = self._writer.reserve(len(elements) + 2)
        numbers = {id(tag): number for number, tag in enumerate(elements, start=first + 1)}
        here = b"/Pg %d %d R" % page
        bodies = [_element("Div", self._document, _kids(tags.elements, numbers, first))]
        above = {id(kid): numbers[id(tag)] for tag in elements for kid in tag.kids if isinstance(kid, Tag)}
        for tag in elements:
            has_text = any(isinstance(kid, int) for kid in tag.kids)
            more = (here if has_text else b"") + _attributes(tag)
            kids = _kids(tag.kids, numbers, numbers[id(tag)])
            bodies.append(_element(tag.kind, above.get(id(tag), first), kids, more))
        bodies.append(b"[%b]" % b" ".join(b"%d 0 R" % numbers[id(tag)] for tag in tags.parents))
        self._pages.append(first)
        self._parents.append(first + len(elements) + 1)
        self._writer.pack(first, bodies)
        return FIRST_KEY + len(self._pages) - 1

    def finish(self) -> int | None:
        """Write what stands above the pages; return the object number of the tree, None where no page has tags."""
        if not self._pages:
            return None
        self._writer.pack(
            self._document, [_element("Document", self._root, [_reference(page) for page in self._pages])]
        )
        leaves = list(self._leaves())
        first = self._writer.reserve(len(leaves))
        self._writer.pack(first, leaves)
        kids = b" ".join(_reference(number) for number in range(first, first + len(leaves)))
        next_key = FIRST_KEY + len(self._pages)
        self._writer.pack(
            self._root,
            [
                b"<</Type/StructTreeRoot/K %d 0 R/ParentTree<</Kids[%b]>>/ParentTreeNextKey %d>>"
                % (self._document, kids, next_key)
            ],
        )
        return self._root

    def _leaves(self) -> Iterator[bytes]:
        for start in range(0, len(self._parents), _LEAVES):
            part = self._parents[start : start + _LEAVES]
            pairs = b" ".join(b"%d %d 0 R" % (FIRST_KEY + start + place, number) for place, number in enumerate(part))
            limits = FIRST_KEY + start, FIRST_KEY + start + len(part) - 1
            yield b"<</Limits[%d %d]/Nums[%b]>>" % (*limits, pairs)


def _below(tags: Sequence[Tag]) -> Iterator[Tag]:
    """Yield elements and all elements below them, each before those below it; without those that hold nothing."""
    for tag in tags:
        if tag.kids:
            yield tag
            yield from _below([kid for kid in tag.kids if isinstance(kid, Tag)])


def _kids(kids: Sequence[Tag | int], numbers: dict[int, int], parent: int) -> list[bytes]:
    """Return what an element holds. An element without content, such as an empty cell, needs no object of its own."""
    return [
        b"%d" % kid
        if isinstance(kid, int)
        else _reference(numbers[id(kid)])
        if id(kid) in numbers
        else _element(kid.kind, parent, (), _attributes(kid))
        for kid in kids
    ]


def _element(kind: str, parent: int, kids: Sequence[bytes], more: bytes = b"") -> bytes:
    inner = b" ".join(kids) if len(kids) == 1 else b"[%b]" % b" ".join(kids)
    below = b"/K %b" % inner if kids else b""
    return b"<</S/%b/P %d 0 R%b%b>>" % (kind.encode("ascii"), parent, more, below)


def _attributes(tag: Tag) -> bytes:
    return b"/A<</O/Table%b>>" % tag.attributes.encode("ascii") if tag.attributes else b""


def _reference(number: int) -> bytes:
    return b"%d 0 R" % number
