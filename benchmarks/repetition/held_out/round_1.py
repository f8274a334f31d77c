"""Two kinds of loop to test the repetition detector, written from public reports without sight of it.

wandering: a model told to avoid repeating itself walks at random among a few phrases it has just read, or crosses a
    few form labels with a few values, and no stretch repeats with a fixed period
    (https://github.com/TimmyOVO/deepseek-ocr.rs/issues/53, https://github.com/vllm-project/vllm-ascend/issues/4989).
exploding: a table whose rows grow wider and wider until one never ends, its cells empty, dashed, or holding invented
    numbers; in HTML some cells open further tables that nothing closes
    (https://github.com/ollama/ollama/issues/13345, https://github.com/Blaizzy/mlx-vlm/issues/1021).

Every loop follows 0 to 3,000 characters of legitimate text. Two in three run to the end of the text, as when the token
limit cuts them; legitimate text follows the third.
"""

import random
from collections.abc import Iterator

from benchmarks.paths import CORPUS

PER_KIND = 250
SHORTEST, LONGEST = 1500, 6000
LABELS = (
    "Nome do servidor",
    "Situação",
    "Descrição do serviço",
    "Órgão de origem",
    "Data de nascimento",
    "Endereço",
    "Assinatura do responsável",
    "Número do processo",
    "Observações",
    "Matrícula",
)
VALUES = ("Aprovado", "Não consta", "Secretaria de Estado", "Deferido", "Brasileiro", "Ilegível", "Distrito Federal")


def passage(text: str, length: int, generator: random.Random) -> str:
    """At most so many characters of a text from the start of one of its lines, ending with a whole word."""
    start = text.find("\n", generator.randrange(max(1, len(text) - length - 5000))) + 1
    return text[start : start + length + 1].rpartition(" ")[0]


def wandering(length: int, text: str, generator: random.Random) -> str:
    """A random walk among three to nine short items that stays on an item for a while before it leaves it."""
    if generator.random() < 0.5:
        labels, values = generator.sample(LABELS, generator.randint(2, 3)), generator.sample(VALUES, 2)
        items = [*labels, *(f"{label}: {value}" for label in labels for value in values)]
        separator = generator.choice(("\n", "\n\n"))
    else:
        words = passage(text, 2000, generator).split()
        starts = generator.sample(range(len(words) - 5), generator.randint(3, 5))
        items = [" ".join(words[start : start + generator.randint(2, 5)]) for start in starts]
        separator = generator.choice(("\n", " ", ", "))
    stay = generator.uniform(0.1, 0.6)
    item = generator.choice(items)
    loop = item
    while len(loop) < length:
        if generator.random() > stay:
            item = generator.choice(items)
        loop += separator + item
    return loop[:length]


def cell(filled: float, generator: random.Random) -> str:
    """The text of one cell: an invented number in so large a share of the cells, else nothing or a dash."""
    if generator.random() >= filled:
        return generator.choice(("", "", "", "-"))
    return generator.choice((f"{generator.randint(1, 99)}%", f"{generator.uniform(1, 9999):.2f}".replace(".", ",")))


def exploding(length: int, text: str, generator: random.Random) -> str:
    """A table whose rows grow by 30% to 100% each, headed by words of the text; the last row fills what is left."""
    html = generator.random() < 2 / 3
    filled, nested = generator.uniform(0, 0.35), generator.uniform(0, 0.15)
    width, growth = generator.uniform(3, 6), generator.uniform(1.3, 2)
    heads = passage(text, 2000, generator).split()[: int(width)]
    table = "<table><tr><th>" + "</th><th>".join(heads) + "</th></tr>" if html else "| " + " | ".join(heads) + " |"
    while len(table) < length:
        cells = [cell(filled, generator) for _ in range(int(width))]
        if html:
            opened = ["<table><tr>" if generator.random() < nested else "" for _ in cells]
            tagged = (f"<td>{inner}{content}</td>" for inner, content in zip(opened, cells, strict=True))
            table += "<tr>" + "".join(tagged) + "</tr>"
        else:
            table += "\n| " + " | ".join(cells) + " |"
        width *= growth
    return table[:length]


KINDS = {"wandering": wandering, "exploding": exploding}


def loops(seed: int = 41) -> Iterator[tuple[str, str]]:
    """Yield (kind, text) for 250 texts of each kind; raises FileNotFoundError without the Portuguese texts."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(CORPUS.glob("*.txt"))]
    if not texts:
        raise FileNotFoundError("these loops need the Portuguese texts of ../shared/corpus_pt")
    for kind, write in KINDS.items():
        generator = random.Random(f"{seed}/{kind}")
        for number in range(PER_KIND):
            text = generator.choice(texts)
            before = passage(text, generator.randint(0, 3000), generator)
            loop = write(generator.randint(SHORTEST, LONGEST), text, generator)
            after = "\n\n" + passage(text, generator.randint(300, 2000), generator) if number % 3 == 2 else ""
            yield kind, before + generator.choice(("\n", " ")) + loop + after
