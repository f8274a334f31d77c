"""Engines by name, what they can do, and the identity under which a folder records them."""

from collections.abc import Mapping
from typing import Any

import pytest

from ocr.core.document import EngineIdentity
from ocr.core.errors import UsageError
from ocr.engines.base import Capabilities, Engine, capabilities_of, create, identity_of
from ocr.engines.fake import FakeEngine
from ocr.rendering.renderer import RenderSettings


def test_an_engine_without_capabilities_has_the_defaults() -> None:
    engine: Engine = FakeEngine()
    del engine.capabilities  # as plug-ins that are older than the attribute
    assert capabilities_of(engine) == Capabilities(generates_text=False, renders=False, model=None)


@pytest.mark.parametrize("name", ["server", "transformers", "vllm"])
def test_engines_that_ask_a_model_say_so(name: str) -> None:
    engine = create(name, {"url": "http://localhost:1/v1"} if name == "server" else {})
    capabilities = capabilities_of(engine)
    assert capabilities.generates_text
    assert capabilities.model is not None


@pytest.mark.parametrize(("inner", "generates"), [("ocr.engines.fake:create", False), ("transformers", True)])
def test_a_cluster_can_do_what_its_engine_can_and_renders(inner: str, generates: bool) -> None:
    for draw in (True, False):
        capabilities = capabilities_of(create("ray", {"engine": inner, "draw": draw}))
        assert (capabilities.generates_text, capabilities.renders) == (generates, draw)


def test_the_identity_holds_how_pages_are_rendered() -> None:
    identity = identity_of(FakeEngine(), RenderSettings(dpi=150, pdf="poppler"))
    assert identity == EngineIdentity("fake", "fake of 12 words at 150 dpi by poppler")
    assert identity.digest == "3d643d2244ec5b7f"


def test_an_unknown_engine_is_named_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match="unknown engine 'rapit'") as caught:
        create("rapit", {})
    assert "did you mean rapid?" in caught.value.hint


def test_a_plug_in_that_cannot_be_imported_is_named() -> None:
    with pytest.raises(UsageError, match="cannot be imported"):
        create("no_such_module:create", {})


def test_a_plug_in_gets_its_options() -> None:
    given: Mapping[str, Any] = {"words": 6}
    assert create("ocr.engines.fake:create", given).fingerprint == "fake of 6 words"
