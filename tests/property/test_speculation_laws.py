"""Whatever the block, the batch and the order of pages: drafting and verifying writes the tokens of `ar`."""

import copy
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the extra gpu is not installed")
transformers = pytest.importorskip("transformers", reason="the extra gpu is not installed")
pytest.importorskip("trl", reason="the extra train is not installed")

from PIL import Image  # noqa: E402

from ocr.engines.vlm.decoding.batch_decoder import BatchDecoder, make_step  # noqa: E402
from ocr.engines.vlm.decoding.modes import DecodingSettings  # noqa: E402
from ocr.engines.vlm.decoding.page_network import PageNetwork  # noqa: E402
from ocr.engines.vlm.decoding.page_row import PageRow, RowSettings  # noqa: E402
from ocr.models.catalog import Diffusion, Model  # noqa: E402
from training.trainer.tiny_model import ARCHITECTURES, build, smallest  # noqa: E402

BUDGET, PAGES = 24, 16
MODEL = Model(name="tiny", id="tiny", diffusion=Diffusion(mask=5, block=8))
law = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class Reader:
    """A model and prompts of different lengths, with what transformers itself writes for each of the first ones."""

    network: Any
    prompts: list[dict[str, Any]]
    ends: frozenset[int]
    greedy: list[list[int]]
    drafter: bool = False

    def write(self, pages: Sequence[int], mode: str, **numbers: Any) -> tuple[list[PageRow], PageNetwork]:
        """Write pages in one batch; one joins after each step. Return their rows in the order of `pages`."""
        changes = {"mode": mode, **numbers}
        drafts = changes.pop("drafts", None)
        network = PageNetwork(self.network, drafter=self.drafter)
        decoder = BatchDecoder(network, make_step(DecodingSettings.model_validate(changes), MODEL))
        rows = []
        with torch.inference_mode():
            for page in pages:
                propose = drafts(self.greedy[page]) if drafts else None
                rows.append(decoder.join(self.prompts[page], RowSettings(BUDGET, self.ends, propose=propose)))
                decoder.step()
            for _ in count():
                if not decoder.rows:
                    return rows, network
                decoder.step()
        return None


@pytest.fixture(scope="module", params=ARCHITECTURES)
def reader(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    folder: Path = tmp_path_factory.mktemp("tiny")
    build(folder, smallest(architecture=request.param, hidden=64, vocabulary=320, gain=4.0), seed=3)
    processor = transformers.AutoProcessor.from_pretrained(folder)
    network = transformers.AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    noise = torch.Generator().manual_seed(0)
    prompts = []
    for number in range(PAGES):
        size = (56 + 32 * (number % 3), 64 + 32 * (number % 2), 3)
        image = Image.fromarray(torch.randint(256, size, dtype=torch.uint8, generator=noise).numpy())
        content = [{"type": "image"}, {"type": "text", "text": "leia " * (number % 4)}]
        prompt = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        prompts.append(dict(processor(text=[prompt], images=[image], return_tensors="pt")))
    ends = frozenset(network.generation_config.eos_token_id)
    with torch.inference_mode():
        written = [network.generate(**each, max_new_tokens=BUDGET, do_sample=False) for each in prompts]
    greedy = [ids[0, each["input_ids"].shape[1] :].tolist() for ids, each in zip(written, prompts, strict=True)]
    # The third token of the first page is an end token, so that some page ends inside a block.
    return Reader(network, prompts, ends | {greedy[0][2]}, [_cut(ids, ends | {greedy[0][2]}) for ids in greedy])


@pytest.fixture(scope="module")
def adapted(reader: Reader) -> Reader:
    """The same model with a drafter's adapter by lot."""
    peft = pytest.importorskip("peft", reason="the extra train is not installed")
    torch.manual_seed(1)
    values = peft.LoraConfig(r=4, lora_alpha=16, target_modules=r".*language_model.*o_proj", init_lora_weights=False)
    network = peft.get_peft_model(copy.deepcopy(reader.network), values).eval()
    return replace(reader, network=network, drafter=True)


def _cut(ids: list[int], ends: frozenset[int]) -> list[int]:
    stop = next((place + 1 for place, token in enumerate(ids) if token in ends), len(ids))
    return ids[:stop]


def spoilt(truth: list[int], seed: int, share: float) -> Any:
    """A draft that follows `truth`, with a share of its tokens wrong."""
    luck = random.Random(seed)
    draft = [token if luck.random() >= share else 7 for token in truth]
    return lambda ids, most: draft[len(ids) : len(ids) + most]


orders = st.lists(st.integers(0, PAGES - 1), min_size=1, max_size=4)


@law
@given(pages=orders, block=st.integers(1, 64))
def test_self_speculation_writes_the_tokens_of_ar(reader: Reader, pages: list[int], block: int) -> None:
    rows, network = reader.write(pages, "self-speculation", block=block)
    assert [row.ids for row in rows] == [reader.greedy[page] for page in pages]
    assert network.pictures == len(pages), "an image goes through the vision tower once"
    if block == 1:
        assert [row.passes for row in rows] == [len(row.ids) for row in rows]


@law
@given(pages=orders, block=st.integers(2, 64))
def test_an_adapter_that_drafts_changes_no_token(adapted: Reader, pages: list[int], block: int) -> None:
    rows, _ = adapted.write(pages, "self-speculation", block=block)
    assert [row.ids for row in rows] == [adapted.greedy[page] for page in pages]


def test_an_adapter_is_used_while_drafting_alone(reader: Reader, adapted: Reader) -> None:
    # A copy, as the adapted one is: weights that lie otherwise in memory are summed in another order.
    networks = [PageNetwork(copy.deepcopy(reader.network)), PageNetwork(adapted.network, drafter=True)]
    with torch.inference_mode():
        prompt, alone = (network.join(reader.prompts[0])[1] for network in networks)
        assert torch.equal(prompt, alone)
        for causal in (False, True):
            plain, drafted = (network.run([[4, 5, 5]], causal=causal) for network in networks)
            assert torch.equal(plain, drafted) is causal


@law
@given(pages=orders, block=st.integers(1, 64), share=st.sampled_from((0.0, 0.1, 0.5, 1.0)), seed=st.integers(0, 9))
def test_any_draft_is_verified_without_loss(
    reader: Reader, pages: list[int], block: int, share: float, seed: int
) -> None:
    rows, _ = reader.write(pages, "verify:rapid", block=block, drafts=lambda truth: spoilt(truth, seed, share))
    assert [row.ids for row in rows] == [reader.greedy[page] for page in pages]
    if share == 0.0:
        # The prompt's pass writes one token, and each other one a whole block.
        assert [row.passes for row in rows] == [1 + -(-(len(row.ids) - 1) // block) for row in rows]


@law
@given(pages=orders, block=st.integers(2, 24))
def test_diffusion_that_commits_nothing_by_confidence_writes_a_token_a_pass(
    reader: Reader, pages: list[int], block: int
) -> None:
    rows, _ = reader.write(pages, "diffusion", block=block, threshold=1.0, steps=block)
    for row in rows:
        assert row.passes == len(row.ids) or row.finish == "stop"
    ones, _ = reader.write(pages, "diffusion", block=1)
    assert [row.ids for row in ones] == [reader.greedy[page] for page in pages], "a block of one is ar"


@law
@given(pages=st.permutations(range(4)), block=st.integers(2, 16), threshold=st.sampled_from((0.0, 0.1, 0.9)))
def test_the_order_of_pages_does_not_matter(reader: Reader, pages: list[int], block: int, threshold: float) -> None:
    alone = {page: reader.write([page], "diffusion", block=block, threshold=threshold, steps=3)[0][0] for page in pages}
    together, _ = reader.write(pages, "diffusion", block=block, threshold=threshold, steps=3)
    assert [row.ids for row in together] == [alone[page].ids for page in pages]
    assert [row.passes for row in together] == [alone[page].passes for page in pages]


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(1, PAGES + 1))
def test_every_block_and_batch_writes_the_tokens_of_ar(reader: Reader, batch: int) -> None:
    for block in range(1, 65):
        rows, _ = reader.write(range(batch), "self-speculation", block=block)
        assert [row.ids for row in rows] == reader.greedy[:batch]
