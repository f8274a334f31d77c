import json
from pathlib import Path

import pytest

from ocr.core import files
from ocr.core.errors import EngineError, UsageError
from ocr.models import catalog
from ocr.models.catalog import ImageSize, Model
from ocr.models.prompts import PROMPTS


def test_every_model_of_the_table_is_whole() -> None:
    table = catalog.table()
    assert catalog.default_name() in table
    for name, model in table.items():
        assert model.name == name
        assert model.id.count("/") == 1
        assert model.prompt in PROMPTS
        assert not model.verified or model.revision != "main", f"{name}: verified, but not pinned"


def test_a_hub_id_outside_the_table_takes_the_defaults() -> None:
    model = catalog.resolve("organisation/some-reader")
    assert (model.id, model.revision, model.verified) == ("organisation/some-reader", "main", False)


@pytest.mark.parametrize(
    ("typed", "hint"), [("nanonets-ocr-3b", "nanonets-ocr2-3b"), ("zzz", "known: "), ("/no/x", "known")]
)
def test_an_unknown_name_is_refused_with_the_nearest(typed: str, hint: str) -> None:
    with pytest.raises(UsageError, match="no such model") as caught:
        catalog.resolve(typed)
    assert hint in caught.value.hint


def test_a_run_that_is_not_there_is_no_model_of_the_hub() -> None:
    with pytest.raises(UsageError, match="--model runs/dpo-9: there is no such run") as caught:
        catalog.resolve("runs/dpo-9")
    assert "ocr finetune" in caught.value.hint


def test_a_folder_is_asked_as_it_was_saved(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    trained = Model(
        prompt="page-json-1",
        structured=True,
        image=ImageSize(longest_edge=320),
        sampling={"temperature": 0.5},
        traps=['a "b"'],
    )
    catalog.save(trained, tmp_path)
    model = catalog.resolve(str(tmp_path))
    assert model.model_dump(exclude={"name", "id", "revision"}) == trained.model_dump(
        exclude={"name", "id", "revision"}
    )
    assert model.id == str(tmp_path.resolve())
    assert model.revision == files.hash_checkpoint(tmp_path)


def test_the_digest_follows_the_weights(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    (tmp_path / "model.safetensors").write_bytes(b"a" * 3_000_000)
    before = files.hash_checkpoint(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"a" * 2_999_999 + b"b")
    assert files.hash_checkpoint(tmp_path) != before


def test_an_adapter_folder_names_its_base(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "o/base"}), encoding="utf-8")
    model = catalog.resolve(str(tmp_path))
    assert (model.id, model.adapter) == ("o/base", str(tmp_path.resolve()))


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"config\.json"):
        catalog.resolve(str(tmp_path))


def test_an_unknown_prompt_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    (tmp_path / "reading.toml").write_text('prompt = "nonsense"', encoding="utf-8")
    with pytest.raises(UsageError, match="unknown prompt"):
        catalog.resolve(str(tmp_path))
