"""Text that a PDF's pages have already, and its tags: find them, and remove those of an earlier reading's layer."""

import re
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pikepdf

_SHOWS = frozenset(("Tj", "TJ", "'", '"'))
_MAY_SHOW = re.compile(rb"BT[\s/(<\[\d.+-].*?(?:T[jJ]|['\"])", re.DOTALL)
_DEPTH = 5
"""Form XObjects inside one another that are examined; real layers use one."""


def kinds_of_text(page: "pikepdf.Page") -> set[str]:
    """Return which of "visible" and "invisible" the page has text of, also in its Form XObjects."""
    return set(_kinds(page.obj, _DEPTH))


def remove_invisible(pdf: "pikepdf.Pdf", page: "pikepdf.Page") -> None:
    """Remove the invisible text of a page and of its Form XObjects; everything else stays."""
    import pikepdf

    for holder in [page.obj, *_forms(page.obj, _DEPTH)]:
        if any(kind == "invisible" for kind in _kinds(holder, 0)):
            _rewrite(pdf, holder, _without_invisible(pikepdf.parse_content_stream(_content_holder(holder))))


def remove_tags(pdf: "pikepdf.Pdf") -> None:
    """Remove the structure tree of a PDF, and the marks in its pages that lead to it."""
    import pikepdf

    for key in ("/StructTreeRoot", "/MarkInfo"):
        if key in pdf.Root:
            del pdf.Root[key]
    for page in pdf.pages:
        if "/StructParents" in page.obj:
            del page.obj.StructParents
            _rewrite(pdf, page.obj, _without_marks(pikepdf.parse_content_stream(page)))


def _without_invisible(instructions: Iterable[Any]) -> Iterator[Any]:
    mode, saved = 0, list[int]()
    for instruction in instructions:
        mode = _mode_after(mode, saved, instruction)
        if not (str(instruction.operator) in _SHOWS and mode == _INVISIBLE):
            yield instruction


def _without_marks(instructions: Iterable[Any]) -> Iterator[Any]:
    """Yield instructions without marked content that has a number, or is an artifact."""
    removed: list[bool] = []
    for instruction in instructions:
        operator = str(instruction.operator)
        if operator in ("BMC", "BDC"):
            tag, *rest = instruction.operands
            removed.append(tag == "/Artifact" or any("/MCID" in part for part in rest if _is_dictionary(part)))
        is_kept = operator not in ("BMC", "BDC", "EMC") or not (removed and removed[-1])
        if operator == "EMC" and removed:
            removed.pop()
        if is_kept:
            yield instruction


def _is_dictionary(value: Any) -> bool:
    import pikepdf

    return isinstance(value, pikepdf.Dictionary)


def _rewrite(pdf: "pikepdf.Pdf", holder: Any, instructions: Iterable[Any]) -> None:
    """Replace the content of a page or of a Form XObject."""
    import pikepdf

    content = zlib.compress(pikepdf.unparse_content_stream(list(instructions)))
    if isinstance(holder, pikepdf.Stream):
        holder.write(content, filter=pikepdf.Name.FlateDecode)
    else:
        holder.Contents = pdf.make_indirect(pikepdf.Stream(pdf, content, Filter=pikepdf.Name.FlateDecode))


_INVISIBLE = 3
"""Text rendering mode of invisible text. Source: ISO 32000-1, table 106."""


def _kinds(holder: Any, depth: int) -> Iterator[str]:
    """Yield "visible" or "invisible" for each piece of text that is shown."""
    import pikepdf

    if _MAY_SHOW.search(_bytes_of(holder)):
        mode, saved = 0, list[int]()
        for instruction in pikepdf.parse_content_stream(_content_holder(holder)):
            mode = _mode_after(mode, saved, instruction)
            if str(instruction.operator) in _SHOWS and _has_signs(instruction.operands):
                yield "invisible" if mode == _INVISIBLE else "visible"
    for form in _forms(holder, min(depth, 1)):
        yield from _kinds(form, depth - 1)


def _mode_after(mode: int, saved: list[int], instruction: Any) -> int:
    """Return the text rendering mode after an instruction; `saved` is the stack of `q` and `Q`."""
    operator = str(instruction.operator)
    if operator == "q":
        saved.append(mode)
    elif operator == "Q" and saved:
        return saved.pop()
    elif operator == "Tr" and instruction.operands:
        return int(instruction.operands[0])
    return mode


def _has_signs(operands: Any) -> bool:
    """Return whether a string among the operands has a byte that is no space."""
    import pikepdf

    for operand in operands:
        if isinstance(operand, pikepdf.String) and bytes(operand).strip(b" \x00"):
            return True
        if isinstance(operand, pikepdf.Array) and _has_signs(operand):
            return True
    return False


def _forms(holder: Any, depth: int) -> Iterator[Any]:
    """Yield the Form XObjects that a page or form uses, `depth` levels deep."""
    import pikepdf

    if depth < 1:
        return
    resources = pikepdf.Page(holder).resources if holder.get("/Type") == "/Page" else holder.get("/Resources", {})
    for part in dict(resources.get("/XObject", {})).values():
        if isinstance(part, pikepdf.Stream) and part.get("/Subtype") == "/Form":
            yield part
            yield from _forms(part, depth - 1)


def _bytes_of(holder: Any) -> bytes:
    import pikepdf

    if isinstance(holder, pikepdf.Stream):
        return bytes(holder.read_bytes())
    contents = holder.get("/Contents")
    parts = contents if isinstance(contents, pikepdf.Array) else [] if contents is None else [contents]
    return b"\n".join(part.read_bytes() for part in parts if isinstance(part, pikepdf.Stream))


def _content_holder(holder: Any) -> Any:
    """Return what pikepdf parses as one content stream."""
    import pikepdf

    return holder if isinstance(holder, pikepdf.Stream) else pikepdf.Page(holder)
