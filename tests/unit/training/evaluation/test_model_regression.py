import random
from dataclasses import replace

from data.examples import Example
from ocr.core.document import EngineOutput
from ocr.models.answer_format import Fields, render
from ocr.models.catalog import Model
from training.evaluation import model_regression
from training.run import SetComparison

MODEL = Model()
WORDS = [
    "autos",
    "apelação",
    "provimento",
    "relatora",
    "sentença",
    "honorários",
    "custas",
    "prazo",
    "recurso",
    "comarca",
    "juízo",
]


def pages(count: int) -> list[Example]:
    luck = random.Random(0)
    texts = [" ".join(luck.choices(WORDS, k=30)) for _ in range(count)]
    return [
        Example(f"p{n}", f"d{n}", 1, f"{n}.png", "0" * 64, 9, 9, "ruling", "composed", "none", text=text)
        for n, text in enumerate(texts)
    ]


def compare(examples: list[Example], before: list[EngineOutput], after: list[EngineOutput]) -> SetComparison:
    return model_regression.compare_sets([examples], MODEL, before, after, seed=0).sets["domain"]


def losses(examples: list[Example], before: list[EngineOutput], after: list[EngineOutput]) -> dict[str, str]:
    """What reads worse, without the name of the set."""
    lost = model_regression.compare_sets([examples], MODEL, before, after, seed=0).lost
    return {what.removeprefix("domain: "): change for what, change in lost.items()}


def outputs(examples: list[Example], wrong: float, seed: int) -> list[EngineOutput]:
    """Outputs of which a share of the pages has a word in ten misread."""
    luck = random.Random(seed)
    return [
        EngineOutput(
            "stop", text=" ".join("xx" if bad and luck.random() < 0.1 else word for word in example.text.split())
        )
        for example in examples
        for bad in (luck.random() < wrong,)
    ]


def test_what_reads_the_same_passes() -> None:
    examples = pages(120)
    same = outputs(examples, 0.2, seed=1)
    verdict = compare(examples, same, same)
    assert verdict.passed
    assert verdict.score.value == 0.0


def test_what_reads_better_passes_and_worse_is_refused() -> None:
    examples = pages(120)
    poor, good = outputs(examples, 0.9, seed=1), outputs(examples, 0.1, seed=2)
    assert compare(examples, poor, good).passed
    refused = compare(examples, good, poor)
    assert not refused.passed
    assert refused.complaints[0].startswith("composite worse")
    assert "kind ruling" in losses(examples, good, poor)


def test_what_the_pages_cannot_tell_is_not_promoted() -> None:
    examples = pages(12)
    verdict = compare(examples, outputs(examples, 0.5, 1), outputs(examples, 0.5, 2))
    assert any("not resolved" in complaint for complaint in verdict.complaints)


def test_new_loops_are_refused() -> None:
    examples = pages(120)
    before = outputs(examples, 0.0, 1)
    loop = EngineOutput("length", text="nos termos do voto da relatora; " * 200)
    verdict = compare(examples, before, [loop] * 6 + before[6:])
    assert verdict.degeneration_after == 0.05
    assert any("degeneration" in complaint for complaint in verdict.complaints)


def test_accents_and_identifiers_that_read_worse_are_named() -> None:
    truth = "A apelação do réu, CPF 529.982.247-25, de 3/2/1998."
    example = Example("p", "d", 1, "p.png", "0" * 64, 9, 9, "ruling", "composed", "none", text=truth)
    worse = truth.replace("ã", "a").replace("247-25", "247-26")
    lost = losses([example], [EngineOutput("stop", text=truth)], [EngineOutput("stop", text=worse)])
    assert lost["accent ã"] == "1 -> 0 of 1"
    assert lost["identifier cpf"] == "1 -> 0 of 1"
    assert "accent é" not in lost
    assert "identifier date" not in lost
    assert not losses([example], [EngineOutput("stop", text=worse)], [EngineOutput("stop", text=truth)])


def test_pages_that_are_not_read_to_the_end_are_counted_whatever_follows() -> None:
    truth = "Nome da mãe do requerente: ...................."
    page = Example("p", "d", 1, "p.png", "0" * 64, 9, 9, "form", "composed", "none", text=truth)
    whole, short = (EngineOutput("stop", text=text) for text in (truth.rstrip("."), "Nome da mãe " + 400 * "."))
    assert not model_regression.leaves_out(page, whole)
    assert model_regression.leaves_out(page, short)
    assert losses([page] * 2, [whole, short], [short, short])["pages read to the end"] == "1 -> 0 of 2"
    assert "pages read to the end" not in losses([page], [short], [whole])


def test_a_base_that_answers_in_another_form_is_not_held_to_ours() -> None:
    examples = [replace(page, text=f"{page.text}\nAssinatura: ____________________") for page in pages(120)]
    model = Model(structured=True, leaders=3)
    plain = [EngineOutput("stop", text=f"```\n{page.text}\n```") for page in examples]
    worse = [
        EngineOutput("stop", text=render(Fields(text=page.text.replace("a", "o").replace("____", "__"))))
        for page in examples
    ]
    verdict = model_regression.compare_sets([examples], model, plain, worse, seed=0).sets["domain"]
    assert verdict.score_before > 0.99
    assert not verdict.passed


def test_a_loop_of_letters_fills_no_gap() -> None:
    page = pages(1)[0]
    looped = EngineOutput("length", text=page.text[:40] + "nos termos do voto da relatora; " * 100)
    assert model_regression.leaves_out(page, looped)
