"""The functions of `from eval import ...`: metrics of one page, from its ground truth and a system's output."""

from eval.metrics import page_scores
from eval.metrics.edit_distance import AnyForm, character_errors, word_errors
from eval.metrics.page_scores import PageScore, Pair


def cer(reference: str, output: str, *, form: AnyForm = "normalized") -> float:
    """Return the character error rate: Levenshtein distance divided by the length of the reference.

    It exceeds 1 where the output is much longer than the reference. Against an empty reference it is the number of
    edits, as in jiwer. `form` is "raw" (white space at both ends stripped), "normalized" (Unicode NFC, each run of
    white space one space) or "dense" (NFC, no white space). Source: docs/concepts/metrics.md.

    >>> cer("ação", "acao")
    0.5
    >>> cer("um  dois", "um dois"), cer("um  dois", "um dois", form="raw")
    (0.0, 0.125)
    """
    return character_errors(reference, output, form).rate


def wer(reference: str, output: str, *, form: AnyForm = "normalized") -> float:
    """Return the word error rate: edits of whole words divided by the number of words of the reference.

    `form` is "raw" or "normalized", as for `cer`; "dense" raises `ValueError`. Source: docs/concepts/metrics.md.

    >>> wer("O réu interpôs apelação", "O reu interpôs apelação")
    0.25
    """
    return word_errors(reference, output, form).rate


def score_page(reference: str, output: str) -> PageScore:
    """Return every metric of one page. Both texts are plain text, or JSON objects with the fields of a page.

    >>> score = score_page("CPF 529.982.247-25", "CPF 529.982.247-26")
    >>> score.characters["normalized"].edits, score.identifiers["cpf"].failing
    (1, 1)
    """
    return page_scores.score_page(Pair(reference, output))
