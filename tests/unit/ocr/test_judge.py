import pytest

from ocr.core.document import Finish, Generation, Line, Status
from ocr.pipeline.classify import ACCEPTED, judge, text_of

LOOP = "O réu interpôs apelação. " + "a parte autora requer o deferimento do pedido; " * 200


def lines(*texts: str) -> tuple[Line, ...]:
    return tuple(Line(text, (0, 0, 1, 1)) for text in texts)


@pytest.mark.parametrize(
    ("generation", "status"),
    [
        (Generation("stop", text="O réu interpôs apelação."), "ok"),
        (Generation("stop", lines=lines("O réu")), "ok"),
        (Generation("stop", text=" \n\t"), "blank"),
        (Generation("stop", lines=()), "blank"),
        (Generation("stop", lines=lines(" ", "")), "blank"),
        (Generation("stop"), "blank"),
        (Generation("stop", text=LOOP), "degenerate"),
        (Generation("length", text=LOOP), "degenerate"),
        (Generation("length", text="O réu interpôs"), "truncated"),
        (Generation("repetition", text="a a a"), "degenerate"),
        (Generation("refused", text="I cannot"), "refused"),
        (Generation("error", reason="out of order"), "failed"),
        (Generation("timeout"), "failed"),
    ],
)
def test_verdicts(generation: Generation, status: Status) -> None:
    found, reason = judge(generation)
    assert found == status
    assert bool(reason) == (status not in ACCEPTED), "what is not accepted says why"


@pytest.mark.parametrize("finish", ["length", "repetition", "refused", "error", "timeout"])
def test_the_engine_s_own_reason_is_kept(finish: Finish) -> None:
    assert judge(Generation(finish, text="O réu", reason="because"))[1] == "because"


def test_a_loop_that_the_engine_stopped_is_described_by_what_was_written() -> None:
    verdict = judge(Generation("repetition", text=LOOP))
    assert verdict == judge(Generation("stop", text=LOOP))
    assert verdict[1] != judge(Generation("repetition", text="a a a"))[1]


def test_lines_that_repeat_are_on_the_page() -> None:
    assert judge(Generation("stop", lines=lines(*["Idem, idem, idem."] * 200)))[0] == "ok"


def test_text_of_prefers_the_text_of_a_model() -> None:
    assert text_of(Generation("stop", text="a", lines=lines("b"))) == "a"
    assert text_of(Generation("stop", lines=lines("b", "c"))) == "b\nc"
