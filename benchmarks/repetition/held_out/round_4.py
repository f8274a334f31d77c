r"""Two more ways in which a vision-language model derails, taken from public reports without sight of any detector.

answering: the model finds no end of its answer. It comments on the picture, apologises and offers help, reply after
    reply behind the marks of turns; or asks itself questions and answers them; or hands over the same few words in
    one code block after another, many of them empty
    (https://github.com/vllm-project/vllm/issues/7628, https://github.com/vllm-project/vllm/issues/7190,
    https://github.com/vllm-project/vllm/pull/6514, https://github.com/ollama/ollama/issues/16892,
    https://github.com/ollama/ollama/issues/17113, https://github.com/zai-org/GLM-OCR/issues/220,
    https://github.com/Blaizzy/mlx-vlm/issues/1262).
boxes: the model lists places on the page without the text in them: boxes that come again, drift, march down or lie
    anywhere, some with too few or too many coordinates, with brackets in brackets, with a tag that opens inside a
    coordinate, or with a number whose digits do not end
    (https://github.com/deepseek-ai/DeepSeek-VL2/issues/96, https://github.com/deepseek-ai/DeepSeek-VL2/issues/100,
    https://github.com/QwenLM/Qwen3-VL/issues/1916, https://github.com/QwenLM/Qwen3-VL/issues/1967,
    https://github.com/Blaizzy/mlx-vlm/issues/1262).

Both stand behind 0 to 3,000 characters of legitimate Portuguese text; more such text follows every third of them.
"""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from benchmarks.repetition.held_out.insertion import Draw, plant


class Speech(NamedTuple):
    """What a model says in one language: {0} is a sort of picture, {1} are words of the page."""

    sorts: tuple[str, ...]
    remarks: tuple[str, ...]
    questions: tuple[str, ...]
    handovers: tuple[str, ...]


PORTUGUESE = Speech(
    ("um documento", "uma página digitalizada", "uma tabela", "um formulário", "uma página de texto", "um recorte"),
    (
        "A imagem mostra {0}.",
        'A imagem mostra {0} com o texto "{1}".',
        'O texto na imagem é: "{1}".',
        "Desculpe, não consigo ler o texto desta imagem.",
        "Peço desculpas pela confusão.",
        "Desculpe, mas não entendi a sua pergunta. Poderia dar mais contexto?",
        "Como modelo de linguagem, não posso ver imagens diretamente.",
        "Se você tiver outra pergunta, é só avisar!",
        "Posso ajudar em algo mais?",
        "Espero ter ajudado!",
        "O restante do texto está ilegível.",
        "Observação: o texto foi transcrito exatamente como aparece na imagem.",
        "Por favor, envie a imagem para que eu possa transcrevê-la.",
        "Obrigado! Tenha um ótimo dia! 😊",
    ),
    ("O que diz a imagem?", "Transcreva o texto.", "Obrigado!", "Continue.", 'O que significa "{1}"?', "Tem certeza?"),
    ("Aqui está o texto extraído:", "Segue a transcrição:", "Texto corrigido:", "Resposta final:", "Em markdown:"),
)
ENGLISH = Speech(
    ("a document", "a scanned page", "a table", "a form", "a page of text in Portuguese", "a newspaper clipping"),
    (
        "The image shows {0}.",
        'The image shows {0} with the text "{1}".',
        'The text in the image reads: "{1}".',
        "The text in the image is written in Portuguese.",
        "I'm sorry, but I cannot read the text in this image.",
        "I apologize for the confusion.",
        "I'm sorry, but I am not sure what you are asking. Could you please provide more context or clarify?",
        "I am an AI language model and I do not have access to the image.",
        "Please let me know if you have any other questions.",
        "I hope this helps!",
        "Is there anything else I can help you with?",
        "Note: The rest of the text is not legible.",
        "Please provide the image so that I can transcribe it.",
        "You're welcome! Have a great day! 😊",
    ),
    ("What does the image say?", "Transcribe the text.", "Thank you!", "Continue.", 'What is "{1}"?', "Are you sure?"),
    ("Here is the extracted text:", "Here is the transcription:", "Corrected version:", "Final answer:", "Output:"),
)
ENDS = ("<|im_end|>", "\\<|im_end|\\>", "<|endoftext|>", "<|eot_id|>", "<end_of_turn>", "</s>", "###", "---", "")
ROLES = (
    ("<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_end|>\n"),
    ("<|im_start|>user\n: ", "<|im_start|>assistant\n: ", "\n"),
    ("<|user|>\n", "<|assistant|>\n", "\n"),
    ("### Human: ", "### Assistant: ", "\n"),
    ("USER: ", "ASSISTANT: ", "</s>\n"),
    ("user\n", "assistant\n", "\n"),
    ("<start_of_turn>user\n", "<start_of_turn>model\n", "<end_of_turn>\n"),
    ("", "<|im_start|>assistant\n<think>\n\n</think>\n\n", "\n<|im_end|>\n"),
    ("Pergunta: ", "Resposta: ", "\n\n"),
)
"""What stands before a question, before an answer, and behind either."""
LANGUAGES = ("", "", "", "markdown", "text", "plaintext", "html", "latex", "json")

LABELS = ("text", "Text", "image", "table", "title", "sub_title", "Picture", "Section-header", "texto", "figure")
BROKEN = ("short", "long", "nested", "endless", "reopened")


class Notation(NamedTuple):
    """How a box is written ({0} its label, {1} its coordinates), what joins coordinates, and boxes; what opens all."""

    box: str
    comma: str
    separator: str
    start: str


NOTATIONS = (
    Notation("<|ref|>{0}<|/ref|><|det|>[[{1}]]<|/det|>", ", ", "\n", ""),
    Notation("<|ref|>{0}<|/ref|><|det|>[[{1}]]<|/det|>", ", ", "", ""),
    Notation("{0}[[{1}]]", ", ", "\n", ""),
    Notation("[{1}]", ", ", ", ", "<|ref|>{0}<|/ref|><|det|>["),
    Notation("[{1}]", ",", ",", "<ref>{0}</ref><box>["),
    Notation("<|object_ref_start|>{0}<|object_ref_end|><|box_start|>({1})<|box_end|>", ",", "", ""),
    Notation('\t{{"bbox_2d": [{1}], "label": "{0}"}}', ", ", ",\n", "```json\n[\n"),
    Notation('{{"bbox": [{1}], "category": "{0}", "text": ""}}', ", ", ", ", "["),
    Notation('{{"bbox": [{1}], "category": "{0}"}}', ", ", ", ", "["),
    Notation('<div data-bbox="{1}" data-label="{0}"></div>', " ", "\n", ""),
)


def quotes(rng: Random, page: str, longest: int) -> list[str]:
    """One to four pieces of the page of one word up to `longest`."""
    words = page.split()
    pieces = []
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(words) - longest)
        pieces.append(" ".join(words[start : start + rng.randint(1, longest)]))
    return pieces


def remarks(rng: Random, page: str, speech: Speech) -> Iterator[str]:
    """Replies of one to three of a few remarks, each behind the last turn's end; a favourite stays for a while."""
    known = rng.sample(speech.remarks, rng.randint(2, 8))
    sorts, words = rng.sample(speech.sorts, rng.randint(1, 4)), quotes(rng, page, 8)
    end, stay = rng.choice(ENDS), rng.uniform(0, 0.6)
    blank, join = rng.choice(("\n", "\n\n", " \n", " ")), rng.choice((" ", " ", "\n"))
    most = rng.randint(1, 3)
    reply = ""
    while True:
        if not reply or rng.random() > stay:
            chosen = rng.sample(known, rng.randint(1, min(most, len(known))))
            reply = join.join(remark.format(rng.choice(sorts), rng.choice(words)) for remark in chosen)
        yield f"{reply} {end}{blank}" if end else reply + blank


def dialogue(rng: Random, page: str, speech: Speech) -> Iterator[str]:
    """Questions that nobody asked and the model's replies to them, under the marks of one chat template."""
    asker, answerer, end = rng.choice(ROLES)
    questions = rng.sample(speech.questions, rng.randint(2, len(speech.questions)))
    known = rng.sample(speech.remarks, rng.randint(2, 8))
    words = quotes(rng, page, 8)
    while True:
        if asker:
            yield asker + rng.choice(questions).format("", rng.choice(words)) + end
        reply = " ".join(rng.sample(known, rng.randint(1, 2)))
        yield answerer + reply.format(rng.choice(speech.sorts), rng.choice(words)) + end


def fences(rng: Random, page: str, speech: Speech) -> Iterator[str]:
    """Code blocks that hold the same few words or nothing, some never closed, some handed over with a phrase."""
    words, language = quotes(rng, page, 20), rng.choice(LANGUAGES)
    phrases = rng.sample(speech.handovers, rng.randint(1, 3))
    empty, unclosed, handed = rng.uniform(0, 0.7), rng.choice((0, 0, 0.2)), rng.choice((0, rng.uniform(0.1, 0.9)))
    changing = rng.choice((0, 0, 0.3))
    blank = rng.choice(("\n", "\n\n"))
    while True:
        if rng.random() < handed:
            yield rng.choice(phrases) + blank
        yield "```" + (rng.choice(LANGUAGES) if rng.random() < changing else language) + "\n"
        if rng.random() >= empty:
            yield rng.choice(words) + "\n"
        if rng.random() >= unclosed:
            yield "```" + blank


def draw_answering(rng: Random, page: str, length: int) -> str:
    """Replies without end in one of three forms, in Portuguese or in English."""
    write = rng.choice((remarks, dialogue, fences))
    out = ""
    for part in write(rng, page, rng.choice((PORTUGUESE, ENGLISH))):
        out += part
        if len(out) >= length:
            break
    return out[:length]


def places(rng: Random) -> Iterator[list[int]]:
    """Boxes on a page of 1,000 by 1,000: they come again, drift, march down the page, or lie anywhere."""
    manner = rng.choice(("again", "drifting", "marching", "anywhere"))
    step, again = rng.randint(5, 40), rng.uniform(0.5, 0.9) if manner == "again" else rng.uniform(0, 0.3)
    left, top, width, height = rng.randint(0, 500), rng.randint(0, 400), rng.randint(20, 480), rng.randint(8, 60)
    while True:
        yield [left, top, left + width, top + height]
        if rng.random() < again:
            continue
        if manner == "marching":
            top = top + step if top < 999 - height else rng.choice((top, 0))
        elif manner == "drifting":
            left, top = (min(940, max(0, place + rng.randint(-step, step) // 4)) for place in (left, top))
            width, height = (max(4, size + rng.randint(-2, 2)) for size in (width, height))
        else:
            left, top = rng.randint(0, 500), rng.randint(0, 930)
            width, height = rng.randint(10, 490), rng.randint(5, 69)


def broken(rng: Random, box: list[int], label: str, notation: Notation) -> str:
    """The coordinates of a box with one of the faults of the reports."""
    numbers = [str(number) for number in box]
    fault, comma = rng.choice(BROKEN), notation.comma
    if fault == "short":
        return comma.join(numbers[: rng.randint(1, 3)])
    if fault == "long":
        return comma.join(numbers + [str(rng.randint(0, 999)) for _ in range(rng.randint(1, 6))])
    if fault == "nested":
        return numbers[0] + comma + "[" + comma.join(numbers[1:]) + "]"
    if fault == "endless":
        return comma.join([*numbers[:3], numbers[3] + rng.choice("0599") * rng.randint(5, 200)])
    return numbers[0] + comma + notation.box.partition("{1}")[0].format(label) + comma.join(numbers)


def draw_boxes(rng: Random, page: str, length: int) -> str:
    """Boxes in one notation; their labels are of one sort, now and then of another, or a few words of the page."""
    notation = rng.choice(NOTATIONS)
    labels = quotes(rng, page, 3) if rng.random() < 0.3 else rng.sample(LABELS, rng.randint(1, 3))
    labels = [label.replace('"', "") for label in labels]
    usual, faulty = rng.uniform(0.6, 1), rng.choice((0, 0, rng.uniform(0.02, 0.3)))
    out = notation.start.format(labels[0])
    for box in places(rng):
        label = labels[0] if rng.random() < usual else rng.choice(labels)
        sound = rng.random() >= faulty
        numbers = notation.comma.join(map(str, box)) if sound else broken(rng, box, label, notation)
        out += notation.box.format(label, numbers) + notation.separator
        if len(out) >= length:
            break
    return out[:length]


KINDS: dict[str, Draw] = {"answering": draw_answering, "boxes": draw_boxes}


def loops(seed: int = 53) -> Iterator[tuple[str, str]]:
    """(kind, text) of each kind, as `plant` mixes them."""
    return plant(KINDS, seed)
