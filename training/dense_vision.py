"""Vision attention over a whole batch at once, for models that are small next to their overhead.

transformers runs the attention of Qwen2.5-VL's vision tower image by image (outside FlashAttention). On a CPU and
with lines of text, that loop costs more than the arithmetic. Where all images of a batch are of one size, the same
numbers come from one dense call.
"""

from typing import Any

from ocr.lazy import load


def attend_densely(model: Any) -> None:
    """Make every vision attention layer of a Qwen2.5-VL `model` take equal images together; others as before."""
    for block in model.model.visual.blocks:
        _replace(block.attn)


def _replace(attention: Any) -> None:
    torch = load("torch", extra="train")
    modeling = load("transformers.models.qwen2_5_vl.modeling_qwen2_5_vl", extra="train")
    one_by_one = attention.forward

    def forward(hidden_states: Any, cu_seqlens: Any, position_embeddings: Any = None, **others: Any) -> Any:
        lengths = cu_seqlens[1:] - cu_seqlens[:-1]
        if not bool((lengths == lengths[0]).all()):
            return one_by_one(hidden_states, cu_seqlens=cu_seqlens, position_embeddings=position_embeddings, **others)
        images, patches = len(lengths), int(lengths[0])
        query, key, value = (
            attention.qkv(hidden_states).reshape(images * patches, 3, attention.num_heads, -1).permute(1, 0, 2, 3)
        )
        query, key = modeling.apply_rotary_pos_emb_vision(query, key, *position_embeddings)
        query, key, value = (
            part.reshape(images, patches, attention.num_heads, -1).transpose(1, 2) for part in (query, key, value)
        )
        mixed = torch.nn.functional.scaled_dot_product_attention(query, key, value, scale=attention.scaling)
        return attention.proj(mixed.transpose(1, 2).reshape(images * patches, -1))

    attention.forward = forward
