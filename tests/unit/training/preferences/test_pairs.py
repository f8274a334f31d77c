from pathlib import Path

import pytest

from data.examples import Example
from ocr.core.document import EngineOutput
from ocr.core.errors import DataError
from ocr.models.catalog import Model
from training.preferences.mining import cause_of, find_pairs, oppose
from training.preferences.pairs import Pair, read_pairs, weigh, write_pairs

PLAIN, JSON = Model(), Model(structured=True)
TRUTH = "Vistos, relatados e discutidos estes autos de apelação, acordam os magistrados em negar provimento."
LOOP = TRUTH + " nos termos do voto da relatora;" * 120


def example() -> Example:
    return Example("p1", "d1", 1, "p1.png", "0" * 64, 100, 100, "ruling", "composed", "none", text=TRUTH)


def read(text: str) -> EngineOutput:
    return EngineOutput("stop", text=text)


@pytest.mark.parametrize(
    ("text", "model", "cause"),
    [
        (TRUTH, PLAIN, None),
        (TRUTH.replace("apelação", "apelaçao"), PLAIN, None),
        (LOOP, PLAIN, "loop"),
        (TRUTH[:50], PLAIN, "omission"),
        (TRUTH + " Publique-se, registre-se e intime-se a parte vencida.", PLAIN, "invention"),
        (TRUTH, JSON, "schema"),
    ],
)
def test_what_is_wrong_with_a_reading(text: str, model: Model, cause: str | None) -> None:
    assert cause_of(TRUTH, read(text), model) == cause


def test_a_bad_reading_is_held_against_the_best_one(tmp_path: Path) -> None:
    good = TRUTH.replace("apelação", "apelaçao")
    pairs = list(find_pairs([example()], [(read(LOOP), read(good), read(LOOP), read(TRUTH[:40]))], tmp_path, PLAIN))
    assert [(pair.chosen, pair.cause, pair.origin) for pair in pairs] == [
        (good, "loop", "reading"),
        (good, "omission", "reading"),
    ]


def test_without_a_good_reading_the_truth_is_preferred(tmp_path: Path) -> None:
    (pair,) = find_pairs([example()], [(read(LOOP),)], tmp_path, PLAIN)
    assert (pair.chosen, pair.origin) == (TRUTH, "truth")


def test_only_an_answer_that_the_model_ended_has_an_end(tmp_path: Path) -> None:
    answers = read(LOOP), read(TRUTH[:40]), EngineOutput("length", text=TRUTH[:50])
    pairs = find_pairs([example()], [answers], tmp_path, PLAIN)
    assert [(len(pair.rejected), pair.ended) for pair in pairs] == [
        (2 * len(TRUTH) + 1000, False),
        (40, True),
        (50, False),
    ]


def test_a_page_that_is_read_well_gives_no_pair(tmp_path: Path) -> None:
    assert list(find_pairs([example()], [(read(TRUTH), read(TRUTH))], tmp_path, PLAIN)) == []


def test_pairs_come_back_as_they_went_and_bad_lines_are_named(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    pairs = [
        Pair("p1", "p1.png", "curto", "muito mais comprido", "loop", "truth"),
        Pair("p2", "p2.png", "ação", "a", "omission", "reading"),
    ]
    write_pairs(path, pairs)
    assert read_pairs(path) == pairs
    assert weigh(pairs).longer_rejected == 0.5
    path.write_text(path.read_text(encoding="utf-8") + '{"id": "p3"}\n', encoding="utf-8")
    with pytest.raises(DataError, match="line 3"):
        read_pairs(path)
    path.write_text("", encoding="utf-8")
    with pytest.raises(DataError, match="holds no pairs"):
        read_pairs(path)


@pytest.mark.parametrize(
    "failed", [EngineOutput("error", reason="too long"), EngineOutput("timeout"), EngineOutput("length")]
)
def test_what_the_engine_did_not_answer_is_nothing_to_learn_from(failed: EngineOutput) -> None:
    assert not list(oppose(TRUTH, [failed], JSON))
