"""Compose legitimate pages with repetition, and loops: the data that the repetition detector is measured on.

`legitimate_pages` cuts pages from real text and composes the repetition of real documents (tables, litanies, leaders,
forms, indexes). `inserted_loops` writes the loops of vision-language models after real text. Everything follows from
the seed; `half` 0 is for tuning, `half` 1 for reporting: they share no document and no seed.
"""

import json
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.paths import SHARED

KINDS = ("exact", "drift", "counter", "rows", "mid-text")

WORDS = {
    "FIRST": "Ana Bruno Carla Diego Elisa Fábio Glória Heitor Inês João Kátia Luís Márcia Nélson Olga Paulo Rita "
    "Sérgio",
    "LAST": "Almeida Barbosa Cardoso Dias Esteves Farias Gonçalves Lima Moreira Nogueira Pereira Queirós Ramos Souza",
    "SAINTS": "Miguel Gabriel Rafael José Pedro Paulo André Tiago João Tomé Filipe Bartolomeu Mateus Simão Tadeu "
    "Matias Barnabé Lucas Marcos Estêvão Lourenço Vicente Fabião Sebastião Cosme Damião Gervásio "
    "Silvestre Gregório Ambrósio Agostinho Jerônimo Martinho Nicolau Antão Bento Bernardo Domingos "
    "Francisco Antônio Maria Águeda Luzia Inês Cecília Catarina",
    "GOODS": "papel caneta cadeira mesa armário grampo lápis tinta arquivo pasta envelope régua cola fita clipe "
    "toner bateria lâmpada vassoura balde sabão copo garrafa café açúcar filtro cabo teclado monitor "
    "mouse impressora estante",
}
FIRST, LAST, SAINTS, GOODS = (words.split() for words in WORDS.values())


@dataclass(frozen=True)
class InsertedLoop:
    """A looping text: `start` is where the second lap begins, `end` where the loop ends, in characters."""

    text: str
    kind: str
    form: str
    start: int
    end: int


def documents(half: int) -> list[str]:
    """The real texts of one half of the corpus; a document is never in both halves."""
    texts = []
    for path in sorted((SHARED / "corpus_pt").glob("*.txt")):
        parts = [part for part in path.read_text(encoding="utf-8").split("\n\n") if part.strip()]
        if parts[half::2]:
            texts.append("\n\n".join(parts[half::2]))
    return texts


def legitimate_pages(count: int, seed: int, half: int) -> Iterator[tuple[str, str]]:
    """Yield `count` (kind, page): seven in ten cut from real text, the rest composed, some mixed into real text."""
    rng = random.Random(seed)
    texts = documents(half)
    manifest = (SHARED / "pages" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    truths = [json.loads(line)["text"] for line in manifest]
    for truth in truths:
        yield "page truth", truth
    for number in range(count - len(truths)):
        if number % 10 < 7:
            yield "real text", cut(rng, texts[number % len(texts)], rng.choice((1000, 3000, 6000, 10000, 15000, 20000)))
            continue
        name = rng.choice(sorted(HONEST))
        body = HONEST[name](rng)
        if rng.random() < 0.4:
            before, after = (cut(rng, rng.choice(texts), rng.choice((300, 1500, 4000))) for _ in range(2))
            body = f"{before}\n{body}\n{after}"
        yield name, body


def cut(rng: random.Random, text: str, size: int) -> str:
    """Cut about `size` characters from a random place of `text`, beginning at a line where there is one."""
    place = rng.randrange(max(1, len(text) - size))
    newline = text.find("\n", place, place + size // 2)
    return text[(newline + 1 if newline >= 0 else place) :][:size]


def name(rng: random.Random) -> str:
    return f"{rng.choice(FIRST)} {rng.choice(LAST)} {rng.choice(LAST)}"


def number(rng: random.Random, digits: int) -> str:
    return "".join(rng.choice(string.digits) for _ in range(digits))


def money(rng: random.Random) -> str:
    return f"{rng.randrange(1, 99)}.{number(rng, 3)},{number(rng, 2)}"


def _zero_table(rng: random.Random) -> str:
    columns, separator = rng.randint(2, 8), rng.choice((" ", " | ", "\t"))
    rows = []
    for _ in range(rng.randint(10, 60)):
        cells = [money(rng) if rng.random() < 0.08 else "0,00" for _ in range(columns)]
        rows.append(separator.join([f"{rng.choice(GOODS)} {rng.choice(GOODS)}", *cells]))
    return "\n".join(rows)


def _zero_columns(rng: random.Random) -> str:
    """The same table as some engines read it: one column after the other."""
    rows = rng.randint(10, 60)
    labels = [f"{rng.choice(GOODS)} {rng.choice(GOODS)}" for _ in range(rows)]
    zeros = "\n".join(rng.choice(("0,00", "-", "0,00")) for _ in range(1))
    return "\n".join(labels + [zeros] * rows)


def _markdown_table(rng: random.Random) -> str:
    rows = ["| Nº | Nome | Situação | Valor |", "|---|---|---|---|"]
    rows += [
        f"| {place} | {name(rng)} | {rng.choice(('Aprovado', 'Reprovado', 'Aprovado', 'Ausente'))} | {money(rng)} |"
        for place in range(1, rng.randint(10, 70))
    ]
    return "\n".join(rows)


def _html_table(rng: random.Random) -> str:
    columns = rng.randint(3, 9)
    rows = []
    for _ in range(rng.randint(8, 45)):
        cells = [rng.choice(("", "", "", "X", money(rng))) for _ in range(columns)]
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in [rng.choice(GOODS), *cells]) + "</tr>")
    return "<table>" + rng.choice(("", "\n")).join(rows) + "</table>"


def _blank_table(rng: random.Random) -> str:
    row = "<tr>" + "<td></td>" * rng.randint(3, 8) + "</tr>"
    return (
        "<table><tr><th>Data</th><th>Hora</th><th>Nome</th></tr>\n" + "\n".join([row] * rng.randint(8, 40)) + "</table>"
    )


def _litany(rng: random.Random) -> str:
    answer = rng.choice(("rogai por nós.", "ora pro nobis.", "tende piedade de nós."))
    saints = rng.sample(SAINTS, rng.randint(20, len(SAINTS)))
    return "\n".join(f"{'Santa' if saint[-1] == 'a' else 'São'} {saint}, {answer}" for saint in saints)


def _litany_columns(rng: random.Random) -> str:
    saints = rng.sample(SAINTS, rng.randint(20, len(SAINTS)))
    return "\n".join([f"São {saint}," for saint in saints] + ["rogai por nós."] * len(saints))


def _leaders(rng: random.Random) -> str:
    leader, page, lines = rng.choice((".", ". ", "…")), 3, []
    for chapter in range(1, rng.randint(12, 60)):
        page += rng.randint(1, 9)
        title = " ".join(rng.choice(GOODS) for _ in range(rng.randint(1, 5))).capitalize()
        lines.append(f"Capítulo {chapter} {title} {leader * rng.randint(10, 60)} {page}")
    return "\n".join(lines)


def _signatures(rng: random.Random) -> str:
    line = "_" * rng.randint(20, 70)
    blocks = []
    for _ in range(rng.randint(4, 20)):
        title = rng.choice(("Testemunha", "Conselheiro", "Diretor", "Presidente"))
        blocks.append(
            f"{line}\n{name(rng)}\n{title}\nCPF {number(rng, 3)}.{number(rng, 3)}.{number(rng, 3)}-{number(rng, 2)}"
        )
    return "\n\n".join(blocks)


def _ruled(rng: random.Random) -> str:
    return "\n".join(["_" * rng.randint(40, 95)] * rng.randint(10, 40))


def _form(rng: random.Random) -> str:
    blank = "_" * rng.randint(8, 30)
    block = (
        f"Nome: {blank}{blank}\nEndereço: {blank}{blank}\nTelefone: {blank} Data: ___/___/______\nAssinatura: {blank}"
    )
    return "\n\n".join([block] * rng.randint(2, 7))


def _numbered_blanks(rng: random.Random) -> str:
    blank = rng.choice(("_" * 30, "." * 40, ""))
    return "\n".join(f"{place}{rng.choice('.)')} {blank}" for place in range(1, rng.randint(15, 60)))


def _attendance(rng: random.Random) -> str:
    return "\n".join(
        f"{place}. {name(rng)} {rng.choice(('Presente', 'Presente', 'Ausente'))}"
        for place in range(1, rng.randint(20, 80))
    )


def _same_cells(rng: random.Random) -> str:
    word = rng.choice(("Sim", "Não", "idem", "Idem", "Presente", "DF", "Aprovado", "isento", "-", "—", '"', "x"))
    return "\n".join([word] * rng.randint(10, 60))


def _idem(rng: random.Random) -> str:
    lines = [f"{name(rng)}, lavrador, casado, residente em Olinda, {money(rng)}"]
    lines += [f"{name(rng)}, idem, idem, idem, {money(rng)}" for _ in range(rng.randint(15, 60))]
    return "\n".join(lines)


def _votes(rng: random.Random) -> str:
    parties = ["PT", "MDB", "PSDB", "PSD", "PP", "PL", "PDT", "PSB"]
    return "\n".join(
        f"Deputado {name(rng)} ({rng.choice(parties)}) - {rng.choice(('Sim', 'Sim', 'Não'))}"
        for _ in range(rng.randint(20, 90))
    )


def _index(rng: random.Random) -> str:
    lines = sorted(f"{rng.choice(LAST)}, {name(rng)}" for _ in range(rng.randint(30, 120)))
    return "\n".join(
        f"{line}, {', '.join(str(rng.randint(1, 400)) for _ in range(rng.randint(1, 5)))}" for line in lines
    )


def _answers(rng: random.Random) -> str:
    return rng.choice(("\n", "  ")).join(
        f"{place}-{rng.choice('ABCDE')}" for place in range(1, rng.choice((41, 61, 91, 121)))
    )


def _answer_sheet(rng: random.Random) -> str:
    choices = rng.choice(("(A) (B) (C) (D) (E)", "A B C D E", "V F"))
    return "\n".join(f"{place:02d} {choices}" for place in range(1, rng.choice((21, 41, 51, 61))))


def _times_tables(rng: random.Random) -> str:
    lines = [f"{a} x {b} = {a * b}" for a in range(1, rng.randint(5, 11)) for b in range(1, 11)]
    return "\n".join(lines)


def _calendar(rng: random.Random) -> str:
    months = [
        "JANEIRO",
        "FEVEREIRO",
        "MARÇO",
        "ABRIL",
        "MAIO",
        "JUNHO",
        "JULHO",
        "AGOSTO",
        "SETEMBRO",
        "OUTUBRO",
        "NOVEMBRO",
        "DEZEMBRO",
    ]
    text = []
    for month in months:
        days = [str(day) for day in range(1, rng.choice((29, 31, 32)))]
        weeks = [" ".join(days[at : at + 7]) for at in range(0, len(days), 7)]
        text.append("\n".join([month, "D S T Q Q S S", *weeks]))
    return "\n\n".join(text)


def _timetable(rng: random.Random) -> str:
    step, minute, lines = rng.choice((5, 10, 12, 15)), 300, []
    while minute < 1380 and len(lines) < 60:
        lines.append(" ".join(f"{(minute + late) // 60:02d}:{(minute + late) % 60:02d}" for late in (0, 7, 19, 28)))
        minute += step
    return "\n".join(lines)


def _acts(rng: random.Random) -> str:
    office = rng.choice(("Professor", "Analista Judiciário", "Técnico de Gestão", "Agente de Portaria"))
    verb = rng.choice(("NOMEAR", "EXONERAR", "CONCEDER licença-prêmio a", "AVERBAR o tempo de serviço de"))
    place = rng.choice(("da Secretaria de Estado de Educação do Distrito Federal", "do Tribunal Regional do Trabalho"))
    return rng.choice(("\n", " ")).join(
        f"{verb} {name(rng).upper()}, {office}, matrícula {number(rng, 3)}.{number(rng, 3)}-{number(rng, 1)}, "
        f"processo {number(rng, 5)}-{number(rng, 8)}/{rng.choice(('2017', '2019', '2020'))}-{number(rng, 2)}, {place}."
        for _ in range(rng.randint(8, 40))
    )


def _repealed(rng: random.Random) -> str:
    first, word = rng.randint(1, 300), rng.choice(("(Revogado).", "(VETADO).", "Revogado pela Lei nº 9.503, de 1997."))
    return "\n".join(f"Art. {article}. {word}" for article in range(first, first + rng.randint(5, 20)))


def _lots(rng: random.Random) -> str:
    block = rng.randint(1, 40)
    return "; ".join(f"Lote {lot}, Quadra {block}" for lot in range(1, rng.randint(10, 40))) + "."


def _refrain(rng: random.Random) -> str:
    refrain = "Ó abre alas que eu quero passar,\nó abre alas que eu quero passar,\neu sou da lira, não posso negar."
    verses = [
        "\n".join(" ".join(rng.choice(GOODS) for _ in range(5)) for _ in range(4)) for _ in range(rng.randint(3, 6))
    ]
    return f"\n\n{refrain}\n\n".join(["", *verses])


def _cries(rng: random.Random) -> str:
    return rng.choice(("não, ", "ha ", "nunca! ", "muito ", "viva! ", "toc, ")) * rng.randint(3, 12)


def _figures(rng: random.Random) -> str:
    """A page of sums by year, or a bank's plan of payments, as rows or as the columns one after the other."""
    columns, form = rng.randint(3, 12), rng.choice(("html", "markdown", "plain", "columns"))
    rows = [[str(1940 + year), *(money(rng) for _ in range(columns))] for year in range(rng.randint(10, 65))]
    if form == "columns":
        return "\n".join(cell for column in zip(*rows, strict=True) for cell in column)
    return "".join(_row_of(row, form) for row in rows)


def _triangle(rng: random.Random) -> str:
    """Distances between towns, or sums of small numbers: every row has one cell more."""
    form, towns = rng.choice(("html", "markdown", "plain")), rng.choice(((), rng.sample(SAINTS, 20)))
    rows = [[number(rng, 3) for _ in range(row)] for row in range(1, 21)]
    return "".join(_row_of([*towns[at : at + 1], *row], form) for at, row in enumerate(rows))


def _month(rng: random.Random) -> str:
    """Who was there on which day: 31 narrow columns, with names or with numbers of badges."""
    form, named = rng.choice(("html", "markdown")), rng.random() < 0.5
    rows = [["Nome" if named else "Nº", *(str(day) for day in range(1, 32)), "Total"]]
    for _ in range(rng.randint(5, 40)):
        days = [rng.choice(("P", "P", "F", "", "x")) for _ in range(31)]
        rows.append([name(rng) if named else number(rng, 5), *days, number(rng, 2)])
    return "".join(_row_of(row, form) for row in rows)


def _case_numbers(rng: random.Random) -> str:
    cases = [
        f"{number(rng, 7)}-{number(rng, 2)}.20{number(rng, 2)}.{rng.randint(1, 9)}.{number(rng, 2)}.{number(rng, 4)}"
        for _ in range(rng.randint(20, 130))
    ]
    return rng.choice(("\n", ", ", "; ", " ")).join(cases)


HONEST: dict[str, Callable[[random.Random], str]] = {
    function.__name__[1:].replace("_", " "): function
    for function in (
        _zero_table, _zero_columns, _markdown_table, _html_table, _blank_table, _litany, _litany_columns, _leaders,
        _signatures, _ruled, _form, _numbered_blanks, _attendance, _same_cells, _idem, _votes, _index, _answers,
        _answer_sheet, _times_tables, _calendar, _timetable, _acts, _repealed, _lots, _refrain, _cries, _figures,
        _triangle, _month, _case_numbers,
    )
}  # fmt: skip


def inserted_loops(count: int, seed: int, half: int) -> Iterator[InsertedLoop]:
    """Yield `count` looping texts, the five kinds in turn: real text, 1.5 to 15 kB of loop, at least five laps."""
    rng = random.Random(seed)
    texts = [text for text in documents(half) if len(text) > 50_000]
    for place in range(count):
        kind = KINDS[place % len(KINDS)]
        shape = rng.choice(KINDS[:-1]) if kind == "mid-text" else kind
        form = rng.choice(sorted(LOOPS[shape]))
        before = cut(rng, rng.choice(texts), rng.choice((0, 200, 1000, 3000, 8000)))
        laps = LOOPS[shape][form](Scene(rng, before, texts))
        length, size, wanted = 0, 0, int(1500 * 10 ** rng.random())
        # fewer empty rows are a legitimate blank form, fewer rows of numbers a legitimate table
        least = 130 if form in ("empty", "invented", "endless") else 6
        pieces: list[str] = []
        while length < wanted or size < least:
            pieces.append(laps(size))
            length, size = length + len(pieces[-1]), size + 1
        loop = "".join(pieces)
        if kind == "mid-text":
            after = cut(rng, rng.choice(texts), rng.choice((300, 1500, 5000)))
        else:  # the token limit cuts anywhere
            after, loop = "", loop[: len(loop) - rng.randrange(len(pieces[-1]))]
        start = len(before) + len(pieces[0])
        yield InsertedLoop(before + loop + after, kind, f"{shape}: {form}", start, len(before) + len(loop))


@dataclass(frozen=True)
class Scene:
    """What a loop is made from: the text before it, and other real texts to take words from."""

    rng: random.Random
    before: str
    texts: list[str]

    def sentence(self, least: int, most: int) -> str:
        """Whole words of real text, `least` to `most` characters in all."""
        while True:
            words = cut(self.rng, self.rng.choice(self.texts), 4 * most).replace("\n", " ").split()
            found = " ".join(words[: self.rng.randint(max(1, least // 6), max(2, most // 5))])[:most]
            if len(found) >= least and any(letter.isalpha() for letter in found):
                return found


Laps = Callable[[int], str]
"""From the number of a lap to its text."""


def _always(text: str) -> Laps:
    return lambda _: text


def _word(scene: Scene) -> Laps:
    words = [word for word in scene.sentence(100, 300).split() if len(word) > 2]
    return _always(scene.rng.choice(words) + scene.rng.choice((" ", ", ", "\n")))


def _phrase(scene: Scene) -> Laps:
    return _always(scene.sentence(10, 40) + scene.rng.choice((" ", "\n", "; ")))


def _line(scene: Scene) -> Laps:
    return _always(scene.sentence(40, 110) + "\n")


def _paragraph(scene: Scene) -> Laps:
    return _always(scene.sentence(200, 900) + scene.rng.choice(("\n", "\n\n", " ")))


def _mid_word(scene: Scene) -> Laps:
    return _always((scene.before + scene.sentence(60, 80))[-scene.rng.randint(12, 60) :])


def _header(scene: Scene) -> Laps:
    rng = scene.rng
    date = f"{rng.randint(1, 28)} de {rng.choice(('março', 'junho', 'abril'))} de {rng.randint(1950, 2024)}"
    return _always(f"\nDIÁRIO OFICIAL DO ESTADO\nSeção {rng.randint(1, 3)}, {date}\nPágina {rng.randint(2, 90)}\n")


def _syllable(scene: Scene) -> Laps:
    return _always(scene.rng.choice(("a", "na", "ção", "lhe", "oooh", "os", "mente", "1", "00", "ra")))


def _filler(scene: Scene) -> Laps:
    fillers = (
        ".",
        ". ",
        "_",
        "- ",
        "… ",
        "\\quad ",
        "\\ ",
        "&nbsp;",
        "| ",
        "<td></td>",
        "  ",
        "\n",
        "** ",
        "0,00 ",
        "=",
    )
    return _always(scene.rng.choice(fillers))


def _json_string(scene: Scene) -> Laps:
    return _always(scene.rng.choice((r"\n" + scene.sentence(20, 60), '{"text": "' + scene.sentence(10, 40) + '"}, ')))


def _drift(scene: Scene, new: Callable[[], str]) -> Laps:
    words = scene.sentence(45, 160).split()
    place, end = scene.rng.randrange(len(words)), scene.rng.choice(("\n", " "))
    return lambda _: " ".join([*words[:place], new(), *words[place + 1 :]]) + end


def _drift_digit(scene: Scene) -> Laps:
    width = scene.rng.randint(1, 3)
    return _drift(scene, lambda: number(scene.rng, width))


def _drift_few(scene: Scene) -> Laps:
    words = scene.sentence(60, 120).split()
    return _drift(scene, lambda: scene.rng.choice(words))


def _drift_word(scene: Scene) -> Laps:
    words = [word for word in scene.sentence(3000, 4000).split() if word.isalpha()]
    return _drift(scene, lambda: scene.rng.choice(words))


def _drift_letter(scene: Scene) -> Laps:
    def misspell() -> str:
        word = list("administração")
        word[scene.rng.randrange(len(word))] = scene.rng.choice(string.ascii_lowercase)
        return "".join(word)

    return _drift(scene, misspell)


def _count(scene: Scene) -> Laps:
    first, step, end = (
        scene.rng.randint(0, 400),
        scene.rng.choice((1, 1, 1, 2, 5, 10)),
        scene.rng.choice((", ", "\n", " ", "; ")),
    )
    return lambda lap: f"{first + lap * step}{end}"


def _count_phrase(scene: Scene) -> Laps:
    first, phrase, end = scene.rng.randint(1, 90), scene.sentence(4, 50), scene.rng.choice(("\n", " ", ".\n"))
    return lambda lap: f"{first + lap}. {phrase}{end}"


def _count_article(scene: Scene) -> Laps:
    label = scene.rng.choice(
        ("Art. {}º ", "§ {}º ", "item {} ", "Figura {}: ", "[{}] ", "fl. {}\n", "Página {}\n", "{}) ")
    )
    phrase = scene.rng.choice(("", scene.sentence(6, 40) + "\n"))
    return lambda lap: label.format(lap + 1) + phrase


def _count_date(scene: Scene) -> Laps:
    year, end = scene.rng.randint(1900, 2020), scene.rng.choice((" ", "\n", ", "))
    return lambda lap: f"{lap % 28 + 1:02d}/{lap // 28 % 12 + 1:02d}/{year + lap // 336}{end}"


def _cells(rng: random.Random) -> list[str]:
    makers = (lambda: name(rng), lambda: money(rng), lambda: rng.choice(GOODS), lambda: number(rng, 4), lambda: "0,00")
    return [rng.choice(makers)() for _ in range(rng.randint(3, 7))]


def _row_of(cells: list[str], form: str) -> str:
    if form == "html":
        return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    return "| " + " | ".join(cells) + " |\n" if form == "markdown" else "  ".join(cells) + "\n"


def _row(scene: Scene) -> Laps:
    return _always(
        _row_of([*_cells(scene.rng), scene.rng.choice(GOODS)], scene.rng.choice(("html", "markdown", "plain")))
    )


def _row_numbered(scene: Scene) -> Laps:
    cells, form = [name(scene.rng), *_cells(scene.rng)], scene.rng.choice(("html", "markdown", "plain"))
    return lambda lap: _row_of([str(lap + 1), *cells], form)


def _row_drift(scene: Scene) -> Laps:
    cells, form = (
        [name(scene.rng), scene.rng.choice(GOODS), *_cells(scene.rng)],
        scene.rng.choice(("html", "markdown", "plain")),
    )
    return lambda _: _row_of([*cells, number(scene.rng, 2)], form)


def _row_empty(scene: Scene) -> Laps:
    cells, form = [""] * scene.rng.randint(2, 8), scene.rng.choice(("html", "markdown"))
    return _always(_row_of(cells, form))


def _invented(rng: random.Random) -> Callable[[], str]:
    """Cells of one table: how often blank, and how long the numbers and codes are."""
    blank, digits, dash = rng.random(), rng.randint(1, 4), rng.choice(("", "-", "0", "—", "..."))
    return lambda: (
        dash
        if rng.random() < blank
        else number(rng, digits) + rng.choice(("", "%", ",00", "/90", rng.choice(("A", "Bx", "SP"))))
    )


def _row_widening(scene: Scene) -> Laps:
    cell, form = _invented(scene.rng), scene.rng.choice(("html", "markdown", "plain"))
    first, growth, more = scene.rng.randint(1, 5), scene.rng.uniform(1.15, 2), scene.rng.choice((0, 1, 3))
    return lambda lap: _row_of([cell() for _ in range(min(900, int(first * growth**lap) + more * lap))], form)


def _row_endless(scene: Scene) -> Laps:
    cell, cells = (
        _invented(scene.rng),
        scene.rng.choice(("<td>{}</td>", "| {} ", "\n<td align=center>{}</td>", "& {} ")),
    )
    return lambda _: cells.format(cell())


def _row_nested(scene: Scene) -> Laps:
    cell, row = _invented(scene.rng), scene.rng.choice(("<table><tr><td>{}", "<div>{}<table>\n<tr>\n<td>{}</td>"))
    return lambda _: row.format(cell(), cell())


def _row_invented(scene: Scene) -> Laps:
    cell, form, columns = _invented(scene.rng), scene.rng.choice(("html", "markdown")), scene.rng.randint(4, 9)
    return lambda _: _row_of([cell() for _ in range(columns)], form)


LOOPS: dict[str, dict[str, Callable[[Scene], Laps]]] = {
    "exact": {
        function.__name__[1:].replace("_", " "): function
        for function in (_word, _phrase, _line, _paragraph, _mid_word, _header, _syllable, _filler, _json_string)
    },
    "drift": {"digit": _drift_digit, "few words": _drift_few, "any word": _drift_word, "letter": _drift_letter},
    "counter": {"bare": _count, "phrase": _count_phrase, "article": _count_article, "date": _count_date},
    "rows": {
        "same": _row,
        "numbered": _row_numbered,
        "one cell": _row_drift,
        "empty": _row_empty,
        "widening": _row_widening,
        "endless": _row_endless,
        "nested": _row_nested,
        "invented": _row_invented,
    },
}
