"""Expand a small probabilistic grammar into Portuguese text.

A bank file holds symbols and their productions, one a line or several between bars, chosen with equal probability:

    [demand]
    requer {a condenação|o pagamento} de {money}
    pede que {party=company} lhe entregue {thing}, no prazo de {days} dias

Braces may hold: a symbol or a function of `data.text`; alternatives `a|b|c` (one may be empty); `name=symbol`, which
expands once and is `{name}` in the rest of the document, so that people keep their names; `symbol*2-4`, a number of
expansions joined by a space; `symbol+2-4`, joined as blocks; `symbol>derivation`, the result of a function of it.
A leading `^` capitalizes, `!` makes capitals.
"""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ocr.core.errors import DataError

BLOCK = " ¶ "
"""Separator of the blocks (title, paragraph, row, ...) of a document."""

Function = Callable[[random.Random], str]
Derivation = Callable[[str], str]
_SYMBOL = re.compile(r"^\[([a-z_0-9]+)\]$")
_REPEAT = re.compile(r"^([a-z_0-9]+)([*+])(\d+)-(\d+)$")
_BINDING = re.compile(r"^([a-z_0-9]+)=(.+)$", re.DOTALL)
_DERIVED = re.compile(r"^([a-z_0-9]+)>([a-z_]+)$")
_DEEPEST = 60


@dataclass(frozen=True, slots=True)
class Grammar:
    """Productions by symbol, functions that generate numbers and dates, and derivations from a text."""

    symbols: Mapping[str, tuple[str, ...]]
    functions: Mapping[str, Function]
    derivations: Mapping[str, Derivation] = field(default_factory=dict)

    def expand(self, text: str, generator: random.Random, bound: dict[str, str] | None = None) -> str:
        """Return one random expansion of a production, e.g. `"{ruling}"`. Raises DataError on an unknown symbol."""
        return _Expansion(self, generator, bound if bound is not None else {}).expand(text, 0)


@dataclass(frozen=True, slots=True)
class _Expansion:
    grammar: Grammar
    generator: random.Random
    bound: dict[str, str] = field(default_factory=dict)

    def expand(self, text: str, depth: int) -> str:
        if depth > _DEEPEST:
            raise DataError(f"the grammar never ends at {text[:60]!r}", hint="look for a symbol that contains itself")
        return "".join(self._part(part, depth) for part in _parts(text))

    def _part(self, part: str, depth: int) -> str:
        if not part.startswith("{"):
            return part
        inner = part[1:-1]
        if inner[:1] in "^!":
            said = self._inside(inner[1:], depth)
            return said.upper() if inner[0] == "!" else said[:1].upper() + said[1:]
        return self._inside(inner, depth)

    def _inside(self, inner: str, depth: int) -> str:
        alternatives = _alternatives(inner)
        if len(alternatives) > 1:
            return self.expand(self.generator.choice(alternatives), depth + 1)
        if binding := _BINDING.match(inner):
            name, value = binding.groups()
            if name not in self.bound:
                self.bound[name] = self._inside(value, depth + 1)
            return self.bound[name]
        if derived := _DERIVED.match(inner):
            name, how = derived.groups()
            return self.grammar.derivations[how](self._symbol(name, depth))
        if repeat := _REPEAT.match(inner):
            symbol, how, least, most = repeat.groups()
            times = self.generator.randint(int(least), int(most))
            return (" " if how == "*" else BLOCK).join(self._symbol(symbol, depth) for _ in range(times))
        return self._symbol(inner, depth)

    def _symbol(self, name: str, depth: int) -> str:
        if name in self.bound:
            return self.bound[name]
        if name in self.grammar.symbols:
            return self.expand(self.generator.choice(self.grammar.symbols[name]), depth + 1)
        if name in self.grammar.functions:
            return self.grammar.functions[name](self.generator)
        raise DataError(f"the grammar has no symbol {name!r}", hint="write it as [symbol] in a bank file")


def read_banks(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the productions of all `*.txt` files of a folder, by symbol. Raises DataError that names a bad line."""
    symbols: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.txt")):
        current: list[str] | None = None
        for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            if opening := _SYMBOL.match(line):
                current = symbols.setdefault(opening.group(1), [])
            elif current is None or line.count("{") != line.count("}"):
                raise DataError(f"{path.name}: line {number}: no symbol above it, or a brace without its pair")
            else:
                current.extend(part.strip() for part in _alternatives(line))
    return {name: tuple(productions) for name, productions in symbols.items()}


@cache
def _parts(text: str) -> tuple[str, ...]:
    """Split into plain parts and outermost brace groups, in order."""
    parts: list[str] = []
    start = depth = 0
    for place, character in enumerate(text):
        if character == "{":
            if depth == 0 and place > start:
                parts.append(text[start:place])
            start = place if depth == 0 else start
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                parts.append(text[start : place + 1])
                start = place + 1
    return (*parts, text[start:]) if start < len(text) else tuple(parts)


@cache
def _alternatives(inner: str) -> tuple[str, ...]:
    """Split `inner` at the bars outside any braces within it."""
    cuts: list[str] = []
    start = depth = 0
    for place, character in enumerate(inner):
        depth += (character == "{") - (character == "}")
        if character == "|" and depth == 0:
            cuts.append(inner[start:place])
            start = place + 1
    return (*cuts, inner[start:])
