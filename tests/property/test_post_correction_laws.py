from hypothesis import given
from hypothesis import strategies as st

from ocr.text.post_correction import correct

ALPHABET = st.sampled_from(list("abinoIlVXNº°ª.,;:-–—_ §0123456789áÍçÃ\n'\"“”()CKАеΑ一："))
PLAIN = st.text(
    st.sampled_from(list('abcdefghijklmnopqrstuvwxyzáâãàéêíóôõúçABCDEFGHJKMNOPQRSTUZÇÃÉº ª,;!?\n“”"—–-…()'))
)


@given(st.text(ALPHABET))
def test_mending_twice_is_mending_once(text: str) -> None:
    assert correct(correct(text)) == correct(text)


@given(st.text())
def test_lines_stay_lines(text: str) -> None:
    assert correct(text).count("\n") == text.count("\n")


@given(PLAIN)
def test_text_without_suspects_comes_back_as_it_is(text: str) -> None:
    assert correct(text) == text
