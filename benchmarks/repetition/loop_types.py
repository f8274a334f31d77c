r"""Measure recall for types of loops: those that the detector was designed on, and others that it was not.

    python -m benchmarks.repetition.loop_types            # recall of each kind, 20 texts each, half 0 of the documents

Each type is a function that returns a writer: what a model that lost the page writes, piece by piece. A text has 0 to
3,000 characters of legitimate Portuguese and 1,500 to 6,000 of the loop; more Portuguese follows every third loop.
"""

import argparse
import base64
import string
from collections.abc import Callable, Iterator
from itertools import count
from random import Random

from benchmarks.repetition.detection import share
from benchmarks.repetition.synthetic_loops import cut, documents
from ocr.repetition.detector import find

Writer = Callable[[], str]
Draw = Callable[[Random, str], Writer]
"""From chance and a real text to a writer."""
LOOP, BEFORE, AFTER, EVERY = (1500, 6000), 3000, (300, 2000), 3
NUMERALS = {
    "UNITS": "um dois três quatro cinco seis sete oito nove dez onze doze treze quatorze quinze dezesseis dezessete "
    "dezoito dezenove",
    "TENS": "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
    "HUNDREDS": "cento duzentos trezentos quatrocentos quinhentos seiscentos",
}
UNITS, TENS, HUNDREDS = (words.split() for words in NUMERALS.values())
THOUGHTS = (
    "Wait, let me re-read the image.",
    "The text says",
    "I need to transcribe this carefully.",
    "Actually, it could be",
    "Let me look again.",
    "Hmm, the word is unclear.",
    "So the line reads",
)
SCRIPTS = ((0x4E00, 0x5500), (0x0430, 0x044F), (0x3042, 0x3090), (0x0627, 0x064A), (0x0905, 0x0939))
COMMANDS = (
    *("frac", "alpha", "beta", "mathbf", "left", "right", "sum", "int", "partial", "begin{array}", "end{array}"),
    *("cdot", "quad", "hat", "bar"),
)


def draw_words(rng: Random, text: str, most: int, least: int = 3) -> list[str]:
    """Words of a piece of the text, in no order."""
    words = [word for word in cut(rng, text, 4000).split() if len(word) >= least and word.isalpha()]
    return rng.sample(words, min(most, len(words)))


def draw_slots(*slots: str, end: str) -> Draw:
    """Sentences put together from a few choices for each place, separated by | in `slots`."""

    def draw(rng: Random, _text: str) -> Writer:
        return lambda: " ".join(rng.choice(slot.split("|")) for slot in slots) + end

    return draw


def draw_letters(alphabet: str, shortest: int, longest: int, ends: tuple[str, ...] = (" ",)) -> Draw:
    def draw(rng: Random, _text: str) -> Writer:
        return lambda: "".join(rng.choices(alphabet, k=rng.randint(shortest, longest))) + rng.choice(ends)

    return draw


def draw_one_of(*writers: Callable[[Random], str]) -> Draw:
    """One of these forms for the whole loop."""

    def draw(rng: Random, _text: str) -> Writer:
        write = rng.choice(writers)
        return lambda: write(rng)

    return draw


def salad(rng: Random, text: str) -> Writer:
    words, end = draw_words(rng, text, rng.randint(4, 25), 2), rng.choice((" ", " ", ", ", "\n"))
    return lambda: rng.choice(words) + end


def encoded(rng: Random, _text: str) -> Writer:
    end = rng.choice(("", "\n"))
    return lambda: base64.b64encode(rng.randbytes(57)).decode() + end


def growing(rng: Random, text: str) -> Writer:
    words, lengths = draw_words(rng, text, 60, 2), count(2)
    return lambda: " ".join(words[: next(lengths) % 40 + 1]) + "\n"


def spell_number(number: int) -> str:
    parts = [HUNDREDS[(number // 100 - 1) % 6]] if number >= 100 else []
    number %= 100
    if number >= 20:
        parts.append(TENS[number // 10 - 2])
        number %= 10
    return " e ".join([*parts, *UNITS[number - 1 : number]]) if number else " e ".join(parts)


def counting_in_words(rng: Random, _text: str) -> Writer:
    numbers, end = count(rng.randint(1, 80)), rng.choice((", ", "\n", " "))
    return lambda: spell_number(next(numbers)) + end


def wrong_encoding(rng: Random, text: str) -> Writer:
    page = iter(cut(rng, text, LOOP[1]))
    return lambda: rng.choice("Ã¡Â£©§³ªºï¿½€™œ“â€˜ðŸ") if rng.random() < 0.75 else next(page)


def symbols(rng: Random, _text: str) -> Writer:
    signs = rng.choice(("😀😂🎉👍🔥", "■□▪▫●○", "★☆✦✧", "→←↑↓⇒", "▁▂▃▄▅▆▇█"))
    return lambda: rng.choice(signs) + rng.choice(("", "", " ", "\n"))


def brackets(rng: Random, text: str) -> Writer:
    words = draw_words(rng, text, 3)
    return lambda: rng.choice("([{)]}") * rng.randint(1, 3) + (rng.choice(words) if rng.random() < 0.1 else "")


def spelled(rng: Random, text: str) -> Writer:
    words, blank = draw_words(rng, text, rng.randint(1, 4)), rng.choice((" ", "-", "."))
    return lambda: blank.join(rng.choice(words)) + rng.choice(("  ", blank, "\n"))


def joined_syllables(rng: Random, _text: str) -> Writer:
    consonants = "bcdfghjklmnpqrstvxz"
    syllables = [rng.choice(consonants) + rng.choice("aeiou") for _ in range(rng.randint(2, 5))] + ["ção", "mente"]
    return lambda: "".join(rng.choices(syllables, k=rng.randint(2, 12))) + rng.choice((" ", "", " ", "-"))


def thinking_aloud(rng: Random, text: str) -> Writer:
    words = draw_words(rng, text, 4)
    return lambda: rng.choice(THOUGHTS) + " " + (f'"{rng.choice(words)}" ' if rng.random() < 0.5 else "")


def permuted(rng: Random, text: str) -> Writer:
    words = cut(rng, text, 4000).split()[: rng.randint(6, 14)]
    return lambda: " ".join(rng.sample(words, len(words))) + rng.choice((".\n", "; ", " "))


def digits(rng: Random, _text: str) -> Writer:
    group = rng.choice((0, 3, 5))
    return lambda: "".join(rng.choices(string.digits, k=group or 9)) + " " * bool(group)


def other_script(rng: Random, _text: str) -> Writer:
    first, last = rng.choice(SCRIPTS)
    return lambda: (
        "".join(chr(rng.randint(first, last)) for _ in range(rng.randint(1, 8))) + rng.choice((" ", "", "。"))
    )


def nested_keys(rng: Random, _text: str) -> Writer:
    depth = count(1)
    keys = ("pagina", "texto", "linha", "bloco", "conteudo", "tipo", "valor")
    return lambda: (
        " " * min(2 * next(depth), 60) + f'"{rng.choice(keys)}": ' + rng.choice(("{", "[{", '"",', "null,")) + "\n"
    )


def letters_in_turn(rng: Random, _text: str) -> Writer:
    places, form = count(), rng.choice(("{}) ", "{}\n", "item {} - ", "alínea {}; "))

    def write() -> str:
        place, name = next(places), ""
        while place >= 0:
            name = string.ascii_lowercase[place % 26] + name
            place = place // 26 - 1
        return form.format(name)

    return write


def stutter(rng: Random, text: str) -> Writer:
    words = draw_words(rng, text, rng.randint(3, 8), 4)

    def write() -> str:
        word = rng.choice(words)
        piece = word[: rng.randint(1, len(word))]
        forms = (f"{piece}-{word}", piece, word, word + word[-2:], piece * 2)
        return rng.choice(forms) + rng.choice((" ", " ", ""))

    return write


def few_letters(rng: Random, _text: str) -> Writer:
    letters, blank = rng.sample(string.ascii_letters + "áéíóúç", rng.randint(2, 12)), rng.choice((" ", "\n", ", ", "-"))
    return lambda: rng.choice(letters) + blank


def addresses(rng: Random, _text: str) -> Writer:
    parts = ("consulta", "processo", "documento", "pagina", "index", "diario", "arquivo", "download")
    return lambda: (
        "https://www.tjdf.jus.br/"
        + "/".join(rng.choices(parts, k=rng.randint(1, 5)))
        + rng.choice((".html", ".pdf", f"?id={rng.randrange(99)}", ""))
        + "\n"
    )


def numbers_in_turn(rng: Random, _text: str) -> Writer:
    """Years or leaves between the same words, as a small model of ours wrote: `de 2000,` `de 2004.` and so on."""
    first, words = rng.choice(((1980, ("de", "em")), (100, ("fls.",)), (1000, ("nº", "processo nº"))))
    last = first + rng.randint(10, 80)
    return lambda: f"{rng.choice(words)} {rng.randint(first, last)}{rng.choice(',.')}\n"


def box(rng: Random) -> str:
    return ", ".join(str(rng.randrange(1000)) for _ in range(4))


DESIGN: dict[str, Draw] = {
    "word salad": salad,
    "random letters": draw_letters(string.ascii_lowercase, 2, 11),
    "base64": encoded,
    "boxes": draw_one_of(
        lambda rng: f"<|ref|>text<|/ref|><|det|>[[{box(rng)}]]<|/det|>\n",
        lambda rng: f"[{box(rng)}]\n",
        lambda rng: f'{{"bbox": [{box(rng)}], "label": "texto"}},\n',
    ),
    "phrases that grow": growing,
    "counting in words": counting_in_words,
    "wrong encoding": wrong_encoding,
    "symbols": symbols,
    "brackets": brackets,
    "sentences from slots": draw_slots(
        "o autor|a parte ré|o Estado|o requerente|a empresa",
        "alegou|afirmou|sustentou|requereu|negou",
        "a prescrição|o pagamento|a nulidade|o recurso|a dívida",
        "em juízo|nos autos|na petição|em audiência",
        end=", ",
    ),
    "spelled words": spelled,
    "joined syllables": joined_syllables,
    "escapes": draw_one_of(
        lambda rng: f"\\u{rng.randrange(65536):04x}",
        lambda rng: f"\\x{rng.randrange(256):02x}",
        lambda rng: f"&#{rng.randrange(9999)};",
        lambda rng: f"%{rng.randrange(256):02X}",
    ),
    "thinking aloud": thinking_aloud,
    "numbers in turn": numbers_in_turn,
}
LEFT_OUT: dict[str, Draw] = {
    "permuted sentences": permuted,
    "hexadecimal": draw_one_of(lambda rng: rng.randbytes(16).hex(" ") + "\n"),
    "SVG paths": draw_one_of(
        lambda rng: f"{rng.choice('MLCQHVz')}{rng.uniform(0, 500):.2f},{rng.uniform(0, 500):.2f} "
    ),
    "digits": digits,
    "other scripts": other_script,
    "two languages": draw_slots(
        "O documento trata de|The document deals with|El documento trata de|Le document traite de",
        "recurso.|processo.|pagamento.|Tribunal.|prazo.|contrato.",
        "|Tradução:|Translation:",
        end=" ",
    ),
    "nested keys": nested_keys,
    "LaTeX": draw_one_of(
        lambda rng: "\\" + rng.choice(COMMANDS) + rng.choice(("{", "}", " ", "_", "^", "&", "{x}", "_{i}"))
    ),
    "letters in turn": letters_in_turn,
    "stutter": stutter,
    "few names": draw_slots(
        "José|Maria|Antônio|Francisca|João|Ana|Pedro|Luiza",
        *["da Silva|dos Santos|Pereira|de Souza|Oliveira|Lima|Costa"] * 2,
        end=", ",
    ),
    "addresses": addresses,
    "describing the page": draw_slots(
        "A imagem mostra|O documento apresenta|A página contém|O texto exibe",
        "um carimbo|uma assinatura|uma tabela|um cabeçalho|um texto ilegível",
        "no canto superior|na parte inferior|à direita|ao centro|à esquerda",
        "da página|do documento|da folha",
        end=". ",
    ),
    "few letters": few_letters,
    "printable noise": draw_letters(string.printable[:94] + " " * 8, 1, 1, ("",)),
    "CSS": draw_one_of(
        lambda rng: f"{rng.choice(('margin', 'padding', 'border', 'color', 'width'))}: {rng.randrange(40)}px; "
    ),
}


def loops(kinds: dict[str, Draw], each: int, seed: int = 1, half: int = 0) -> Iterator[tuple[str, str]]:
    """Yield (kind, text), `each` of every kind."""
    texts = [text for text in documents(half) if len(text) > 50_000]
    for kind, draw in kinds.items():
        rng = Random(f"{seed}/{kind}")
        for number in range(each):
            before = cut(rng, rng.choice(texts), rng.randint(1, BEFORE))
            write, length, loop = draw(rng, rng.choice(texts)), rng.randint(*LOOP), ""
            while len(loop) < length:
                loop += write()
            after = "\n\n" + cut(rng, rng.choice(texts), rng.randint(*AFTER)) if number % EVERY == 2 else ""
            yield kind, before + rng.choice((" ", "\n")) + loop[:length] + after


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--each", type=int, default=20, help="texts of each kind")
    each = parser.parse_args().each
    for title, kinds in (("design", DESIGN), ("left out", LEFT_OUT)):
        found = dict.fromkeys(kinds, 0)
        for kind, text in loops(kinds, each):
            found[kind] += find(text) is not None
        print(f"{title}: {share(sum(found.values()), each * len(kinds))}")
        print(
            "   ", ", ".join(f"{kind} {hits / each:.2f}" for kind, hits in sorted(found.items(), key=lambda i: -i[1]))
        )


if __name__ == "__main__":
    main()
