"""Correct systematic recognition errors in Portuguese text, and change nothing else.

Each rule names a misreading seen on real pages and the context in which the characters cannot be right. Without that
context they stay: 45° is an angle, "no 3" may be a preposition, a Russian name keeps its letters. Quotes, dashes and
spaces are never normalized: the output is what is printed.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace

from ocr.core.document import Line
from ocr.text.list_numbers import correct_list_numbers

# Full-width forms, and strokes that a recognizer trained on Chinese as well confuses with dashes and bars.
_WIDE = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_WIDE |= {ord(wide): plain for wide, plain in zip("一ー〇、。「」【】〈〉《》\u3000", "——O,.“”[]<>«» ", strict=True)}
_BAR = {ord("丨"): "|"}
# Roman numbers that Unicode has as one character each, for Asian print: III was read as Ⅲ, or as Ⅲ and II.
_ROMAN = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0x2160, 0x2180)}

_LOOK_ALIKES = str.maketrans(
    "АВЕКМНОРСТХІаеорсухіΑΒΕΖΗΙΚΜΝΟΡΤΥΧον",
    "ABEKMHOPCTXIaeopcyxiABEZHIKMNOPTYXov",
)
_OTHER_FORMS = re.compile(f"[{re.escape(''.join(map(chr, [*_WIDE, *_BAR, *_ROMAN])))}]")
_GREEK_OR_CYRILLIC = re.compile(r"[Ͱ-ӿ]")
_MIXED_WORD = re.compile(r"\w*(?:[A-Za-zÀ-ÿ][Ͱ-ӿ]|[Ͱ-ӿ][A-Za-zÀ-ÿ])\w*")

_DEGREES = re.compile(
    r"°\s?(?:[CFK]\b|\d|['’′\"″]|[NSEWL]\b)|\b(?:graus?|[âa]ngulos?|temperaturas?|inclina[çc][ãa]o|rota[çc][ãa]o|latitude"
    r"|longitude|term[ôo]metro|febre|calor|frio|Celsius|Fahrenheit)\b",
    re.IGNORECASE,
)
HIGHEST_DAY = 31
"""Round numbers above it (45°, 90°, 360°) are angles as often as ordinals."""
_LAW = (
    r"Leis?|Decretos?|Decreto-Lei|Portarias?|Complementar|Resolução|Instrução|Normativa|Edital|Contrato|Convênio"
    r"|DODF|DOU"
)
_FEMININE = (
    r"Vara|Turma|Câmara|Delegacia|Seção|Região|Instância|Promotoria|Zona|Companhia|Junta|Circunscrição|Entrância|Sessão"
)
_MASCULINE = r"Ofício|Batalhão|Grau|Tenente|Sargento|Juizado|Tabelionato|Cartório|Secretário|Vice-Presidente"


_ORDINAL = re.compile(r"(?<![\d.,])(\d{1,3})°")


def _correct_ordinals(text: str) -> str:
    """Correct 5° to 5º, unless the line is about degrees, or has only round numbers, which may be angles."""
    numbers = [int(number) for number in _ORDINAL.findall(text)]
    ordinal = any(number <= HIGHEST_DAY or number % 5 for number in numbers)
    return _ORDINAL.sub(r"\1º", text) if ordinal and not _DEGREES.search(text) else text


@dataclass(frozen=True, slots=True)
class _Rule:
    """A misreading, and what is written instead."""

    signs: tuple[str, ...]
    """Every line with the misreading has one of these: they are found much faster than a pattern."""
    pattern: re.Pattern[str]
    replacement: str | Callable[[re.Match[str]], str]


_RULES = (
    # nº, art. 5º, § 1º: the recognizer reads a degree sign.
    _Rule(("°",), re.compile(r"\b([Nn]\.?)°"), r"\1º"),
    _Rule(("º°",), re.compile(r"\b([Nn])º°"), r"\1º"),
    _Rule(("°",), re.compile(r"((?:[Aa]rts?\.|§§?) ?\d+)°"), r"\1º"),
    _Rule((" no ",), re.compile(rf"\b((?:{_LAW}) n)o(?= \d)"), r"\1º"),
    _Rule((".o",), re.compile(r"\b([Nn]\.)o(?= ?\d)"), r"\1º"),
    _Rule(("a ",), re.compile(rf"\b(\d{{1,2}})a(?= (?:{_FEMININE})\b)"), r"\1ª"),
    _Rule(("o ",), re.compile(rf"\b(\d{{1,2}})o(?= (?:{_MASCULINE})\b)"), r"\1º"),
    _Rule(("§",), re.compile(r"§ ?\.(?=\d)"), "§ "),
    _Rule(("§", "rt. "), re.compile(r"(§ ?\d+º|\b[Aa]rt\. \d+(?:º|\.))(?=[A-ZÀ-Ý][a-zà-ÿ]*\b)"), r"\1 "),
    # lhe, vê-lo: a capital I read for a small l.
    _Rule(("Ihe",), re.compile(r"(?<![A-Za-zÀ-ÿ])Ihes?(?![A-Za-zÀ-ÿ])"), lambda found: "l" + found[0][1:]),
    _Rule(("-I",), re.compile(r"(?<=[a-zà-ÿ]-)I(?=[oa]s?\b)"), "l"),
    # Fl. 45, Fls. 12: the abbreviation of a leaf stands before its number.
    _Rule(("FI",), re.compile(r"\bFI(s?\.)(?= ?\d)"), r"Fl\1"),
    # II, XIV: a small l in a Roman numeral, or an accent from a letter of the line above.
    _Rule(
        ("V", "X"),
        re.compile(r"(?<![\w-])(?=[IVXLl]*[VX])(?=[IVX]*l)[IVXLl]{2,6}(?!\w)"),
        lambda found: found[0].replace("l", "I"),
    ),
    _Rule(("l",), re.compile(r"^(?:I?ll?|lI{1,2}|lll)(?= ?[-–—] )"), lambda found: "I" * len(found[0])),
    _Rule(("Í",), re.compile(r"(?<!\w)(?=[IVX]*Í)[IÍVX]{2,6}(?!\w)"), lambda found: found[0].replace("Í", "I")),
    _Rule(("_",), re.compile(r"^([IVXL]+)_(?=\s?[-–—])"), r"\1 "),
)


def correct(text: str) -> str:
    """Return the text corrected line by line. Idempotent; text without a known misreading stays as it is."""
    return "\n".join(map(_correct_line, text.split("\n")))


def _correct_line(text: str) -> str:
    corrected = text
    if not text.isascii():
        corrected = text.translate(_WIDE).translate(_BAR).translate(_ROMAN) if _OTHER_FORMS.search(text) else text
        if _GREEK_OR_CYRILLIC.search(corrected):
            corrected = _MIXED_WORD.sub(lambda found: found[0].translate(_LOOK_ALIKES), corrected)
    for rule in _RULES:
        for sign in rule.signs:
            if sign in corrected:
                corrected = rule.pattern.sub(rule.replacement, corrected)
                break
    return _correct_ordinals(corrected) if "°" in corrected else corrected


def correct_lines(lines: Sequence[Line]) -> list[Line]:
    """Return the lines of a page corrected, with their words.

    A letter that Portuguese does not have (SEGUNDA read as ŚEGUNDA) is corrected where the page has the same word
    without the mark. The number of a list item is corrected where its neighbors show that it is Roman.
    """
    known = _words_of(lines) if any(_FOREIGN_LETTER.search(line.text) for line in lines) else frozenset[str]()
    return correct_list_numbers([_with_text(line, _replace_foreign(correct(line.text), known)) for line in lines])


def _words_of(lines: Sequence[Line]) -> frozenset[str]:
    return frozenset(word for line in lines for word in re.findall(r"\w+", line.text))


_NATIVE = "áâãàçéêíóôõúüÁÂÃÀÇÉÊÍÓÔÕÚÜ"
_FOREIGN_LETTER = re.compile(rf"[^\W\d_A-Za-z{_NATIVE}ªº]")
_FOREIGN_WORD = re.compile(rf"(?=\w*[^\W\d_A-Za-z{_NATIVE}ªº])\w{{3,}}")


def _replace_foreign(text: str, known: Set[str]) -> str:
    return _FOREIGN_WORD.sub(lambda found: _native(found[0], known), text) if known else text


def _native(word: str, known: Set[str]) -> str:
    """Return `word` without its foreign marks if `known` has that word, else `word`."""
    plain = "".join(
        letter if letter in _NATIVE else unicodedata.normalize("NFD", letter)[0] if letter.isalpha() else letter
        for letter in word
    )
    return plain if plain in known else word


def _with_text(line: Line, text: str) -> Line:
    """Return the line with another text. Its words take their text from it where they correspond one to one."""
    if text == line.text:
        return line
    parts = text.split()
    if len(parts) != len(line.words):
        parts = [correct(word.text) for word in line.words]
    return replace(
        line, text=text, words=tuple(replace(word, text=part) for word, part in zip(line.words, parts, strict=True))
    )
