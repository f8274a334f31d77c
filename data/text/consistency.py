"""Make numbers of one document agree: products in rows, totals, and numbered items.

The banks write `=name` for such values: `=product` as the last cell of a row (quantity times price), an amount such as
`=total` anywhere after the rows; `=section`, `=item`, `=subitem`, `=article`, `=clause` for the next number of each.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_AMOUNT = re.compile(r"[\d.]+,\d\d")
_NAME = re.compile(r"=([a-z]+)")
_CELL = " :: "

Block = tuple[str, str]


def settle(blocks: Sequence[Block]) -> list[Block]:
    """Replace every `=name` in the blocks; an `act` restarts its articles. Raises KeyError on an unknown name."""
    running = _Running()
    return [(style, running.row(text) if style == "row" else running.text(style, text)) for style, text in blocks]


def render_amount(cents: int) -> str:
    """Return an amount such as 1.234,56."""
    whole, rest = divmod(cents, 100)
    return f"{whole:,}".replace(",", ".") + f",{rest:02d}"


@dataclass(slots=True)
class _Running:
    goods: int = 0
    """Cents in the last cells of the rows so far."""
    section: int = 0
    item: int = 0
    subitem: int = 0
    article: int = 0
    clause: int = 0

    def row(self, text: str) -> str:
        cells = text.split(_CELL)
        if cells[-1] == "=product":
            cells[-1] = render_amount(int(cells[-3]) * _cents(cells[-2]))
        self.goods += _cents(cells[-1])
        return _CELL.join(cells)

    def text(self, style: str, text: str) -> str:
        self.article = 0 if style == "act" else self.article
        return _NAME.sub(lambda found: self._value(found.group(1)), text)

    def _value(self, name: str) -> str:
        if name == "section":
            self.section, self.item, self.subitem = self.section + 1, 0, 0
            return str(self.section)
        if name == "item":
            self.section, self.item, self.subitem = max(1, self.section), self.item + 1, 0
            return f"{self.section}.{self.item}"
        if name == "subitem":
            self.section, self.item, self.subitem = max(1, self.section), max(1, self.item), self.subitem + 1
            return f"{self.section}.{self.item}.{self.subitem}"
        if name == "article":
            self.article += 1
            return f"{self.article}º" if self.article < 10 else f"{self.article}."
        if name == "clause":
            self.clause += 1
            return f"{self.clause}ª"
        return render_amount(_amounts(self.goods)[name])


def _cents(amount: str) -> int:
    return int(amount.replace(".", "").replace(",", "")) if _AMOUNT.fullmatch(amount) else 0


def _amounts(goods: int) -> dict[str, int]:
    """Return the amounts of an invoice or receipt for goods of this price in cents."""
    freight, insurance = goods * 4 // 100, goods // 100
    total = goods + freight + insurance
    return {
        "goods": goods,
        "tax": (goods * 18 + 50) // 100,
        "freight": freight,
        "insurance": insurance,
        "total": total,
        "half": total // 2,
        "rest": total - total // 2,
    }
