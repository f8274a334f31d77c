"""The network of the structure of pages in torch, and its weights as the reader's numpy code wants them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ocr.core.errors import DataError
from ocr.layout.learned.structure_network import HEADS, LINK_INPUTS, RELATIONS

Pair = tuple[Tensor, Tensor]
Array = NDArray[np.generic]


class Layer(nn.Module):  # type: ignore[misc]
    """One layer of messages along links. See `ocr.layout.learned.structure_network`."""

    def __init__(self, size: int, message: int, link: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(size), nn.LayerNorm(size)
        self.a, self.b, self.c = nn.Linear(size, message), nn.Linear(size, message), nn.Linear(link, message)
        self.score, self.out = nn.Linear(message, HEADS), nn.Linear(message, size)
        self.page, self.link = nn.Linear(size, size), nn.Linear(message, link)
        self.ff1, self.ff2 = nn.Linear(size, 2 * size), nn.Linear(2 * size, size)

    def forward(self, state: Pair, links: Pair, pages: Pair) -> Pair:
        (h, e), (neighbors, real), (page_of, sizes) = state, links, pages
        x = self.norm1(h)
        message = torch.relu(self.a(x)[:, None] + self.b(x)[neighbors] + self.c(e))
        weight = torch.where(real, self.score(message), -30.0).softmax(dim=1)
        count, around, size = message.shape
        heads = message.view(count, around, HEADS, size // HEADS)
        gathered = (heads * weight[..., None]).sum(dim=1).view(count, size)
        means = torch.zeros(len(sizes), x.shape[1]).index_add(0, page_of, x) / sizes[:, None]
        h = h + self.out(gathered) + self.page(means)[page_of]
        h = h + self.ff2(torch.relu(self.ff1(self.norm2(h))))
        return h, e + self.link(message)


class StructureNetwork(nn.Module):  # type: ignore[misc]
    """Says field and role of each piece, and the relations of each piece to its neighbors."""

    def __init__(
        self, inputs: int, outputs: tuple[int, int], shape: tuple[int, int, int, int] = (96, 64, 32, 4)
    ) -> None:
        """`outputs` are the numbers of fields and roles; `shape` the sizes of piece, message and link, and layers."""
        super().__init__()
        size, message, link, layers = shape
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("scale", torch.ones(inputs))
        self.nodes, self.links = nn.Linear(inputs, size), nn.Linear(LINK_INPUTS, link)
        self.norm, self.last = nn.LayerNorm(size), nn.LayerNorm(size)
        self.layers = nn.ModuleList(Layer(size, message, link) for _ in range(layers))
        self.from_, self.to_, self.pair = nn.Linear(size, message), nn.Linear(size, message), nn.Linear(link, message)
        self.relations = nn.Linear(message, len(RELATIONS))
        self.fields, self.roles = nn.Linear(size, outputs[0]), nn.Linear(size, outputs[1])

    def forward(
        self, nodes: Tensor, inputs: Tensor, neighbors: Tensor, page_of: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits of fields (n, f), roles (n, r) and relations (n, NEIGHBORS, relations) of a batch of pages."""
        sizes = torch.bincount(page_of).float()
        real = (neighbors != torch.arange(len(nodes))[:, None])[..., None]
        h = self.norm(self.nodes((nodes - self.mean) / self.scale))
        e = torch.relu(self.links(inputs))
        for layer in self.layers:
            h, e = layer((h, e), (neighbors, real), (page_of, sizes))
        h = self.last(h)
        pair = torch.relu(self.from_(h)[:, None] + self.to_(h)[neighbors] + self.pair(e))
        return self.fields(h), self.roles(h), self.relations(pair)


def weights_of(module: StructureNetwork) -> dict[str, Array]:
    """Return the arrays that `run_network` reads, in half precision."""
    arrays: dict[str, Array] = {"layers": np.array(len(module.layers))}
    for name, value in module.state_dict().items():
        array = value.detach().numpy()
        kind = np.float16 if "." in name else np.float32
        arrays[_key_of(name)] = (array.T if _is_linear(name, array) else array).astype(kind)
    return arrays


def load_weights(module: StructureNetwork, arrays: Mapping[str, Array]) -> None:
    """Set the weights of a network from the arrays of `weights_of`. Raises `DataError` where they do not fit."""
    try:
        state = {}
        for name, value in module.state_dict().items():
            array = np.asarray(arrays[_key_of(name)], np.float32)
            state[name] = torch.from_numpy(np.ascontiguousarray(array.T if _is_linear(name, value) else array))
        module.load_state_dict(state)
    except (KeyError, RuntimeError) as cause:
        raise DataError(f"the weights of the base do not fit the network: {cause}", hint="--base rules") from cause


_RENAMED = {"norm": "nodes.norm", "from_": "from", "to_": "to"}


def _key_of(name: str) -> str:
    """Return the name of an array from that of a parameter."""
    owner, _, kind = name.rpartition(".")
    owner = owner.replace("layers.", "layer")
    return f"{_RENAMED.get(owner, owner)}.{kind}" if owner else kind


def _is_linear(name: str, value: Any) -> bool:
    return name.endswith(".weight") and value.ndim == 2
