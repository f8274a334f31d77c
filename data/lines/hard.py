"""Lines that recognizers misread, with the right text: marks, boxes, lone letters, numbers, dashes, set forms.

A line is a tuple of runs. A run says what the line's text holds (`text`), what is printed for it (`shown`), and how
(`look`). Most lines are one plain run, made from a template of their kind in `templates/hard.txt`. In a template stand
`{a|b}` for one of several, `{w:10-60}` for running text of so many characters, `{n:3}` for a number of up to three
digits, `{d:4}` for exactly four digits, `{r:1-31}` for a number in a range, and the names of `_FILLERS`.
"""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from data.lines.texts import FOREIGN, clean, cut_line, divide
from data.text.consistency import render_amount
from data.text.generators import FUNCTIONS, roman
from data.text.grammar import read_banks
from data.text.scripts import in_other_script
from ocr.engines.local.ppocr import in_alphabet

Look = Literal["plain", "bold", "italic", "bold-italic", "raised", "small-caps", "spaced", "comb", "drawn"]
Words = Callable[[int], str]
"""Returns running text of about so many characters."""
Case = Callable[[random.Random, Words], "Runs"]

RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_MONTHS = ("JAN", "FEV", "MAR", "ABR", "MAI", "JUN", "JUL", "AGO", "SET", "OUT", "NOV", "DEZ")
_GOODS = (
    "ARROZ TIPO 1", "FEIJAO CARIOCA", "OLEO DE SOJA", "CAFE TORRADO E MOIDO", "SABAO EM PO", "PAO DE FORMA",
    "LEITE INTEGRAL", "MACARRAO ESPAGUETE", "DETERGENTE NEUTRO", "ACUCAR CRISTAL", "MOLHO DE TOMATE", "OVOS BRANCOS",
    "SAL REFINADO", "BISCOITO MAIZENA", "PAPEL HIGIENICO", "REFRIGERANTE COLA", "FRANGO CONGELADO", "IOGURTE MORANGO",
    "OREGANO", "ALHO ROXO", "COTONETE", "COLORIFICO", "LIMPA VIDROS", "FILTRO DE PAPEL", "ISOPOR", "TOALHA ROSTO",
)  # fmt: skip
_FORM = (
    "Estado civil:", "Sexo:", "Possui imóvel próprio?", "Recebe benefício do INSS?", "Regime:", "Turno:", "Tipo:",
    "Forma de pagamento:", "Escolaridade:", "Raça/cor:", "Situação:", "Zona:", "Documento:", "Urgente?", "Resposta:",
)  # fmt: skip
_OPTIONS = (
    "Solteiro", "Casado", "Divorciado", "Viúvo", "Sim", "Não", "Masculino", "Feminino", "Manhã", "Tarde", "Noite",
    "Dinheiro", "Cheque", "Cartão", "Urbana", "Rural", "Original", "Cópia", "Outro", "Outros:", "Não se aplica",
    "Fundamental", "Médio", "Superior", "Deferido", "Indeferido", "Ativo", "Inativo", "Próprio", "Alugado",
)  # fmt: skip
_LABELS = (
    "Nome:", "RG:", "CPF:", "Endereço:", "nº", "Bairro:", "Cidade:", "Local e data:", "Assinatura:", "Telefone:",
    "Declaro que recebi a quantia de R$", "referente a", "Profissão:", "Nascimento:", "Filiação:", "Cargo:", "CEP:",
)  # fmt: skip
_HEADINGS = (
    "PORTARIA", "RESOLVE:", "DECRETA:", "EDITAL", "LEI", "DESPACHO", "CERTIDÃO", "ATA", "RELATÓRIO", "SENTENÇA",
    "ACÓRDÃO", "VOTO", "EMENTA", "CONTRATO", "PROCURAÇÃO", "ANEXO I", "SUMÁRIO", "PREFÁCIO", "CAPÍTULO II", "ERRATA",
    "NOTICIARIO", "ANNUNCIOS", "FOLHETIM", "EXPEDIENTE", "TELEGRAMMAS", "DECLARAÇÕES", "MINUTA", "PARECER", "FIM",
)  # fmt: skip
_NAMES = (
    "MARIA", "JOSE", "DA", "SILVA", "ANTONIO", "DE", "SOUZA", "RIO", "BRANCO", "FRANCISCA", "OLIVEIRA", "DOS",
    "SANTOS", "PEREIRA", "JOAO", "BELEM", "OURO", "PRETO", "LIMA", "COSTA", "RIBEIRO", "SAO", "PAULO", "IGOR",
)  # fmt: skip
_MARKED = {
    "a": "ăą", "c": "ćč", "d": "ďđ", "e": "ėęě", "g": "ğģ", "k": "ķ", "l": "łľļ", "n": "ńňņ", "o": "ő", "r": "řŕ",
    "s": "śšşș", "t": "ťţț", "u": "ůűųū", "z": "źżž", "A": "ĂĄ", "C": "ĆČ", "D": "ĎĐ", "E": "ĖĘĚ", "G": "ĞĢ",
    "L": "ŁĽĻ", "N": "ŃŇŅ", "O": "Ő", "R": "ŘŔ", "S": "ŚŠŞȘ", "T": "ŤŢȚ", "U": "ŮŰŲŪ", "Z": "ŹŻŽ",
}  # fmt: skip
"""Letter -> the same with marks of other languages; no ı and no ā, which a worn i and ã look like."""
_UNKNOWN = {ord(letter): "\ufffd" for letter in FOREIGN if not in_alphabet(letter)}
"""Letters that no recognizer of ours spells -> the mark for such a letter. Greek letters stay."""


@dataclass(frozen=True, slots=True)
class Run:
    """A part of a line in one look: `text` is what it says, `shown` what is printed (the same where empty)."""

    text: str
    look: Look = "plain"
    shown: str = ""

    @property
    def printed(self) -> str:
        return self.shown or self.text


Runs = tuple[Run, ...]


def text_of(runs: Runs) -> str:
    """Return the right text of a line."""
    return "".join(run.text for run in runs)


_TEMPLATES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {name.replace("_", "-"): lines for name, lines in read_banks(Path(__file__).parent / "templates").items()}
)
_PARTS = ("figure", "noted", "foreign-name")
"""Templates of parts of a line."""
_IDENTIFIERS = (
    "cpf", "cnpj", "process", "date", "date_words", "money", "price", "percent", "article", "law_number", "cep", "rg",
    "state_registration", "plate", "phone", "area", "access_key", "matricula", "ncm", "time", "long_id", "number_f",
)  # fmt: skip
_FIELD = re.compile(r"\{([^{}]*)\}")


def _amount(generator: random.Random) -> str:
    return render_amount(generator.randrange(1, 10 ** generator.randint(3, 10)))


def _roman(generator: random.Random) -> str:
    return roman(generator.randint(1, generator.choice((12, 60, 2030))))


def _repeated(sign: str) -> Callable[[random.Random, int, int], str]:
    return lambda generator, least, most: sign * generator.randint(least, most)


_FILLERS: Mapping[str, Callable[[random.Random], str]] = MappingProxyType(
    {
        **FUNCTIONS,
        "amount": _amount,
        "roman": _roman,
        "dot": lambda generator: generator.choice("••••••••·······––—--▪■●○*"),
        "letter": lambda generator: generator.choice("ooooooooooaaaaaeeeeeéééààOOOAAEEÉÀ"),
        "bar": lambda _: "|",
        "dash": lambda generator: generator.choice("–—-–—"),
        "good": lambda generator: generator.choice(_GOODS),
        "month": lambda generator: generator.choice(_MONTHS),
        "label": lambda generator: generator.choice(_LABELS),
        "identifier": lambda generator: FUNCTIONS[generator.choice(_IDENTIFIERS)](generator),
        "domain": lambda generator: generator.choice(
            ("gov.br", "com.br", "jus.br", "org.br", "leg.br", "com", "edu.br")
        ),
    }
)
_SIZED: Mapping[str, Callable[[random.Random, int, int], str]] = MappingProxyType(
    {
        "r": lambda generator, least, most: str(generator.randint(least, most)),
        "d": lambda generator, count, _: "".join(generator.choices("0123456789", k=count)),
        "n": lambda generator, most, _: str(generator.randrange(1, 10 ** generator.randint(1, most))),
        "dots": _repeated("."),
        "blank": _repeated("_"),
        "wide": lambda generator, least, most: ". " * generator.randint(least, most) + ".",
    }
)


def fill(template: str, generator: random.Random, words: Words) -> str:
    """Return a template with its fields filled in; see the module for what they may be."""

    def one(field: re.Match[str]) -> str:
        inner = field.group(1)
        if "|" in inner:
            return str(generator.choice(inner.split("|")))
        name, _, size = inner.partition(":")
        if not size:
            return _worded(name, words) if name in ("word", "host") else _FILLERS[name](generator)
        least, _, most = size.partition("-")
        bounds = (int(least), int(most or least))
        if name in ("w", "W"):
            said = words(generator.randint(*bounds))
            return said.upper() if name == "W" else said
        return _SIZED[name](generator, *bounds)

    return _FIELD.sub(one, template)


def _worded(name: str, words: Words) -> str:
    """Return one word of running text, as it is or as a part of a web address."""
    if name == "word":
        return words(14).split(" ")[-1]
    plain = words(8).lower().translate(str.maketrans("áàâãéêíóôõúüç", "aaaaeeiooouuc"))
    return re.sub(r"[^a-z0-9]", "", plain) or "sei"


def _from_templates(name: str) -> Case:
    return lambda generator, words: (Run(fill(generator.choice(_TEMPLATES[name]), generator, words)),)


def _note_mark(generator: random.Random, words: Words) -> Runs:
    """Return a small raised number after a word or after another number, before or behind the comma."""
    mark = fill("{n:2}", generator, words)
    raised = Run(mark.translate(RAISED), "raised", mark)
    if generator.random() < 0.12:
        return (raised, Run(f" {words(40)}"))
    lead = "" if generator.random() < 0.5 else f"{words(20)} "
    body = lead + fill(generator.choice(_TEMPLATES["noted"]), generator, words)
    after = fill(generator.choice((".", ",", ";", "", " {w:30}", ", {w:30}", "; {w:20}")), generator, words)
    if generator.random() < 0.3 and after[:1] in (".", ",", ";"):
        body, after = body + after[0], after[1:]
    return (Run(body), raised, *((Run(after),) if after else ()))


def _check_box(generator: random.Random, _words: Words) -> Runs:
    options = generator.sample(_OPTIONS, generator.randint(1, 4))
    chosen = generator.randrange(len(options) + 1)
    brackets = generator.choices(("", "()", "[]"), (7, 2, 1))[0]
    crossed = generator.choice("☒☒☒☑")
    runs: list[Run] = [Run(f"{generator.choice(_FORM)} ")] if generator.random() < 0.55 else []
    for place, option in enumerate(options):
        if brackets:
            cross = generator.choice("XXx") if place == chosen else " "
            blank = cross if place == chosen else " " * generator.randint(1, 4)
            left, right = brackets[0], brackets[1]
            runs.append(Run(f"{left}{cross}{right} {option}", "plain", f"{left}{blank}{right} {option}"))
        else:
            runs += [Run(crossed if place == chosen else "☐", "drawn"), Run(f" {option}")]
        if place + 1 < len(options):
            runs.append(Run(" ", "plain", " " * generator.randint(1, 4)))
    return tuple(runs)


def _figures(generator: random.Random, words: Words) -> Runs:
    """Return rows of accounts and tables; old money with the dollar sign of the mil-réis."""
    row = [fill(generator.choice(_TEMPLATES["figure"]), generator, words) for _ in range(generator.randint(1, 5))]
    if generator.random() < 0.45:
        row.insert(0, words(generator.randint(4, 24)))
    return (Run(" ".join(row)),)


def _line_end(generator: random.Random, words: Words) -> Runs:
    """Return the end of a line, with and without a full stop, comma or hyphen: worn paper shows dots everywhere."""
    body = words(generator.randint(14, 70)).rstrip(".,;:-")
    last = body.rpartition(" ")[2]
    if generator.random() < 0.25 and (parts := divide(last, generator)):
        return (Run(f"{body[: len(body) - len(last)]}{parts[0]}-"),)
    return (Run((body or "de") + generator.choices(("", ".", ",", ";", ":", ".”"), (12, 7, 4, 2, 1, 1))[0]),)


def _small_capitals(generator: random.Random, words: Words) -> Runs:
    """Set capitals, large and small; the text has capitals."""
    said = words(generator.randint(6, 34)).title()
    run = Run(said.upper(), "small-caps", said)
    return (run, Run(f" {words(generator.randint(8, 40))}")) if generator.random() < 0.5 else (run,)


def _spaced(generator: random.Random, words: Words) -> Runs:
    run = Run(generator.choice((*_HEADINGS, words(12).upper(), words(14))), "spaced")
    return (Run(f"{words(18)} "), run) if generator.random() < 0.12 else (run,)


def _comb(generator: random.Random, words: Words) -> Runs:
    if generator.random() < 0.5:
        return (Run(fill(generator.choice(("{d:8}", "{d:11}", "{d:14}", "{d:5}")), generator, words), "comb"),)
    return (Run(" ".join(generator.choices(_NAMES, k=generator.randint(1, 4))), "comb"),)


def _mixed(generator: random.Random, words: Words) -> Runs:
    looks: tuple[Look, ...] = ("bold", "italic", "bold-italic", "bold")
    first, second, third = words(generator.randint(4, 26)), words(generator.randint(4, 26)), words(14)
    look = generator.choice(looks)
    if generator.random() < 0.4:
        return (Run(first, look), Run(f" {second}"))
    return (Run(f"{first} "), Run(second, look), Run(f" {third}"))


def _foreign(generator: random.Random, words: Words) -> Runs:
    """Return a line with a name or words of another language; letters that no recognizer of ours spells are U+FFFD."""
    way = generator.random()
    alone = generator.random() < 0.3
    if way < 0.3:
        shown = generator.choice(_TEMPLATES["foreign-name"])
    elif way < 0.65:
        shown = _marked(words(generator.randint(4, 30)), generator)
    else:
        shown = in_other_script(words(generator.randint(3, 50 if alone else 24)), generator)
    before = "" if alone else f"{words(generator.randint(3, 24))} "
    followed = way < 0.65 or (not alone and generator.random() < 0.5)
    after = f"{generator.choice((' ', ' ', ', ', ') '))}{words(generator.randint(3, 24))}" if followed else ""
    return (Run(f"{before}{shown.translate(_UNKNOWN)}{after}", "plain", f"{before}{shown}{after}"),)


def _marked(said: str, generator: random.Random) -> str:
    """Return words in which some letters, one at least where any can, carry a mark that Portuguese does not have."""
    places = [place for place, letter in enumerate(said) if letter in _MARKED]
    chosen = {place for place in places if generator.random() < 0.2}
    chosen |= set(generator.sample(places, 1)) if places and not chosen else set()
    return "".join(
        generator.choice(_MARKED[letter]) if place in chosen else letter for place, letter in enumerate(said)
    )


CASES: Mapping[str, tuple[Case, float]] = MappingProxyType(
    {
        **{name: (_from_templates(name), 1.0) for name in _TEMPLATES if name not in _PARTS},
        "lone-letter": (_from_templates("lone-letter"), 1.5),
        "look-alikes": (_from_templates("look-alikes"), 1.5),
        "identifier": (_from_templates("identifier"), 1.5),
        "dashes": (_from_templates("dashes"), 1.5),
        "signs": (_from_templates("signs"), 1.5),
        "leaders": (_from_templates("leaders"), 0.6),
        "blanks": (_from_templates("blanks"), 0.5),
        "note-mark": (_note_mark, 1.5),
        "check-box": (_check_box, 1.0),
        "figures": (_figures, 1.5),
        "line-end": (_line_end, 2.0),
        "small-capitals": (_small_capitals, 0.5),
        "spaced": (_spaced, 0.8),
        "comb": (_comb, 0.4),
        "mixed": (_mixed, 1.2),
        "bars": (_from_templates("bars"), 1.6),
        "umlauts": (_from_templates("umlauts"), 0.4),
        "fillers": (_from_templates("fillers"), 0.5),
        "foreign": (_foreign, 1.2),
    }
)
"""Kinds of hard lines, and the relative frequency of each."""


def write_case(name: str, generator: random.Random, words: Words) -> Runs:
    """Return a hard line of one kind of `CASES`."""
    return CASES[name][0](generator, words)


def word_source(passage: str, generator: random.Random) -> Words:
    """Return a function that cuts pieces of running text out of a passage; hyphens that divide words do not occur."""

    def words(length: int) -> str:
        line = cut_line(passage, max(3, length), generator)
        return clean(line.removesuffix("-")) or "de"

    return words
