import pytest

from ocr.core.document import Status
from ocr.pipeline.retry import AS_ASKED, BANDS, LADDER, LARGER, RESCUE, SMALLER, UNSTOPPED, Step, Taken, next_step


def climb(*verdicts: Status, rescue: bool = True, honest: bool = False, shrunk: bool = False) -> list[str]:
    """The steps that are taken when the engine gives these verdicts, the last one for ever."""
    history: list[Taken] = []
    while (step := next_step(history, rescue=rescue, shrunk=shrunk)) is not None:
        verdict: Status = "ok" if step.rescue else verdicts[min(len(history), len(verdicts) - 1)]
        history.append(Taken(step, verdict, honest and len(history) == 0))
        assert len(history) < 20, "the ladder must end"
    return [taken.step.name for taken in history]


def names(*steps: Step) -> list[str]:
    return [step.name for step in steps]


@pytest.mark.parametrize("verdict", ["ok", "blank"])
def test_an_accepted_page_is_read_once(verdict: Status) -> None:
    assert climb(verdict) == names(AS_ASKED)


def test_a_page_that_always_loops_climbs_every_rung_once() -> None:
    assert climb("degenerate") == names(*LADDER)
    assert climb("degenerate", rescue=False) == names(*LADDER[:-1])


def test_a_page_that_was_shrunk_is_shown_larger_instead_of_smaller() -> None:
    assert climb("degenerate", shrunk=True) == [LARGER.name if step is SMALLER else step.name for step in LADDER]


def test_it_stops_at_the_first_good_reading() -> None:
    assert climb("degenerate", "ok") == names(*LADDER[:2])


def test_a_truncated_page_has_too_much_text_for_one_answer() -> None:
    assert climb("truncated") == names(AS_ASKED, BANDS, RESCUE)


def test_a_failure_is_tried_once_more_and_then_rescued() -> None:
    assert climb("failed") == names(AS_ASKED, AS_ASKED, RESCUE)
    assert climb("failed", rescue=False) == names(AS_ASKED, AS_ASKED)


def test_a_refusal_is_not_argued_with() -> None:
    assert climb("refused") == names(AS_ASKED, RESCUE)


def test_a_stop_that_looks_honest_is_read_again_without_the_stop() -> None:
    assert climb("degenerate", "ok", honest=True) == names(AS_ASKED, UNSTOPPED)
    assert climb("degenerate", honest=True) == names(AS_ASKED, UNSTOPPED, *LADDER[1:])
