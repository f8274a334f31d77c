"""Proposals for places that could not be read: from a small text model, beside the text and never in it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command import run_ocr
from gap_engine import TEXT
from vision_pages import page as draw_page

from cli import main
from ocr.core.document import Attempt, EngineOutput, Gap, Page
from ocr.core.errors import EngineError, ExitCode
from ocr.formats.json_schema import document_from_json, to_json
from ocr.models import catalog
from ocr.pipeline.page_builder import build_page
from ocr.text.gap_proposals import GapFiller, cut, find_gaps, is_complete, still_there

torch = pytest.importorskip("torch", reason="the extra gpu is not installed")
transformers = pytest.importorskip("transformers", reason="the extra gpu is not installed")
pytest.importorskip("trl", reason="the extra train is not installed")

from training.trainer.tiny_model import TinyModelConfig, build_tokenizer  # noqa: E402

SENTENCE = "O Tribunal de Justiça negou provimento ao recurso do réu."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text model that has learned one sentence."""
    made: Path = tmp_path_factory.mktemp("text")
    tokenizer = build_tokenizer(TinyModelConfig(token_each_sign=True, vocabulary=270), [SENTENCE])
    torch.manual_seed(0)
    network = transformers.MistralForCausalLM(
        transformers.MistralConfig(
            vocab_size=320, hidden_size=48, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=2, head_dim=24, sliding_window=None,
        )
    )  # fmt: skip
    ids = torch.tensor([tokenizer(SENTENCE)["input_ids"]])
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3)
    for _ in range(100):
        optimizer.zero_grad()
        network(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
    network.save_pretrained(made)
    tokenizer.save_pretrained(made)
    return made


def run(words: list[str]) -> int:
    """Run the command in this process; return its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    return int(ended.value.code or 0)


def written(text: str) -> Attempt:
    return Attempt(EngineOutput("stop", text=text), "ok")


def test_the_model_proposes_what_it_knows(folder: Path) -> None:
    filler = GapFiller(str(folder))
    filler.load()
    word, letters = filler.fill(build_page(written(TEXT), 1))
    assert (word.mark, word.proposals[0].text) == ("[ilegível]", "Justiça")
    assert (letters.mark, letters.proposals[0].text) == ("\ufffd\ufffd", "ur")
    for gap in (word, letters):
        shares = [proposal.probability for proposal in gap.proposals]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 1.001


def test_the_text_stays_and_a_moved_place_loses_its_proposals(folder: Path) -> None:
    filler = GapFiller(str(folder))
    filler.load()
    attempt = written(TEXT)
    gaps = filler.fill(build_page(attempt, 1))
    page = build_page(replace(attempt, generation=replace(attempt.generation, gaps=gaps)), 1)
    assert page.text == TEXT
    assert page.gaps == gaps
    assert still_there(gaps, replace(page, text="x" + TEXT)) == ()


def test_extract_writes_proposals_in_a_field_of_their_own(folder: Path, tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(draw_page(1).pixels).save(tmp_path / "scan.png")
    engine = ["--engine", "gap_engine:create", "--to", str(tmp_path / "out")]
    assert run(["extract", str(tmp_path / "scan.png"), *engine, "--fill-gaps", str(folder), "--quiet"]) == ExitCode.OK
    file = next((tmp_path / "out").glob("scan*.json"))
    values = json.loads(file.read_text(encoding="utf-8"))
    (page,) = values["pages"]
    assert "[ilegível]" in page["text"]
    assert "Justiça" not in page["text"]
    assert page["gaps"][0]["proposals"][0]["text"] == "Justiça"
    assert document_from_json(values).pages[0].gaps[0].field == "text"
    assert run(["verify", str(tmp_path / "out")]) == ExitCode.OK


def test_a_page_without_gaps_is_written_as_before() -> None:
    page: dict[str, Any] = to_json(build_page(written("Publique-se."), 1))
    assert "gaps" not in page


def test_a_model_with_code_of_its_own_needs_a_yes() -> None:
    with pytest.raises(EngineError, match="needs the Python code") as refused:
        GapFiller("nemotron-labs-diffusion-3b")
    assert "--trust-code" in refused.value.hint
    allowed = catalog.resolve("nemotron-labs-diffusion-3b").revision
    assert GapFiller("nemotron-labs-diffusion-3b", allowed).model.text_only


def test_an_unknown_text_model_is_named_with_its_own_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["extract", "samples", "--fill-gaps", "nothing-like-it"])
    assert left.value.code == ExitCode.USAGE
    assert "--fill-gaps nothing-like-it: no such model" in capsys.readouterr().err


def test_every_mark_is_found() -> None:
    page = Page(1, "ok", header="\ufffd. 3", text="a [Ilegivel] b \ufffd\ufffd")
    assert [(gap.field, gap.start, gap.mark) for gap in find_gaps(page)] == [
        ("header", 0, "\ufffd"), ("text", 2, "[Ilegivel]"), ("text", 15, "\ufffd\ufffd"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mark", "text", "inside", "whole", "kept"),
    [
        ("[ilegível]", " Jus", False, False, "Jus"),
        ("[ilegível]", " Justiça ne", False, True, "Justiça"),
        ("\ufffd\ufffd", "urso", True, True, "ur"),
        ("\ufffd\ufffd", " ur", True, True, ""),
        ("\ufffd\ufffd", "u", True, False, ""),
    ],
)
def test_a_continuation_is_cut_to_its_place(mark: str, text: str, inside: bool, whole: bool, kept: str) -> None:
    gap = Gap("text", 0, mark)
    assert is_complete(text, gap) is whole
    assert cut(text, gap, inside=inside) == kept


def test_a_wrong_language_is_refused_before_a_model_is_asked_for(tmp_path: Path) -> None:
    words = ("extract", "a.png", "--lang", "en", "--fill-gaps", "nemotron-labs-diffusion-3b")
    done = run_ocr(*words, "--to", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 2
    assert "reads Portuguese only" in done.stderr and "code" not in done.stderr
