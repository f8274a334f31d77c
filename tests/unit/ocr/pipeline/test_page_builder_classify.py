import pytest

from ocr.core.document import ACCEPTED, EngineOutput, Finish, Line, Status, text_of
from ocr.pipeline.page_builder import classify

LOOP = "O réu interpôs apelação. " + "a parte autora requer o deferimento do pedido; " * 200


def lines(*texts: str) -> tuple[Line, ...]:
    return tuple(Line(text, (0, 0, 1, 1)) for text in texts)


@pytest.mark.parametrize(
    ("generation", "status"),
    [
        (EngineOutput("stop", text="O réu interpôs apelação."), "ok"),
        (EngineOutput("stop", lines=lines("O réu")), "ok"),
        (EngineOutput("stop", text=" \n\t"), "blank"),
        (EngineOutput("stop", lines=()), "blank"),
        (EngineOutput("stop", lines=lines(" ", "")), "blank"),
        (EngineOutput("stop"), "blank"),
        (EngineOutput("stop", text=LOOP), "degenerate"),
        (EngineOutput("length", text=LOOP), "degenerate"),
        (EngineOutput("length", text="O réu interpôs"), "truncated"),
        (EngineOutput("repetition", text="a a a"), "degenerate"),
        (EngineOutput("refused", text="I cannot"), "refused"),
        (EngineOutput("error", reason="out of order"), "failed"),
        (EngineOutput("timeout"), "failed"),
    ],
)
def test_verdicts(generation: EngineOutput, status: Status) -> None:
    found, reason = classify(generation)
    assert found == status
    assert bool(reason) == (status not in ACCEPTED), "what is not accepted says why"


@pytest.mark.parametrize("finish", ["length", "repetition", "refused", "error", "timeout"])
def test_the_engine_s_own_reason_is_kept(finish: Finish) -> None:
    assert classify(EngineOutput(finish, text="O réu", reason="because"))[1] == "because"


def test_a_loop_that_the_engine_stopped_is_described_by_what_was_written() -> None:
    verdict = classify(EngineOutput("repetition", text=LOOP))
    assert verdict == classify(EngineOutput("stop", text=LOOP))
    assert verdict[1] != classify(EngineOutput("repetition", text="a a a"))[1]


def test_lines_that_repeat_are_on_the_page() -> None:
    assert classify(EngineOutput("stop", lines=lines(*["Idem, idem, idem."] * 200)))[0] == "ok"


def test_text_of_prefers_the_text_of_a_model() -> None:
    assert text_of(EngineOutput("stop", text="a", lines=lines("b"))) == "a"
    assert text_of(EngineOutput("stop", lines=lines("b", "c"))) == "b\nc"
