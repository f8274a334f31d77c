"""Text for lines: the alphabet, passages from plain-text files and from the project's grammar, and cuts of one line.

A text file is read in blocks of `BLOCK` bytes. A block belongs to training or to the held-out side by the checksum of
its bytes, so that the split needs no list and stays the same wherever the file lies.
"""

import mmap
import random
import re
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from data.synthesis.page_types import PAGE_TYPES
from data.text import generators
from data.text.scripts import SCRIPT_LETTERS
from ocr.core.errors import DataError

ALPHABET = "".join(
    (
        " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~",
        "¡¢£§©ª«®°±²³´·¹º»¼½¾¿ÀÁÂÃÄÇÈÉÊËÌÍÎÏÑÒÓÔÕÖ×ÙÚÛÜÝàáâãäçèéêëìíîïñòóôõö÷ùúûüýÆæŒœßſĨĩŨũ",
        "–—―‘’“”†‡•…‰′″€™−≤≥⁰⁴⁵⁶⁷⁸⁹☐☑☒□■▪●○✓",
    )
)
"""Every character that a composed line may hold: Portuguese print of all centuries, marks and check boxes."""

FOREIGN = "".join(
    (
        "ĀāĂăĄąĆćČčĎďĐđĒēĖėĘęĚěĞğĢģĪīİıĶķĹĺĻļĽľŁłŃńŅņŇňŌōŐőŔŕŘřŚśŞşŠšȘșŢţŤťȚțŪūŮůŰűŲųŹźŻżŽž",
        "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЫЬЭЮЯабвгдежзийклмнопрстуфхцчшщыьэюя",
        "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩαβγδεζηθικλμνξοπρςστυφχψω",
        SCRIPT_LETTERS,
    )
)
"""Letters that are printed in lines with words of other languages; the text of such a line has U+FFFD for most."""

BLOCK = 4096
"""Bytes of a text file that are kept for training or held out together."""
HELD_OUT = 20
"""One block of so many is held out."""
GRAMMAR_DOCUMENTS = 400
"""Documents that the grammar writes for one seed; lines are cut from all of them."""
LEAST = 24
"""Characters of a passage, at least: what is shorter is a heading or a number and gives no running text."""
LONGEST = 150
"""Characters of a line, at most: the widest gazette columns have about so many."""
_ATTEMPTS = 400

_REPLACED = {
    ord("\u00a0"): " ", ord("\u2009"): " ", ord("\u202f"): " ", ord("\t"): " ", ord("\u00ad"): None,
    ord("\u200b"): None, ord("\ufeff"): None, ord("\u2011"): "-", ord("ﬁ"): "fi", ord("ﬂ"): "fl", ord("‐"): "-",
}  # fmt: skip
_ALLOWED = frozenset(ALPHABET)
_WORD_END = re.compile(r"(?<=[aeiouáéíóúâêôãõàAEIOU])(?=[bcdfgjklmnpqrstvxzçBCDFGJLMNPQRSTVXZÇ][aeiouáéíóúâêôãõà])")


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph or a part of one, and the domain that it comes from (the name of its file, or "grammar:KIND")."""

    text: str
    domain: str


def clean(text: str) -> str:
    """Return `text` in composed form with single spaces, or an empty string if it leaves the alphabet."""
    composed = " ".join(unicodedata.normalize("NFC", text).translate(_REPLACED).split())
    return composed if _ALLOWED.issuperset(composed) else ""


def find_files(paths: Iterable[Path]) -> list[Path]:
    """Return the text files that `paths` name: a file as it is, a folder as its `*.txt` files, sorted.

    Raises DataError when a path does not exist or a folder holds no text file.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            below = sorted(path.rglob("*.txt"))
            if not below:
                raise DataError(f"{path}: holds no .txt file", hint="name a folder of plain UTF-8 text files")
            files += below
        elif path.is_file():
            files.append(path)
        else:
            raise DataError(f"{path}: no such file or folder", hint="name a text file or a folder of .txt files")
    return files


def is_held_out(block: bytes) -> bool:
    """Return whether a block of a text file belongs to the held-out side."""
    return zlib.crc32(block) % HELD_OUT == 0


class TextFile:
    """One plain-text file, mapped into memory, of which only one side of the blocks is read.

    Raises DataError when the file is empty or is not UTF-8.
    """

    def __init__(self, path: Path, *, held_out: bool) -> None:
        self.path, self.domain, self._held_out = path, path.stem, held_out
        try:
            with path.open("rb") as file:
                self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as failure:
            raise DataError(f"{path}: is empty", hint="remove the file or fill it") from failure
        except OSError as failure:
            raise DataError(f"{path}: {failure.strerror}", hint="name a readable text file") from failure
        self.size = len(self._bytes)
        self._blocks = -(-self.size // BLOCK)
        self._check()

    def _check(self) -> None:
        # A character may be cut at either end, where the file is an excerpt.
        if "\ufffd" in self._bytes[:BLOCK].decode("utf-8", "replace")[3:-3]:
            raise DataError(f"{self.path}: is not UTF-8", hint="save it as UTF-8")

    @property
    def has_blocks(self) -> bool:
        """Return whether any block belongs to the side asked for: short files may have none."""
        return any(is_held_out(self._block(number)) == self._held_out for number in range(self._blocks))

    def _block(self, number: int) -> bytes:
        return self._bytes[number * BLOCK : (number + 1) * BLOCK]

    def draw(self, generator: random.Random) -> str:
        """Return a random paragraph, cleaned; a paragraph that a block's edge cuts loses the cut word."""
        for _ in range(_ATTEMPTS):
            number = generator.randrange(self._blocks)
            block = self._block(number)
            if is_held_out(block) != self._held_out:
                continue
            lines = block.decode("utf-8", "ignore").split("\n")
            place = generator.choices(range(len(lines)), [len(line) + 1 for line in lines])[0]
            line = lines[place]
            if place == 0 and number:
                line = line.partition(" ")[2]
            if place == len(lines) - 1:
                line = line.rpartition(" ")[0]
            line = clean(line[:1500].rpartition(" ")[0] if len(line) > 1500 else line)
            if len(line) >= LEAST:
                return line
        return ""


class Texts:
    """Passages of running text, chosen from files by the square root of their size and from the project's grammar.

    Files without a block on the side asked for are left out. Raises DataError when that leaves none of those named.
    """

    def __init__(self, paths: Sequence[Path], *, held_out: bool = False, grammar: float = 0.3, seed: int = 0) -> None:
        files = [TextFile(path, held_out=held_out) for path in find_files(paths)]
        self._files = [file for file in files if file.has_blocks]
        if files and not self._files:
            side = "held-out" if held_out else "training"
            raise DataError(
                f"{files[0].path}: no block of {BLOCK} bytes of this file and {len(files) - 1} others belongs to the "
                f"{side} side",
                hint="name longer text files",
            )
        self._weights = [file.size**0.5 for file in self._files]
        self._grammar = grammar if self._files else 1.0
        self._side = f"{'held-out' if held_out else 'lines'}/{seed}"

    def draw(self, generator: random.Random) -> Passage:
        """Return a passage of at least a few words."""
        if generator.random() >= self._grammar:
            file = generator.choices(self._files, self._weights)[0]
            if text := file.draw(generator):
                return Passage(text, file.domain)
        kind, blocks = _document(self._side, generator.randrange(GRAMMAR_DOCUMENTS))
        return Passage(generator.choice(blocks), f"grammar:{kind}")


@lru_cache(maxsize=GRAMMAR_DOCUMENTS)
def _document(side: str, number: int) -> tuple[str, tuple[str, ...]]:
    """Return a kind and the cleaned blocks of one document of the grammar."""
    kinds = sorted(PAGE_TYPES)
    for attempt in range(_ATTEMPTS):
        kind = kinds[(number + attempt) % len(kinds)]
        written = generators.write_document(PAGE_TYPES[kind].symbol, f"{side}/{number}/{attempt}")
        parts = (clean(text.replace("::", " ").replace("@page", "1").replace("@", "")) for _, text in written)
        blocks = tuple(part for part in parts if len(part) > 1)
        if blocks:
            return kind, blocks
    raise DataError("the grammar writes no text within the alphabet", hint="check the bank files in data/banks")


def draw_length(generator: random.Random) -> int:
    """Return how many characters a line may hold: newspaper columns, books and letters, wide gazette lines."""
    least, most = generator.choices(((3, 18), (20, 46), (46, 78), (78, LONGEST)), (12, 47, 30, 11))[0]
    return generator.randint(least, most)


def cut_line(text: str, length: int, generator: random.Random) -> str:
    """Return a line of about `length` characters of a passage, as a printed column cuts it.

    Some lines start with the rest of a divided word, some end with a hyphen, some end where the passage ends.
    """
    words = text.split(" ")
    if len(text) <= length:
        return text
    if generator.random() < 0.12:
        return _last_line(words, length)
    start = generator.randrange(max(1, len(words) - length // 8))
    line = words[start]
    if generator.random() < 0.1 and (parts := divide(line, generator)):
        line = parts[1]
    end = start + 1
    while end < len(words) and len(line) + 1 + len(words[end]) <= length:
        line += " " + words[end]
        end += 1
    if end < len(words) and generator.random() < 0.3 and (parts := divide(words[end], generator)):
        line += f" {parts[0]}-"
    return line[:LONGEST].strip()


def _last_line(words: Sequence[str], length: int) -> str:
    start, total = len(words) - 1, len(words[-1])
    while start and total + 1 + len(words[start - 1]) <= length:
        start -= 1
        total += 1 + len(words[start])
    return " ".join(words[start:])[:LONGEST].strip()


def divide(word: str, generator: random.Random) -> tuple[str, str] | None:
    """Return the two parts of a word at the end of a line, without the hyphen; None where it is too short to divide."""
    places = [place.start() for place in _WORD_END.finditer(word) if 2 <= place.start() <= len(word) - 2]
    if not places or not word[:-1].isalpha():
        return None
    place = generator.choice(places)
    return word[:place], word[place:]
