"""Decide the structure of a page with the network: fields, roles, printed lines, reading order, blocks and tables."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np

from ocr.core.document import FIELDS, Box, Field, Role, Table, box_around
from ocr.layout.learned.cells.cell_grid import find_cells
from ocr.layout.learned.cells.table_parts import Cells, Relations, holds, without_parts
from ocr.layout.learned.chain_order import order_chains, part_chains, white_bands
from ocr.layout.learned.features import Graph
from ocr.layout.learned.gutters import Gutters, column_gutters
from ocr.layout.learned.line_chains import (
    BLOCK,
    CELL,
    COLUMN,
    FORM,
    NEXT,
    ROW,
    TABLE,
    TEXT,
    LineLinks,
    PrintedLine,
    chains,
    fields_by_block,
    form_rows,
    is_level,
    printed_lines,
)
from ocr.layout.learned.page_edges import FIELD_NAMES, with_edges
from ocr.layout.learned.pieces import Piece
from ocr.layout.learned.structure_network import Structure
from ocr.layout.page_structure import LevelPage, PageStructure
from ocr.layout.reading_order import Row, line_height
from ocr.layout.reading_order import rows as group_rows
from ocr.layout.regions import assign
from ocr.layout.ruled.blanks import MARK
from ocr.layout.ruled.ruled_grids import RuledTable
from ocr.text.hyphenation import join, words_in

ROLE_NAMES: tuple[Role, ...] = (
    *("title", "heading", "paragraph", "list-item", "caption", "footnote", "table-cell", "form-label", "form-value"),
    *("stamp", "line-number", "side-note", "verse", "header", "footer", "stamp"),
)
"""As the network numbers them; noise has the role of a stamp."""
BEYOND, FAR_BEYOND = 2.0, 8.0
"""Line heights by which the rule between two columns stands out over what only looks like a table: at both ends, or at
one of them."""
FORM_SHARE = 0.6
"""Mean probability of labels and values above which ruled boxes are a form."""
SAME_BLOCK = 0.5
FLUSH, WIDE = 0.5, 8.0
"""Line heights by which the edges of full lines of one column differ at most, and their least width."""
PARAGRAPH = ROLE_NAMES.index("paragraph")
CHECK_BOXES = ("☐", "☑", "☒")
_SENTENCE_END = re.compile(r"[.:!?…][\"”’»)\]]*$")
_ITEM = re.compile(r"\W|\d|[^\W\d]{1,4}\s?[)–—-]|Art\.", re.IGNORECASE)
_PAGE_NUMBER = re.compile(
    r"[-–—\s]*(?:(?:p[áa]g(?:ina|\.)?|fls?\.?)\s*:?\s*)?\d{1,4}(?:\s*(?:de|/)\s*\d{1,4})?[-–—\s]*", re.I
)


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines of one paragraph or one table, in reading order."""

    rows: tuple[tuple[int, ...], ...]
    role: int
    cells: Cells | None = None


class LearnedPage:
    """One page while its structure is decided."""

    def __init__(
        self,
        pieces: Sequence[Piece],
        graph: Graph,
        structure: Structure,
        page: LevelPage,
        rule_fields: Sequence[Field] | None = None,
    ) -> None:
        """Decide lines, relations and tables. `rule_fields` are the fields by the rules, where known."""
        self.pieces, self.originals = pieces, page.originals
        lines = [piece.line for piece in pieces]
        self.rule_fields = assign(lines, page.size) if rule_fields is None else rule_fields
        tables = [table for table in page.ruled if not _is_form(table, structure)]
        cells = {
            place: (number, row)
            for number, table in enumerate(tables)
            for row, places in enumerate(table.rows)
            for place in places
        }
        self.height = max(1.0, line_height(lines))
        gutters = self._gutters(graph, structure, page.rulings)
        self.lines = [
            replace(line, role=PARAGRAPH) if line.role in FORM and gutters.is_beside_column(line.box) else line
            for line in printed_lines(graph, structure, gutters, cells)
        ]
        self._texts = [" ".join(lines[piece].text.strip() for piece in line.pieces) for line in self.lines]
        links = LineLinks(graph, self.lines)
        self.blocks = links.pairs(structure, BLOCK)
        self.lines = with_edges(fields_by_block(self.lines, self.blocks), self.rule_fields)
        table, row, column = (links.pairs(structure, name) for name in (TABLE, ROW, COLUMN))
        relations = Relations(table, row, column, self.blocks)
        self.tables = self._find_tables([self._ruled(one) for one in tables], relations, gutters, page.rulings)
        following = {
            (one, other): value
            for (one, other), value in links.pairs(structure, NEXT).items()
            if not _is_running(self.lines[one], self.lines[other])
            or not gutters.part(self.lines[one].box, self.lines[other].box, anywhere=self._are_apart(one, other))
        }
        choices = {place for place in range(len(self.lines)) if self.text_of(place).startswith(CHECK_BOXES)}
        self.following = following | form_rows(self.lines, graph, following, choices)

    def _gutters(self, graph: Graph, structure: Structure, rulings: Sequence[Box]) -> Gutters:
        """Return the gutters of the page."""
        is_text = np.array([any(map(str.isalnum, piece.line.text)) for piece in self.pieces])  # Leaders are none.
        columns = column_gutters(graph.boxes, graph.beside, is_text & (structure.roles.argmax(axis=1) != CELL))
        return Gutters(graph.boxes.tolist(), [tuple(edge / self.height for edge in rule) for rule in rulings], columns)

    def _find_tables(
        self, grids: Sequence[Cells], relations: Relations, gutters: Gutters, rulings: Sequence[Box]
    ) -> list[Cells]:
        """Return the tables: ruled ones that are whole, then those that the network finds beside them.

        What it takes for a table of columns of text becomes paragraphs.
        """
        ruled = without_parts(grids, self.lines, relations)
        found = self._open_tables(ruled, relations)
        whole = [table for table in ruled if not any(holds(other, table, self.lines) for other in found)]
        if len(whole) < len(ruled):
            found = self._open_tables(whole, relations)
        torn = {place for table in found if gutters.divide(table.table.box) for place in table.lines}
        self.lines = [replace(line, role=PARAGRAPH) if place in torn else line for place, line in enumerate(self.lines)]
        kept = (table for table in found if torn.isdisjoint(table.lines))
        return [*whole, *(table for table in kept if not self._is_crossed(table.table.box, rulings))]

    def _open_tables(self, ruled: Sequence[Cells], relations: Relations) -> list[Cells]:
        """Return the tables of the body beside those with ruling lines."""
        closed = {place for table in ruled for place in table.lines}
        is_open = [line.field == TEXT and place not in closed for place, line in enumerate(self.lines)]
        return find_cells(self.lines, is_open, relations, self.text_of)

    def _are_apart(self, one: int, other: int) -> bool:
        """Return whether two lines stand in the body and in different blocks."""
        body = self.lines[one].field == self.lines[other].field == TEXT
        return body and self.blocks.get((one, other), 0.0) < SAME_BLOCK

    def _is_crossed(self, box: Box, rulings: Sequence[Box]) -> bool:
        """Return whether the rule between two columns goes through a table, and far beyond it."""
        left, top, right, bottom = (edge * self.height for edge in box)
        beyond = BEYOND * self.height
        ends = [
            (top - rule[1], rule[3] - bottom)
            for rule in rulings
            if left + beyond < rule[0] < right - beyond and rule[1] < bottom and rule[3] > top
        ]
        return any(min(end) > beyond or max(end) > FAR_BEYOND * self.height for end in ends)

    def _ruled(self, ruled: RuledTable) -> Cells:
        """Return a ruled table with its printed lines."""
        line_of = {piece: number for number, line in enumerate(self.lines) for piece in line.pieces}
        rows = tuple(tuple(line_of[piece] for piece in row) for row in ruled.rows)
        return Cells(tuple(place for row in rows for place in row), rows, ruled.table, ruled.columns)

    def text_of(self, place: int) -> str:
        """Return the text of a printed line."""
        return self._texts[place]

    def structure(self) -> PageStructure:
        """Return what was decided."""
        rows: dict[Field, list[Row]] = {field: [] for field in FIELDS}
        roles: dict[int, tuple[Role, int]] = {}
        paragraphs: list[str] = []
        tables: list[Table] = []
        known = words_in(piece.line.text for piece in self.pieces)
        number = 0
        for field in FIELDS:
            for block in self._blocks_of(field):
                self._add_rows(rows[field], block)
                role = PARAGRAPH if block.role == CELL and block.cells is None else block.role
                for line in (line for row in block.rows for line in self._row(row)):
                    roles[id(line)] = (_role(role, field, line.text), number)
                number += 1
                if field != "text":
                    continue
                if block.cells is not None:
                    tables.append(self._table(block, after=len(paragraphs)))
                else:
                    paragraphs.append(self._paragraph(block, known))
        # A running head is one printed line, whatever the gaps between its parts.
        rows["header"] = group_rows([line for row in rows["header"] for line in row])
        return PageStructure(rows, tuple(paragraphs), tuple(tables), roles)

    def _add_rows(self, rows: list[Row], block: _Block) -> None:
        """Add the rows of a block. A blank or a value beside its label is printed in the row of the label."""
        first, *others = [self._row(row) for row in block.rows]
        is_form = block.role in FORM or MARK in (first[0].text, rows[-1][-1].text if rows else "")
        last = rows[-1][-1].box if rows else None
        box = first[0].box
        high = min(box[3] - box[1], last[3] - last[1]) if last else 0.0
        if is_form and last and abs(last[1] + last[3] - box[1] - box[3]) < high and box[0] > last[2] - 0.3 * high:
            rows[-1] = (*rows[-1], *first)
        else:
            rows.append(first)
        rows += others

    def _row(self, row: Sequence[int]) -> Row:
        """Return the pieces of printed lines side by side."""
        return tuple(self.pieces[piece].line for place in row for piece in self.lines[place].pieces)

    def _paragraph(self, block: _Block, known: Set[str]) -> str:
        text = ""
        for row in block.rows:
            printed = " ".join(self.text_of(place) for place in row)
            text = join(text, printed, known) if text else printed
        return text

    def _table(self, block: _Block, after: int) -> Table:
        assert block.cells is not None
        box = box_around(self.originals[id(piece)].box for row in block.rows for piece in self._row(row))
        return replace(block.cells.table, box=box, after=after)

    def read_order(self, field: Field) -> list[int]:
        """Return the pieces of a field in reading order."""
        units = (unit.lines if isinstance(unit, Cells) else unit for unit in self._units_of(field))
        return [piece for unit in units for place in unit for piece in self.lines[place].pieces]

    def _units_of(self, field: Field) -> Iterator[Sequence[int] | Cells]:
        """Return the chains of lines of a field, and its tables, in reading order."""
        wanted = [FIELD_NAMES.index(field), *([FIELD_NAMES.index("noise")] if field == "margin" else [])]
        in_table = {place: table for table in self.tables for place in table.lines}
        members = [place for place, line in enumerate(self.lines) if line.field in wanted]
        return self._units(members, in_table)

    def _blocks_of(self, field: Field) -> list[_Block]:
        """Return the blocks of a field in reading order."""
        blocks: list[_Block] = []
        last = -1
        for unit in self._units_of(field):
            if isinstance(unit, Cells):
                blocks.append(_Block(unit.rows, ROLE_NAMES.index("table-cell"), unit))
                last = -1
                continue
            for place in unit:
                if last >= 0 and self._same_block(last, place):
                    blocks[-1] = replace(blocks[-1], rows=self._extended(blocks[-1].rows, place))
                else:
                    blocks.append(_Block(((place,),), self.lines[place].role))
                last = place
        return blocks

    def _units(self, members: Sequence[int], in_table: Mapping[int, Cells]) -> Iterator[Sequence[int] | Cells]:
        """Yield chains of lines, and tables, in reading order."""
        free = [place for place in members if place not in in_table]
        numbers = {place: number for number, place in enumerate(free)}
        wanted = set(members)
        tables = [table for table in self.tables if not wanted.isdisjoint(table.lines)]
        following = {
            (numbers[a], numbers[b]): value for (a, b), value in self.following.items() if a in numbers and b in numbers
        }
        found = [
            [free[number] for number in chain] for chain in chains([self.lines[place] for place in free], following)
        ]
        at = {place: number for number, place in enumerate(members)}
        line_boxes = [self.lines[place].box for place in members]
        bands = white_bands(line_boxes)
        parts = part_chains([[at[place] for place in chain] for chain in found], line_boxes, bands)
        found = self._by_rows([[members[number] for number in part] for part in parts])
        units: list[Sequence[int] | Cells] = [*found, *tables]
        boxes = [
            box_around(self.lines[place].box for place in (unit.lines if isinstance(unit, Cells) else unit))
            for unit in units
        ]
        yield from (units[place] for place in order_chains(boxes, bands))

    def _by_rows(self, parts: Sequence[list[int]]) -> list[list[int]]:
        """Return the chains, those of forms that stand side by side as one: a form is read by rows."""
        forms = [part for part in parts if all(self.lines[place].role in FORM for place in part)]
        boxes = {id(part): box_around(self.lines[place].box for place in part) for part in forms}
        rows: list[list[list[int]]] = []
        bottom = -1.0
        for part in sorted(forms, key=lambda part: boxes[id(part)][1]):
            _, top, _, end = boxes[id(part)]
            if rows and min(end, bottom) - top > 0.5 * (end - top):
                rows[-1].append(part)
                bottom = max(bottom, end)
            else:
                rows.append([part])
                bottom = end
        ordered = [[place for part in sorted(row, key=lambda p: boxes[id(p)][0]) for place in part] for row in rows]
        return [*(part for part in parts if id(part) not in boxes), *ordered]

    def _same_block(self, last: int, place: int) -> bool:
        """Return whether a line goes on with the block of the line before it."""
        if self._are_choices(last, place):
            return True
        known = [self.blocks[pair] for pair in ((last, place), (place, last)) if pair in self.blocks]
        above, below = self.text_of(last), self.text_of(place)
        if known:
            goes_on = not _SENTENCE_END.search(above) and not (above.endswith(";") and _ITEM.match(below))
            return sum(known) / len(known) >= SAME_BLOCK or (goes_on and self._are_full(last, place))
        if re.search(r"\w-$", above):
            return below[:1].islower()
        return below[:1].islower() and not re.search(r"[.:;!?…][\"”’»)\]]*$", above)

    def _are_full(self, last: int, place: int) -> bool:
        """Return whether two lines of running text stand one below the other and are equally wide, as in a column."""
        one, other = self.lines[last], self.lines[place]
        (left, _, right, bottom), (start, top, end, _) = one.box, other.box
        level = abs(left - start) < FLUSH and abs(right - end) < FLUSH and right - left > WIDE
        return level and -FLUSH < top - bottom < FLUSH and {one.role, other.role} <= {PARAGRAPH, CELL}

    def _are_choices(self, last: int, place: int) -> bool:
        """Return whether two lines are choices with check boxes, side by side: answers to one question."""
        both = self.text_of(last).startswith(CHECK_BOXES) and self.text_of(place).startswith(CHECK_BOXES)
        return both and is_level(self.lines[last].box, self.lines[place].box)

    def _extended(self, rows: tuple[tuple[int, ...], ...], place: int) -> tuple[tuple[int, ...], ...]:
        """Return rows with one more line: beside the last one, or below it."""
        before, box = self.lines[rows[-1][-1]].box, self.lines[place].box
        level = abs(before[1] + before[3] - box[1] - box[3]) < min(before[3] - before[1], box[3] - box[1])
        if level and box[0] >= before[2] - 0.3:
            return (*rows[:-1], (*rows[-1], place))
        return (*rows, (place,))


def _is_running(line: PrintedLine, other: PrintedLine) -> bool:
    """Return whether neither line is a cell or a part of a form: these stand side by side with gaps between them."""
    return line.role not in (*FORM, CELL) and other.role not in (*FORM, CELL)


def _is_form(table: RuledTable, structure: Structure) -> bool:
    """Return whether the cells of a ruled table are boxes of a form, each with its label: they are read box by box."""
    places = [place for row in table.rows for place in row]
    return float(structure.roles[places][:, FORM].sum(axis=1).mean()) > FORM_SHARE


def _role(role: int, field: Field, text: str) -> Role:
    """Return the role of a line in its field."""
    name = ROLE_NAMES[role]
    if field in ("header", "footer"):
        if _PAGE_NUMBER.fullmatch(text.strip()):
            return "page-number"
        return name if name == "footnote" and field == "footer" else field
    if field == "margin":
        return name if name in ("stamp", "line-number", "side-note") else "stamp"
    return "paragraph" if name in ("header", "footer") else name
