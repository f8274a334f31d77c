"""A drafter's adapter is trained on the noisy copy alone, and learns what the model itself writes."""

import copy
import random
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the extra train is not installed")
transformers = pytest.importorskip("transformers", reason="the extra train is not installed")
peft = pytest.importorskip("peft", reason="the extra train is not installed")

from training.joint.drafter_training import (  # noqa: E402
    TARGETS,
    accepted_and_next,
    act_on_drafts,
    drafting_loss,
    mask_whole_blocks,
)
from training.joint.two_streams import (  # noqa: E402
    IGNORED,
    Streams,
    StreamTokens,
    build_streams,
    dense_mask,
    spread_positions,
)

TOKENS = StreamTokens(mask=1, end=2)


def batch(seed: int) -> dict[str, Any]:
    ids = torch.randint(3, 20, (2, 12), generator=torch.Generator().manual_seed(seed))
    labels = ids.clone()
    labels[:, :4] = IGNORED
    return {"input_ids": ids, "labels": labels, "attention_mask": torch.ones_like(ids)}


def show(shown: dict[str, Any], streams: Streams) -> dict[str, Any]:
    positions = spread_positions(shown["attention_mask"].cumsum(1) - 1, streams.layout)
    return {"input_ids": streams.ids, "attention_mask": dense_mask(streams.layout), "position_ids": positions}


class Whole(torch.nn.Module):  # type: ignore[misc, name-defined]
    """A language model under the name that it has in a vision-language model."""

    def __init__(self) -> None:
        super().__init__()
        self.language_model = transformers.MistralForCausalLM(
            transformers.MistralConfig(
                vocab_size=32, hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
                num_key_value_heads=2, head_dim=8, sliding_window=None,
            )
        )  # fmt: skip

    def forward(self, **arguments: Any) -> Any:
        return self.language_model(**arguments)


def test_the_first_token_of_a_block_is_shown_and_all_others_are_masked() -> None:
    torch.manual_seed(0)
    streams = mask_whole_blocks(build_streams(batch(0), 4, TOKENS), TOKENS.mask)
    noisy, block = streams.layout.noisy, streams.layout.block
    for row in range(2):
        places = [place for place in range(noisy.shape[1]) if noisy[row, place]]
        for before, place in zip([None, *places], places, strict=False):
            opens = before is None or bool(block[row, before] != block[row, place])
            assert (int(streams.ids[row, place]) != TOKENS.mask) is opens


@pytest.mark.parametrize("seed", range(20))
def test_a_block_counts_up_to_its_first_rejected_token(seed: int) -> None:
    luck = random.Random(seed)
    inside = [luck.random() < 0.8 for _ in range(30)]
    inside[0] = False
    right = [luck.random() < 0.6 for _ in range(30)]
    expected, going = [], False
    for place in range(30):
        if not inside[place]:
            going = True
            expected.append(False)
            continue
        expected.append(going)
        going = going and right[place]
    found = accepted_and_next(torch.tensor([right]), torch.tensor([inside]))
    assert found[0].tolist() == expected


def test_the_adapter_learns_to_draft_and_nothing_else_moves() -> None:
    torch.manual_seed(0)
    network = Whole()
    before = copy.deepcopy(network.state_dict())
    streams = mask_whole_blocks(build_streams(batch(1), 4, TOKENS), TOKENS.mask)
    with torch.no_grad():
        plain = network(**show(batch(1), streams)).logits
    first = float(drafting_loss(plain, streams.layout))
    adapted = peft.get_peft_model(network, peft.LoraConfig(r=4, lora_alpha=64, target_modules=TARGETS))
    places = act_on_drafts(adapted)
    optimizer = torch.optim.AdamW([part for part in adapted.parameters() if part.requires_grad], lr=2e-2)
    for seed in range(30):
        drawn = mask_whole_blocks(build_streams(batch(seed), 4, TOKENS), TOKENS.mask)
        places.noisy = drawn.layout.noisy[..., None]
        optimizer.zero_grad()
        drafting_loss(adapted(**show(batch(seed), drawn)).logits, drawn.layout).backward()
        optimizer.step()
    places.noisy = streams.layout.noisy[..., None]
    with torch.no_grad():
        hooked = adapted(**show(batch(1), streams)).logits
    noisy = streams.layout.noisy
    length = int((~noisy[0]).sum())
    assert torch.equal(hooked[:, :length], plain[:, :length]), "the clean copy does not see the adapter"
    assert not torch.equal(hooked[:, length:], plain[:, length:])
    assert float(drafting_loss(hooked, streams.layout)) < first
    kept = {
        name.replace("base_model.model.", "").replace(".base_layer", ""): value
        for name, value in adapted.state_dict().items()
    }
    assert all(torch.equal(kept[name], value) for name, value in before.items())
