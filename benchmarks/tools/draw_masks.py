"""Draw which token sees which in training and in decoding: `python -m benchmarks.tools.draw_masks [TO]`.

The squares are those of the masks that the code makes: a prompt of three tokens, an answer in two blocks of four.
"""

from collections.abc import Sequence

import torch

from benchmarks.arguments import parse_positional
from benchmarks.paths import ROOT
from training.joint.two_streams import Layout, dense_mask

SQUARE, LEFT, TOP = 16, 96, 56
COLORS = {"prompt": "#8a8f98", "clean": "#1f5f8b", "noisy": "#b0763a"}
PROMPT, SIZE, BLOCKS = 3, 4, 2


def training_mask() -> tuple[list[str], list[list[bool]]]:
    """Return the kind of each token of both copies, and what it sees."""
    answer = SIZE * BLOCKS
    clean, noisy = PROMPT + answer, answer
    blocks = [-1] * PROMPT + [place // SIZE for place in range(answer)] * 2
    order = [*range(clean), *range(PROMPT, clean)]
    layout = Layout(
        noisy=torch.tensor([[False] * clean + [True] * noisy]),
        block=torch.tensor([blocks]),
        order=torch.tensor([order]),
        present=torch.ones(1, clean + noisy, dtype=torch.bool),
    )
    kinds = ["prompt"] * PROMPT + ["clean"] * answer + ["noisy"] * noisy
    return kinds, dense_mask(layout)[0, 0].tolist()


def decoding_mask(causal: bool) -> tuple[list[str], list[list[bool]]]:
    """Return the kinds of the cached tokens and of one block, and what the block sees."""
    cached = PROMPT + SIZE
    kinds = ["prompt"] * PROMPT + ["clean"] * SIZE + ["clean" if causal else "noisy"] * SIZE
    seen = [
        [key < cached or not causal or key - cached <= query for key in range(cached + SIZE)] for query in range(SIZE)
    ]
    return kinds, seen


def draw(title: str, kinds: Sequence[str], seen: Sequence[Sequence[bool]], left: int) -> list[str]:
    """Return one picture: a row for each query, a column for each key; filled where the query sees the key."""
    rows = kinds[-len(seen) :]
    parts = [f'<text x="{left}" y="22" font-size="14" fill="#222">{title}</text>']
    for column, kind in enumerate(kinds):
        x = left + column * SQUARE
        parts.append(f'<rect x="{x}" y="{TOP - 12}" width="{SQUARE - 1}" height="8" fill="{COLORS[kind]}"/>')
    for row, (kind, keys) in enumerate(zip(rows, seen, strict=True)):
        y = TOP + row * SQUARE
        parts.append(f'<rect x="{left - 12}" y="{y}" width="8" height="{SQUARE - 1}" fill="{COLORS[kind]}"/>')
        for column, sees in enumerate(keys):
            fill = COLORS[kinds[column]] if sees else "#f1f1f1"
            x = left + column * SQUARE
            parts.append(f'<rect x="{x}" y="{y}" width="{SQUARE - 1}" height="{SQUARE - 1}" fill="{fill}"/>')
    return parts


def main() -> None:
    to = parse_positional(__doc__, to=ROOT / "docs/assets/decoding-masks.svg").to
    pictures = (
        ("training: both copies in one pass", *training_mask()),
        ("draft: a block sees itself", *decoding_mask(causal=False)),
        ("verify: causal", *decoding_mask(causal=True)),
    )
    parts, left = [], LEFT
    for title, kinds, seen in pictures:
        parts += draw(title, kinds, seen, left)
        left += len(kinds) * SQUARE + 60
    height = TOP + 19 * SQUARE + 40
    legend = (("prompt and image", "prompt"), ("clean or drafted answer", "clean"), ("masked answer", "noisy"))
    for number, (words, kind) in enumerate(legend):
        x, y = LEFT + 190 * number, height - 22
        parts.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{COLORS[kind]}"/>')
        parts.append(f'<text x="{x + 18}" y="{y + 11}" font-size="13" fill="#222">{words}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{left}" height="{height}" font-family="sans-serif">'
    paper = f'<rect width="{left}" height="{height}" fill="white"/>'
    to.write_text("\n".join([head, paper, *parts, "</svg>\n"]), encoding="utf-8")


if __name__ == "__main__":
    main()
