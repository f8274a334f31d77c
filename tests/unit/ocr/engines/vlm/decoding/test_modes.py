import pytest

from ocr.core.errors import EngineError, ExitCode, UsageError
from ocr.engines.vlm import openai_server, vllm
from ocr.engines.vlm.decoding.modes import (
    DecodingSettings,
    check_decoding,
    describe_decoding,
    modes_of,
    parse_mode,
)
from ocr.engines.vlm.request import describe
from ocr.models.catalog import Diffusion, Model
from ocr.pipeline.options import ExtractSettings

PLAIN = Model(name="plain", id="plain")
JOINT = Model(name="joint", id="joint", diffusion=Diffusion(mask=5, block=16), max_tokens=64)


def test_a_model_without_masks_has_the_causal_modes_alone() -> None:
    assert modes_of(PLAIN) == ("ar", "verify:rapid")
    assert modes_of(JOINT) == ("ar", "diffusion", "self-speculation", "verify:rapid")
    with pytest.raises(EngineError, match="plain was not trained to fill in masked tokens") as refused:
        check_decoding(DecodingSettings(mode="self-speculation"), PLAIN)
    assert refused.value.exit_code == ExitCode.ENGINE
    assert refused.value.hint.startswith("its modes: ar, verify:rapid; ")
    for mode in modes_of(JOINT):
        check_decoding(DecodingSettings(mode=mode), JOINT)


def test_numbers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UsageError, match=r"decoding\.block: 65 tokens are more than the budget of 64") as large:
        check_decoding(DecodingSettings(mode="diffusion", block=65), JOINT)
    assert "--set decoding.block=32" in large.value.hint
    with pytest.raises(UsageError, match=r"decoding\.block without a decoding mode"):
        check_decoding(DecodingSettings(block=8), JOINT)


def test_unknown_modes_are_said_with_the_nearest_one() -> None:
    assert parse_mode(" diffusion ") == "diffusion"
    with pytest.raises(UsageError, match="--decoding self-speculate: no such mode") as near:
        parse_mode("self-speculate")
    assert near.value.hint == "did you mean self-speculation?"
    with pytest.raises(UsageError) as far:
        parse_mode("zzz")
    assert far.value.hint == "modes: ar, diffusion, self-speculation, verify:rapid"


def test_the_fingerprint_names_the_mode_only_where_the_text_may_differ() -> None:
    plain = describe("transformers", "transformers", JOINT)
    for mode in ("", "ar", "self-speculation", "verify:rapid"):
        settings = DecodingSettings.model_validate({"mode": mode, "block": 4})
        assert describe("transformers", "transformers", JOINT, describe_decoding(settings, JOINT)) == plain
    diffusion = describe_decoding(DecodingSettings(mode="diffusion"), JOINT)
    assert diffusion["decoding"]["block"] == 16, "the block of its training"
    assert describe("transformers", "transformers", JOINT, diffusion) != plain


def test_other_engines_refuse_a_mode_and_say_what_to_type() -> None:
    decoding = {"decoding": {"mode": "self-speculation"}}
    for create, options in ((vllm.create, {}), (openai_server.create, {"url": "http://host:8000/v1"})):
        with pytest.raises(EngineError, match="--decoding self-speculation: the engine ") as refused:
            create({**options, **decoding})
        assert refused.value.hint.startswith("--engine transformers has every mode")


def test_settings_hand_the_decoding_to_the_engine() -> None:
    assert ExtractSettings(options={"model": "m"}).engine_options == {"model": "m"}
    settings = ExtractSettings.model_validate({"options": {"model": "m"}, "decoding": {"mode": "ar", "block": 4}})
    assert settings.engine_options == {"model": "m", "decoding": {"mode": "ar", "block": 4}}
