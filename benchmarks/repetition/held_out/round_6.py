"""Two kinds of derailed reading, written from public reports by someone who had not seen the detector.

`stock`: a list that never ends because a handful of items is dealt out again and again.
- ingredients, each with its spoon: https://github.com/vllm-project/vllm/issues/42016 (GLM-OCR)
- labels and states of a form that answer each other: https://github.com/TimmyOVO/deepseek-ocr.rs/issues/53
- keywords, hundreds where ten were due, an adjective tried on every noun:
  https://github.com/Blaizzy/mlx-vlm/issues/2009 (GLM-4.6V, Llama 3.2 Vision)
- one class given to everything: https://github.com/google-gemini/cookbook/issues/327
- the names of people: https://github.com/deepseek-ai/DeepSeek-OCR-2/issues/42

`wreckage`: the notation around the text takes over, and nothing in it closes.
- comments, styles and tags that do not match: https://github.com/Blaizzy/mlx-vlm/issues/1021 (GLM-OCR)
- arrays of the same few strings: https://github.com/tuirk/Kompl/issues/7 (Gemini 2.5 Flash)
- a number that goes on inside an object: https://github.com/google-gemini/cookbook/issues/1288
- control tokens, and the marks of the tokenizer instead of spaces:
  https://github.com/Blaizzy/mlx-vlm/issues/1371, https://github.com/jundot/omlx/issues/2424
"""

from collections.abc import Callable, Iterator
from itertools import count
from random import Random

from benchmarks.repetition.held_out.insertion import Draw, plant

Parts = Callable[[Random, str], Iterator[str]]
"""Luck and the page that the model was reading -> the pieces of a loop without end."""


def words(together: str) -> list[str]:
    """The words of a string, one by one."""
    return together.split()


FOODS = "alho|cebola|sal|pimenta|azeite|farinha de trigo|açúcar|manteiga|salsinha|fermento|leite|páprica|alho em pó"
SPOONS = "colher de chá de|colher de sopa de|xícara de|pitada de|colher (sopa) de|g de"
LABELS = "Nome do serviço|Nome do projeto|Descrição do serviço|Situação|Responsável|Observações|Data|Setor|Endereço|CPF"
STATES = "Aprovado|Concluído|Em andamento|Pendente|Não informado|N/A|Sim|Não|Ativo"
CLASSES = "Outros|Outro|Diversos|Não se aplica|Geral|Documento|Texto|Serviços"
NOUNS = "marco|valor|patrimônio|símbolo|monumento|contexto|registro|interesse|espaço|ícone|acervo|significado"
TRAITS = "histórico|cultural|nacional|arquitetônico|local|público|religioso|social|turístico|urbano|antigo|regional"
GIVEN = "José|Maria|João|Antônio|Ana|Francisco|Luiz|Pedro|Teresa|Manuel|Joaquim|Rita|Sebastião|Benedita"
FAMILY = "da Silva|dos Santos|de Souza|Pereira|de Oliveira|Ferreira|Alves|Rodrigues|da Costa|Nunes"
TAGS = words("td tr strong b span div p h4 h3 th em sup br font section")
CLASS_NAMES = words("substance text header cell content table-row titulo bloco page footer col-1 right")
PROPERTIES = words("text-align vertical-align vertical-space font-size padding margin width border color line-height")
VALUES = words("center middle left 0 1px 10px 12pt 100% auto none bold #000 justify top inherit")
KEYS = words("texto titulo conteudo secao itens tipo valor nome descricao children pagina bloco linha")
LIST_MARKS = (("", ", "), ("", "; "), ("", "\n"), ("- ", "\n"), ("* ", "\n"), ("", " | "), ("", "\n\n"))
TOKENS = (
    "<|end|> <|endoftext|>",
    "<|im_end|> <|im_start|>assistant <|im_start|>user <|endoftext|>",
    "</s> <s> <pad> <unk>",
    "<|vision_start|> <|image_pad|> <|vision_end|> <|im_end|>",
    "<｜end▁of▁sentence｜> <｜User｜> <｜Assistant｜> <|ref|> <|/ref|>",
    "<end_of_turn> <start_of_turn>model <eos> <think> </think>",
)


def pick(rng: Random, barred: str, least: int, most: int) -> list[str]:
    """A few of the terms between the bars, in an order of their own."""
    return rng.sample(barred.split("|"), rng.randint(least, most))


def phrase(rng: Random, page: str, most: int) -> str:
    """One to `most` words that follow each other on the page, without marks that notation uses."""
    plain = words("".join(letter for letter in page if letter.isalnum() or letter in " -\n"))
    start = rng.randrange(len(plain) - most)
    return " ".join(plain[start : start + rng.randint(1, most)])


def keyword(rng: Random, page: str) -> str:
    """A word or a few of the page that begin and end with more than a particle."""
    while True:
        term = phrase(rng, page, 3).lower()
        if min(len(words(term)[0]), len(words(term)[-1])) > 3:
            return term


def slip(rng: Random, item: str, rate: float) -> str:
    """The item, at that rate with a letter lost, doubled, or in the other case."""
    if not item or rng.random() >= rate:
        return item
    place = rng.randrange(len(item))
    letter = item[place]
    return item[:place] + rng.choice(("", letter * 2, letter.swapcase())) + item[place + 1 :]


def deal(rng: Random, stock: list[str]) -> Iterator[str]:
    """The items of a stock without end: in rounds with gaps, in clumps, or by luck with favourites."""
    habit = rng.choice(("rounds", "clumps", "luck"))
    gap, clump = rng.choice((0.0, 0.05, 0.25)), rng.randint(2, 14)
    weights = [rng.random() ** 2 + 0.02 for _ in stock]
    for turn in count():
        if habit == "clumps":
            yield from [rng.choice(stock)] * rng.randint(1, clump)
        elif habit == "luck":
            yield rng.choices(stock, weights)[0]
        elif rng.random() >= gap:
            yield stock[turn % len(stock)]


def in_a_list(rng: Random, items: Iterator[str]) -> Iterator[str]:
    """The items with the marks of one list between them, and the rare slip."""
    before, after = rng.choice(LIST_MARKS)
    rate = rng.choice((0.0, 0.01, 0.05))
    for item in items:
        yield before + slip(rng, item, rate) + after


def measured(rng: Random, _page: str) -> Iterator[str]:
    """A few ingredients, each behind an amount and a spoon: the same for good, or drawn anew."""
    spoons, foods = pick(rng, SPOONS, 1, 3), pick(rng, FOODS, 3, 8)
    amounts = rng.choice((("1",), ("1", "1", "1", "2"), ("1", "2", "1/2", "1/4", "3")))
    fixed = [f"{rng.choice(amounts)} {rng.choice(spoons)} {food}" for food in foods]
    if rng.random() < 0.6:
        return in_a_list(rng, deal(rng, fixed))
    return in_a_list(rng, (f"{rng.choice(amounts)} {rng.choice(spoons)} {food}" for food in deal(rng, foods)))


def form(rng: Random, _page: str) -> Iterator[str]:
    """Labels of a form, filled in with other labels, with pairs of them, or with one of a few states."""
    labels, states = pick(rng, LABELS, 2, 5), pick(rng, STATES, 1, 3)
    colon, end = rng.choice((": ", ":", "： ", " - ")), rng.choice(("\n", "\n\n", " "))
    strong, likes_state = rng.choice(("", "", "**")), rng.uniform(0.2, 0.9)
    for label in deal(rng, labels):
        value = rng.choice(states)
        if rng.random() >= likes_state:
            value = colon.join(rng.choices(labels, k=rng.randint(1, 2)))
        yield strong + label + strong + colon + slip(rng, value, 0.01) + end


def keywords(rng: Random, page: str) -> Iterator[str]:
    """Catchwords of the page, far more often than a page has room for."""
    terms = [keyword(rng, page) for _ in range(rng.randint(4, 18))]
    yield rng.choice(("Palavras-chave: ", "Keywords: ", "Termos: ", "Assuntos\n", ""))
    yield from in_a_list(rng, deal(rng, terms))


def crossing(rng: Random, _page: str) -> Iterator[str]:
    """Every noun of a few with every adjective of a few, round and round."""
    nouns, traits = pick(rng, NOUNS, 3, 8), pick(rng, TRAITS, 2, 6)
    if rng.random() < 0.4:
        return in_a_list(rng, (f"{rng.choice(nouns)} {rng.choice(traits)}" for _ in count()))
    return in_a_list(rng, (f"{noun} {trait}" for noun in deal(rng, nouns) for trait in traits))


def one_class(rng: Random, _page: str) -> Iterator[str]:
    """One class for everything, at times another."""
    usual, *others = pick(rng, CLASSES, 2, 4)
    rare = rng.choice((0.0, 0.02, 0.15))
    return in_a_list(rng, (rng.choice(others) if rng.random() < rare else usual for _ in count()))


def names(rng: Random, _page: str) -> Iterator[str]:
    """People whose names are put together from a few given names and a few of families."""
    given, family, second = pick(rng, GIVEN, 2, 5), pick(rng, FAMILY, 1, 3), rng.choice((0.0, 0.3, 0.7))
    parts = (
        rng.choices(given, k=1 + (rng.random() < second)) + rng.choices(family, k=rng.randint(1, 2)) for _ in count()
    )
    people = [" ".join(next(parts)) for _ in range(rng.randint(3, 16))]
    return in_a_list(rng, deal(rng, people))


def style(rng: Random, most: int) -> str:
    """Declarations of a style, some of them of no language."""
    properties = (rng.choice(("", "", "", "-")) + rng.choice(PROPERTIES) for _ in range(rng.randint(1, most)))
    return " ".join(f"{name}{rng.choice((': ', ': ', '：'))}{rng.choice(VALUES)};" for name in properties)


def scrap(rng: Random, said: str) -> str:
    """One scrap of broken markup around something that the page said."""
    tag, other, name = rng.choice(TAGS), rng.choice(TAGS), rng.choice(CLASS_NAMES)
    forms = (
        f'<!-- {said} --{tag} style="{style(rng, 2)}">',
        f"{said}</{tag}>",
        f'<{tag} class="{name}"><{other}>{said}</{tag}>',
        f"</{tag}></{other}></{tag}>",
        f'<{tag} style="{style(rng, 4)}"',
        f'<{tag} id="{name}-{name}" class="{name} {rng.choice(CLASS_NAMES)}">',
        f"<{tag}>{said}<{tag}/><{other}>",
        f"&lt;{tag}&gt;{said}",
    )
    return rng.choice(forms)


def broken_markup(rng: Random, page: str) -> Iterator[str]:
    """A round of scraps of markup around one to three phrases, rigid or with other scraps in between."""
    said = [phrase(rng, page, 6) for _ in range(rng.randint(1, 3))]
    ring = [scrap(rng, rng.choice(said)) for _ in range(rng.randint(3, 9))]
    loose, end = rng.choice((0.0, 0.1, 0.35)), rng.choice(("", "", "\n"))
    for turn in count():
        yield (scrap(rng, rng.choice(said)) if rng.random() < loose else ring[turn % len(ring)]) + end


def same_strings(rng: Random, page: str) -> Iterator[str]:
    """An array of strings or of small objects, made of a few values of the page."""
    key, inner = rng.sample(KEYS, 2)
    values = [phrase(rng, page, 4) for _ in range(rng.randint(1, 6))]
    gap = rng.choice(("", " ", "\n    "))
    around = rng.choice(('"{}"', '"{}"', f'{{"{inner}": "{{}}"}}', f'{{"{inner}":"{{}}","{key}":null}}'))
    yield rng.choice(("", "```json\n")) + f'{{"{key}":{gap}['
    for value in deal(rng, values):
        yield around.replace("{}", slip(rng, value, 0.01)) + "," + gap


def endless_number(rng: Random, page: str) -> Iterator[str]:
    """A field of an object whose number goes on: one digit or a period of digits, with strays."""
    field = rng.choice(("valor", "largura", "total"))
    yield f'{{"{rng.choice(KEYS)}": "{phrase(rng, page, 6)}", "{field}": {rng.randint(0, 999)}.'
    period = rng.choice(("0", "9", "3", "".join(rng.choices("0123456789", k=rng.randint(2, 12)))))
    strays = rng.choice((0.0, 0.02, 0.3))
    while True:
        yield rng.choice("0123456789") if rng.random() < strays else period


def control_tokens(rng: Random, page: str) -> Iterator[str]:
    """The tokens that should stop the model, again and again, at times with a word of the page between them."""
    said = [phrase(rng, page, 5) for _ in range(rng.randint(1, 3))]
    talks, end = rng.choice((0.0, 0.1, 0.4)), rng.choice(("", "", "\n"))
    for token in deal(rng, rng.choice(TOKENS).split()):
        yield token + end
        if rng.random() < talks:
            yield rng.choice(said) + end


def bare_tokens(rng: Random, page: str) -> Iterator[str]:
    """A few phrases with the marks of the tokenizer for spaces and line ends, and letters left as bytes."""
    space, line = rng.choice((("Ġ", "Ċ"), ("▁", "<0x0A>"), ("Ġ", "ĊĊ")))
    said = [phrase(rng, page, 7) for _ in range(rng.randint(1, 5))]
    for item in deal(rng, said):
        as_bytes = item.encode().decode("latin-1") if space == "Ġ" else item
        visible = "".join(mark if mark.isprintable() else chr(ord(mark) + 162) for mark in as_bytes)
        yield visible.replace(" ", space) + rng.choice((space, space, line, f"<|det|>{line}"))


def drawing(ways: tuple[Parts, ...]) -> Draw:
    """A draw that takes one of the ways and stops at the length."""

    def draw(rng: Random, page: str, length: int) -> str:
        out = ""
        for part in rng.choice(ways)(rng, page):
            out += part
            if len(out) >= length:
                break
        return out[:length]

    return draw


NOTATIONS = (broken_markup, same_strings, endless_number, control_tokens, bare_tokens)
KINDS: dict[str, Draw] = {
    "stock": drawing((measured, form, keywords, crossing, one_class, names)),
    "wreckage": drawing(NOTATIONS),
}


def loops(seed: int = 61) -> Iterator[tuple[str, str]]:
    """(kind, text) of each kind, as `plant` mixes them."""
    return plant(KINDS, seed)
