"""The mask of both streams against its definition, word by word, and what the noisy copy holds."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the extra train is not installed")

from training.joint.two_streams import (  # noqa: E402
    IGNORED,
    StreamTokens,
    build_streams,
    dense_mask,
    spread_positions,
)

TOKENS = StreamTokens(mask=98, end=99)
rows = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 9)), min_size=1, max_size=3)


def make_batch(lengths: list[tuple[int, int]]) -> dict[str, "torch.Tensor"]:
    """Rows of a prompt and an answer of so many tokens, padded on the right as trl's collator pads them."""
    longest = max(map(sum, lengths))
    ids = torch.zeros(len(lengths), longest, dtype=torch.long)
    present, labels = torch.zeros_like(ids), torch.full_like(ids, IGNORED)
    for row, (prompt, answer) in enumerate(lengths):
        ids[row, : prompt + answer] = torch.arange(1, prompt + answer + 1)
        present[row, : prompt + answer] = 1
        labels[row, prompt : prompt + answer] = ids[row, prompt : prompt + answer]
    return {"input_ids": ids, "attention_mask": present, "labels": labels}


@settings(max_examples=25, deadline=None)
@given(lengths=rows, size=st.integers(1, 6), seed=st.integers(0, 99))
def test_the_mask_is_its_definition(lengths: list[tuple[int, int]], size: int, seed: int) -> None:
    torch.manual_seed(seed)
    batch = make_batch(lengths)
    streams = build_streams(batch, size, TOKENS)
    clean, layout = batch["input_ids"].shape[1], streams.layout
    mask = dense_mask(layout)[:, 0]
    for row, (prompt, answer) in enumerate(lengths):
        whole = int(layout.present[row, clean:].sum())
        blocks = layout.block[row, clean : clean + whole].tolist()
        assert all(later - earlier in (0, 1) for earlier, later in itertools.pairwise(blocks))
        assert whole >= answer
        assert all(blocks.count(block) == size for block in set(blocks) - {0})

        def may(query: int, key: int, prompt: int = prompt, answer: int = answer, blocks: list[int] = blocks) -> bool:
            """The definition: a place below `clean` is of the clean copy, one from there on of the noisy copy."""
            if query < clean:
                return key <= query
            if key >= clean:
                return blocks[query - clean] == blocks[key - clean]
            return key < prompt or (key < prompt + answer and blocks[key - prompt] < blocks[query - clean])

        real = [*range(prompt + answer), *range(clean, clean + whole)]
        wanted = [[may(query, key) for key in real] for query in real]
        assert mask[row][real][:, real].tolist() == wanted
        padding = [place for place in range(mask.shape[-1]) if place not in real]
        assert not mask[row][real][:, padding].any()
        assert mask[row].any(-1).all(), "attention over nothing is not a number"


@settings(max_examples=25, deadline=None)
@given(lengths=rows, size=st.integers(1, 6), seed=st.integers(0, 99))
def test_the_noisy_copy_hides_tokens_and_asks_for_them(lengths: list[tuple[int, int]], size: int, seed: int) -> None:
    torch.manual_seed(seed)
    batch = make_batch(lengths)
    streams = build_streams(batch, size, TOKENS)
    clean = batch["input_ids"].shape[1]
    assert (streams.ids[:, :clean] == batch["input_ids"]).all()
    for row, (prompt, answer) in enumerate(lengths):
        whole = int(streams.layout.present[row, clean:].sum())
        truth = [*batch["input_ids"][row, prompt : prompt + answer].tolist(), *[TOKENS.end] * (whole - answer)]
        for place, right in enumerate(truth, clean):
            shown, target, weight = (part[row, place] for part in (streams.ids, streams.targets, streams.weights))
            hidden = bool(weight > 0)
            assert shown == (TOKENS.mask if hidden else right)
            assert target == (right if hidden else IGNORED)
            assert not hidden or weight >= 1
        following = [*batch["labels"][row, 1:].tolist(), IGNORED]
        assert streams.targets[row, :clean].tolist() == following
        assert not streams.weights[row, :clean].any()


def test_the_weights_make_every_token_count_alike() -> None:
    """Of a token that is masked with probability t and weighted 1 / t, the mean weight is 1."""
    torch.manual_seed(0)
    streams = build_streams(make_batch([(1, 64)] * 600), 4, TOKENS)
    used = streams.layout.noisy & streams.layout.present
    assert abs(float(streams.weights[used].mean()) - 1) < 0.1
    assert 0.45 < float((streams.weights[used] > 0).float().mean()) < 0.55


def test_noisy_tokens_stand_where_the_clean_ones_do() -> None:
    torch.manual_seed(1)
    batch = make_batch([(3, 5), (2, 2)])
    streams = build_streams(batch, 4, TOKENS)
    clean = torch.tensor([[0, 1, 2, 10, 11, 12, 13, 14], [0, 1, 20, 21, 0, 0, 0, 0]])
    noisy = spread_positions(clean.expand(3, -1, -1), streams.layout)[..., 8:]
    for row, first in enumerate((10, 20)):
        count = int(streams.layout.present[row, 8:].sum())
        assert noisy[:, row, :count].tolist() == [list(range(first, first + count))] * 3
