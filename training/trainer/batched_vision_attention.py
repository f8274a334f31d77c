"""Vision attention in few calls, and a frozen vision tower without a backward pass.

transformers runs the attention of Qwen2.5-VL's vision tower in one call for each image, and in most layers for each
window of 112 pixels (outside FlashAttention). A page of 1.4 megapixels has 117 windows, and every call costs more than
its arithmetic. The replacements here compute the same numbers.
"""

from collections import Counter
from typing import Any

from ocr.core.environment import load

TOWERS = ("visual", "vision_tower", "vision_encoder")
"""Names that model families give to the vision tower."""


def attend_densely(model: Any) -> None:
    """Make every vision attention layer of a Qwen2.5-VL `model` take the images of a batch in one call.

    Shorter images are padded to the longest, and nothing attends to the padding. This is for models that are small next
    to the cost of a call. It also turns fused attention off for this process: PyTorch's fused kernel is slow for short
    sequences in bfloat16 on a CPU. Forward and backward of 64 lines took 58 ms a layer, the plain products 16 ms.
    """
    # Named after CUDA, the switch also holds for the kernel of the CPU.
    load("torch", extra="train").backends.cuda.enable_flash_sdp(False)
    if not hasattr(model.model, "visual"):  # a family whose tower takes a batch in one call
        return
    for block in model.model.visual.blocks:
        block.attn.forward = _Attention(block.attn, _attend_padded)
    _embed_by_product(model.model.visual.patch_embed)


def _embed_by_product(embedding: Any) -> None:
    """Compute the patch embedding as one matrix product.

    It is a convolution whose kernel is the whole patch. Backward, PyTorch takes ten times as long for the convolution:
    5.4 s of a step of 16 s on one busy core.
    """

    def forward(patches: Any) -> Any:
        """Return (patches, width) for (patches, pixels of a patch)."""
        layer = embedding.proj
        linear = load("torch", extra="train").nn.functional.linear
        return linear(patches.to(layer.weight.dtype), layer.weight.flatten(1), layer.bias)

    embedding.forward = forward


def spare_frozen_tower(model: Any) -> bool:
    """Run the vision tower of `model` without gradients where none of its weights is trained; return whether it is so.

    Adapters on the language model need no gradient of the tower. transformers computes it all the same, because it
    marks the tower's input for checkpointing, and then runs every layer of the tower a second time.
    """
    torch = load("torch", extra="train")
    tower = next((part for name, part in model.named_modules() if name.rpartition(".")[2] in TOWERS), None)
    if tower is None or any(weight.requires_grad for weight in tower.parameters()):
        return False
    run = tower.forward

    def forward(*inputs: Any, **options: Any) -> Any:
        for part in tower.modules():
            if getattr(part, "gradient_checkpointing", False):
                part.gradient_checkpointing = False
        with torch.no_grad():
            return run(*inputs, **options)

    tower.forward = forward
    return True


def attend_by_length(model: Any) -> None:
    """Make every vision attention layer of a Qwen2.5-VL take all windows (or images) of one length in one call.

    A page has windows of at most four lengths. Nothing is padded or masked, so that fused kernels stay usable. Other
    model families have no windows and stay as they are, as does a layer that FlashAttention serves.
    """
    for part in model.modules():
        if type(part).__name__ == "Qwen2_5_VLVisionAttention" and "flash" not in part.config._attn_implementation:
            part.forward = _Attention(part, _attend_grouped)


class _Attention:
    """The forward pass of one vision attention layer, with another way to attend within its sequences."""

    def __init__(self, layer: Any, attend: Any) -> None:
        self._layer = layer
        self._attend = attend
        self._rotate = load(
            "transformers.models.qwen2_5_vl.modeling_qwen2_5_vl", extra="train"
        ).apply_rotary_pos_emb_vision

    def __call__(self, hidden_states: Any, cu_seqlens: Any, position_embeddings: Any = None, **_: Any) -> Any:
        """Return (patches, width), as transformers does; `cu_seqlens` are the borders of the sequences."""
        projected = self._layer.qkv(hidden_states).reshape(len(hidden_states), 3, self._layer.num_heads, -1)
        query, key, value = projected.unbind(1)
        query, key = self._rotate(query, key, *position_embeddings)
        mixed = self._attend((query, key, value), cu_seqlens, self._layer.scaling)
        return self._layer.proj(mixed.reshape(len(hidden_states), -1))


def _attend_padded(parts: tuple[Any, Any, Any], borders: Any, scale: float) -> Any:
    """Attend within all sequences in one call. Each part is (patches, heads, width of a head)."""
    torch = load("torch", extra="train")
    lengths = borders[1:] - borders[:-1]
    # (sequences, longest): True where there is a patch, in the order in which patches follow each other.
    present = torch.arange(int(lengths.max()), device=lengths.device) < lengths[:, None]
    filled = [part.new_zeros(*present.shape, *part.shape[1:]) for part in parts]
    for whole, part in zip(filled, parts, strict=True):
        whole[present] = part
    mask = None if bool(present.all()) else present[:, None, None, :]
    return _attend(filled, scale, mask)[present]


def _attend_grouped(parts: tuple[Any, Any, Any], borders: Any, scale: float) -> Any:
    """Attend within the sequences of each length in one call. Each part is (patches, heads, width of a head)."""
    torch = load("torch", extra="train")
    lengths = borders[1:] - borders[:-1]
    groups = Counter(lengths.tolist())
    if len(groups) == 1:
        whole = [part.unflatten(0, (len(lengths), -1)) for part in parts]
        return _attend(whole, scale).flatten(0, 1)
    mixed = torch.empty_like(parts[0])
    for length in groups:
        starts = borders[:-1][lengths == length]
        places = starts[:, None] + torch.arange(length, device=starts.device)
        mixed[places] = _attend([part[places] for part in parts], scale)
    return mixed


def _attend(parts: list[Any], scale: float, mask: Any = None) -> Any:
    """Attend within sequences of one length: (sequences, patches, heads, width) in and out."""
    torch = load("torch", extra="train")
    turned = (part.transpose(1, 2) for part in parts)
    return torch.nn.functional.scaled_dot_product_attention(*turned, attn_mask=mask, scale=scale).transpose(1, 2)
