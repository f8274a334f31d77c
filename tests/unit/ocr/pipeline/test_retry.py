import pytest

from ocr.core.document import Status
from ocr.pipeline.retry import (
    AS_ASKED,
    BANDS,
    FALLBACK,
    LARGER,
    POLICY,
    SMALLER,
    UNSTOPPED,
    PastAttempt,
    Step,
    next_step,
)


def steps_for(*verdicts: Status, fallback: bool = True, false_stop: bool = False, shrunk: bool = False) -> list[str]:
    """The steps that are taken when the engine gives these verdicts, the last one for ever."""
    history: list[PastAttempt] = []
    while (step := next_step(history, fallback=fallback, shrunk=shrunk)) is not None:
        verdict: Status = "ok" if step.fallback else verdicts[min(len(history), len(verdicts) - 1)]
        history.append(PastAttempt(step, verdict, false_stop and len(history) == 0))
        assert len(history) < 20, "the ladder must end"
    return [taken.step.name for taken in history]


def names(*steps: Step) -> list[str]:
    return [step.name for step in steps]


@pytest.mark.parametrize("verdict", ["ok", "blank"])
def test_an_accepted_page_is_read_once(verdict: Status) -> None:
    assert steps_for(verdict) == names(AS_ASKED)


def test_a_page_with_repetition_gets_every_step_once() -> None:
    assert steps_for("degenerate") == names(*POLICY)
    assert steps_for("degenerate", fallback=False) == names(*POLICY[:-1])


def test_a_page_that_was_shrunk_is_shown_larger_instead_of_smaller() -> None:
    assert steps_for("degenerate", shrunk=True) == [LARGER.name if step is SMALLER else step.name for step in POLICY]


def test_it_stops_at_the_first_good_reading() -> None:
    assert steps_for("degenerate", "ok") == names(*POLICY[:2])


def test_a_truncated_page_has_too_much_text_for_one_answer() -> None:
    assert steps_for("truncated") == names(AS_ASKED, BANDS, FALLBACK)


def test_a_failure_is_tried_once_more_and_then_read_by_the_fallback() -> None:
    assert steps_for("failed") == names(AS_ASKED, AS_ASKED, FALLBACK)
    assert steps_for("failed", fallback=False) == names(AS_ASKED, AS_ASKED)


def test_a_refusal_is_not_argued_with() -> None:
    assert steps_for("refused") == names(AS_ASKED, FALLBACK)


def test_a_stop_that_is_false_is_read_again_without_the_stop() -> None:
    assert steps_for("degenerate", "ok", false_stop=True) == names(AS_ASKED, UNSTOPPED)
    assert steps_for("degenerate", false_stop=True) == names(AS_ASKED, UNSTOPPED, *POLICY[1:])
