"""What holds for any text: the monitor says what `find` says, however the text is cut, and never more."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ocr.repetition.detector import RepetitionMonitor, find
from ocr.repetition.tokens import LONGEST_TOKEN

WORDS = st.sampled_from(
    ["de", "Olinda", "São", "rogai", "0,00", "12", "13", "idem", "...", "____", "|", "<td></td>", "\n", "\\n", "XIV"]
)
TEXTS = st.one_of(
    st.text(max_size=400),
    st.lists(WORDS, max_size=300).map(" ".join),
    st.builds(lambda unit, laps: " ".join(unit) * laps, st.lists(WORDS, min_size=1, max_size=20), st.integers(1, 300)),
)


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.integers(1, 60))
def test_the_monitor_finds_what_find_finds(text: str, size: int) -> None:
    monitor = RepetitionMonitor()
    for at in range(0, len(text), size):
        monitor.feed(text[at : at + size])
    for _ in range(
        RepetitionMonitor.BATCH + LONGEST_TOKEN + 1
    ):  # words that repeat nothing push the last of the text through
        monitor.feed("?")
    wanted = find(text)
    if wanted is not None:
        assert monitor.found is not None
        assert (monitor.found.start, monitor.found.kind) == (wanted.start, wanted.kind)


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_a_loop_lies_inside_its_text_and_the_good_prefix_is_good(text: str) -> None:
    found = find(text)
    if found is not None:
        assert 0 <= found.start < found.end <= len(text)
        assert find(text[: found.start]) is None
