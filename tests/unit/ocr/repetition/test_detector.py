"""Loops are found where they begin; legitimate repetition is left alone."""

import random

import pytest

from ocr.repetition.detector import RepetitionMonitor, find, published_rule
from ocr.repetition.evidence import Repetition
from ocr.repetition.tokens import VALUES

PROSE = (
    "Ao cair de uma tarde de dezembro, frio e chuvoso, subiam dois viandantes a encosta de um monte por estreita e "
    "sinuosa vereda, que pretensiosamente gozava das honras de estrada, à falta de competidora. "
)
MORE = (
    "Era nos extremos do Minho, onde esta risonha província começa já a ressentir-se da vizinhança de sua irmã. "
    "O sítio, naquele ponto, tinha o aspecto solitário, melancólico e, nessa tarde, quase sinistro.\n"
)
WORDS = {
    "NAMES": "Ana Bruno Carla Diego Elisa Fábio Glória Heitor Inês João Kátia Luís Márcia Rita",
    "SURNAMES": "Almeida Barbosa Cardoso Dias Esteves Farias Gonçalves Lima Moreira Nogueira",
}
NAMES, SURNAMES = (words.split() for words in WORDS.values())
ROMANS = [name for name in VALUES if name.isupper()][:80]


def people(count: int) -> list[str]:
    rng = random.Random(7)
    return [f"{rng.choice(NAMES)} {rng.choice(SURNAMES)} {rng.choice(SURNAMES)}" for _ in range(count)]


RNG = random.Random(11)
CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def random_cells(count: int, separator: str = " | ") -> str:
    return separator.join(str(RNG.randrange(10, 999)) for _ in range(count))


LOT = random.Random(3)
YEARS = [(LOT.randrange(1995, 2021), LOT.choice(",.")) for _ in range(220)]

LOOPS = {
    "a word": ("exact", "requerente " * 150),
    "a line": ("exact", "O recurso foi julgado improcedente pela turma.\n" * 30),
    "a paragraph": ("exact", (PROSE + "\n") * 8),
    "a syllable without end": ("exact", "ção" * 400),
    "a JSON string": ("exact", '{"text": "Poder Judiciário da União"}, ' * 50),
    "a header": ("exact", "DIÁRIO OFICIAL DO ESTADO\nSeção 1, 7 de junho de 1976\n" * 40),
    "a drifting word": (
        "drift",
        "".join(f"O réu {name} alegou a prescrição da pretensão punitiva do Estado.\n" for name in NAMES * 3),
    ),
    "a drifting digit": (
        "drift",
        "".join(f"Processo {7919 * n % 97} distribuído à terceira vara da fazenda pública.\n" for n in range(40)),
    ),
    "counting": ("counter", ", ".join(str(n) for n in range(1, 366))),
    "counting days": ("counter", "\n".join(f"{n % 28 + 1:02d}/{n // 28 + 1:02d}/1974" for n in range(200))),
    "counting in Roman": (
        "counter",
        "".join(f"Artigo {roman} revogado\n" for roman in ROMANS),
    ),
    "counting articles": ("counter", "".join(f"Art. {n}º Fica revogado o disposto.\n" for n in range(1, 60))),
    "a table row": ("rows", "| cadeira | 12.300,00 | Olinda | 1891 |\n" * 60),
    "a numbered row": (
        "rows",
        "".join(f"<tr><td>{n}</td><td>Maria Lima</td><td>professora</td><td>Olinda</td></tr>" for n in range(60)),
    ),
    "blank cells": ("empty", "<td></td>" * 200),
    "dots": ("empty", "." * 1000),
    "spaced dots": ("empty", ". " * 700),
    "LaTeX blanks": ("empty", "\\quad " * 300),
    "new lines": ("empty", "\n" * 500),
    "zeros": ("empty", "0,00 " * 300),
    "rows of ever more cells": ("endless", "".join(f"| {random_cells(2**row)} |\n" for row in range(2, 9))),
    "lines of ever more numbers": ("endless", "".join(random_cells(2**row, " ") + "\n" for row in range(2, 9))),
    "a row without end": ("endless", "<tr>" + "".join(f"<td>{7919 * n % 9973}</td>" for n in range(200))),
    "tables in tables": ("endless", "".join(f"<table><tr><td>{7919 * n % 997}</td>" for n in range(60))),
    "rows of numbers without end": ("endless", "".join(f"| {random_cells(4)} |\n" for _ in range(120))),
    "labels and invented numbers": (
        "barren",
        "".join(
            f"Lote {random_cells(1)}, Quadra {random_cells(1)}, R$ {random_cells(1)}.{random_cells(1)}\n"
            for _ in range(200)
        ),
    ),
    "words in any order": (
        "barren",
        " ".join(
            RNG.choice(("requer", "o", "autor", "que", "seja", "julgada", "a", "ação", "sem", "custas", "para", "esta"))
            for _ in range(700)
        ),
    ),
    "crumbs of a number": ("barren", "".join(RNG.choice(("3", "-3", " 33", "3-3", " -3")) for _ in range(1500))),
    "letters drawn by lot": (
        "barren",
        " ".join("".join(RNG.choices("abcdefghijklmnopqrstuvwxyz", k=RNG.randint(3, 9))) for _ in range(600)),
    ),
    "another script": (
        "barren",
        " ".join("".join(chr(RNG.randrange(0x430, 0x450)) for _ in range(6)) for _ in range(600)),
    ),
    "a word spelled": ("barren", " ".join(" ".join(RNG.choice(("certidão", "registro"))) for _ in range(250))),
    "a formula without end": (
        "barren",
        " ".join(RNG.choice((r"\alpha", r"\!", "{", "^", r"\mathbf", "}", "p")) for _ in range(1200)),
    ),
    "the words of a passage in ever new orders": (
        "barren",
        " ".join(RNG.choice(PROSE.split()) for _ in range(860)),
    ),
    "codes without end": (
        "barren",
        " ".join(f"{RNG.choice(CAPITALS)}{RNG.choice(CAPITALS)}{RNG.randrange(999)}" for _ in range(500)),
    ),
    "sentences of the same few parts": (
        "barren",
        "".join(
            f"A {RNG.choice(('imagem', 'folha', 'margem'))} mostra {RNG.choice(('carimbo', 'assinatura', 'tabela'))} "
            f"{RNG.choice(('ilegível', 'manuscrita', 'apagada'))} {RNG.choice(('acima', 'abaixo', 'adiante'))}. "
            for _ in range(120)
        ),
    ),
    "the same years in turn": ("barren", "".join(f"de {year}{mark}\n" for year, mark in YEARS)),
}

LEGITIMATE = {
    "prose": PROSE,
    "leaders": "\n".join(f"Capítulo {n} {name} {'.' * 60} {3 * n * n % 211}" for n, name in enumerate(people(50), 1)),
    "signatures": "\n\n".join(f"{'_' * 60}\n{name}\nTestemunha" for name in people(15)),
    "a column of zeros": "\n".join(["0,00"] * 60),
    "idem": "\n".join(["idem"] * 60),
    "idem in rows": "\n".join(f"{name}, idem, idem, idem" for name in people(50)),
    "a litany": "\n".join(f"São {name}, rogai por nós." for name in people(45)),
    "answers of a litany": "\n".join(["rogai por nós."] * 45),
    "a table": "\n".join(f"| {n} | {name} | Aprovado | 0,00 | 0,00 |" for n, name in enumerate(people(60), 1)),
    "a blank table": "\n".join(["<tr>" + "<td></td>" * 7 + "</tr>"] * 40),
    "a ruled page": "\n".join(["_" * 90] * 40),
    "a numbered list": "\n".join(f"{n}. ____________________" for n in range(1, 50)),
    "an answer sheet": "\n".join(f"{n} A B C D E" for n in range(1, 61)),
    "times tables": "\n".join(f"{a} x {b} = {a * b}" for a in range(1, 11) for b in range(1, 11)),
    "a form in four copies": ("Nome: ________________ Data: __/__/____\nAssinatura: ______________\n\n") * 8,
    "a page of numbers": "\n".join(random_cells(12, " ") for _ in range(60)),
    "a triangle": "\n".join(f"| {random_cells(row)} |" for row in range(1, 28)),
    "a month of days": "\n".join(f"| {random_cells(34)} |" for _ in range(40)),
    "a table in a table": "<table><tr><td><table><tr><td>1</td></tr></table></td></tr></table>\n" * 3,
    "two sums under one": f"<table><tr><td>12,00</td></tr><tr><td>{random_cells(14, '</td><td>')}</td></tr></table>",
    "two languages": MORE
    + "The traveller walked along the narrow road, and nobody came to meet him there before night. " * 2,
    "an index of few names": "\n".join(
        f"{name}, {7919 * n % 397}, {6871 * n % 389}" for n, name in enumerate(sorted(people(100)), 1)
    ),
    "a passage quoted once": (PROSE + MORE) * 2,
    "a month of blank days": "\n".join(f"<tr><td>{name}</td>{'<td></td>' * 31}</tr>" for name in people(30)),
    "a blank table, a line for each cell": "\n".join(["<tr>", *["<td></td>"] * 8, "</tr>"] * 20),
    "a timetable": "\n".join(
        " ".join(f"{(minute + late) // 60:02}:{(minute + late) % 60:02}" for late in (0, 7, 19, 28))
        for minute in range(300, 1020, 12)
    ),
    "a deputy each": "\n".join(f"Deputado {name} - Sim" for name in people(80)),
}


@pytest.mark.parametrize("name", LOOPS)
@pytest.mark.parametrize("after", ["", "\n" + MORE])
def test_a_loop_is_found_where_it_begins_and_ends(name: str, after: str) -> None:
    kind, loop = LOOPS[name]
    found = find(PROSE + loop + after)
    assert found is not None
    assert found.kind == kind
    assert len(PROSE) - 5 <= found.start <= len(PROSE) + len(loop) // 5
    assert abs(found.end - len(PROSE + loop)) <= 200
    assert found.reason


@pytest.mark.parametrize("name", LEGITIMATE)
def test_legitimate_repetition_is_left_alone(name: str) -> None:
    assert find(LEGITIMATE[name]) is None
    assert find(f"{PROSE}\n{LEGITIMATE[name]}\n{MORE}") is None


def test_leaders_past_what_a_page_holds_are_a_loop_whatever_label_they_have() -> None:
    lines = [f"Assinatura: {'_' * 150}\n"] * 60
    found = find(PROSE + "".join(lines))
    assert found is not None
    assert found.kind == "empty"
    assert find(PROSE + "".join(lines[:25])) is None


def test_the_good_prefix_holds_the_first_lap() -> None:
    line = "O recurso foi julgado improcedente pela turma.\n"
    text = PROSE + line * 40
    found = find(text)
    assert found is not None
    assert text[: found.start].startswith(PROSE + "O recurso foi julgado")
    assert text[: found.start].count("O recurso foi julgado improcedente") <= 1


@pytest.mark.parametrize("name", LOOPS)
def test_the_watch_sees_it_before_it_has_cost_much(name: str) -> None:
    kind, loop = LOOPS[name]
    watch, written = RepetitionMonitor(), 0
    for piece in _pieces(PROSE + loop):
        written += len(piece)
        if watch.feed(piece):
            break
    assert watch.found is not None
    assert written <= len(PROSE) + (4600 if kind == "endless" or "invented" in name else 2800)


def _pieces(text: str) -> list[str]:
    return [text[at : at + 5] for at in range(0, len(text), 5)]


def test_the_monitor_reports_no_legitimate_page() -> None:
    for page in LEGITIMATE.values():
        watch = RepetitionMonitor()
        assert not [piece for piece in _pieces(page) if watch.feed(piece)]


def test_the_watch_keeps_its_answer() -> None:
    watch = RepetitionMonitor()
    found = watch.feed("requerente " * 200)
    assert isinstance(found, Repetition)
    assert watch.feed("e assim por diante") is found


@pytest.mark.parametrize(
    ("text", "finish", "loops"),
    [
        ("a" * 100, "length", True),
        ("a" * 100, "stop", False),
        (PROSE, "length", False),
        ("abcdefghijklmno" * 4, "length", True),
        ("abcdefghijklmno" * 3, "length", False),
    ],
)
def test_the_published_rule(text: str, finish: str, loops: bool) -> None:
    assert published_rule(text, finish) is loops  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "0", "²", "#" * 30, "\ufeff", "\u0661\u0662", "<", "&", "\\", "a\x00b"]
)
def test_odd_texts_are_no_loops(text: str) -> None:
    assert find(text) is None
