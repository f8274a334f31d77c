"""Vision attention over a whole batch at once, for models that are small next to their overhead.

transformers runs the attention of Qwen2.5-VL's vision tower image by image (outside FlashAttention). On a CPU and
with lines of text, that loop costs more than the arithmetic. The same numbers come from one dense call over images
filled up to the longest, whose filling nothing attends to. And PyTorch's fused attention is slow for short sequences in
bfloat16 on a CPU: forward and backward of 64 lines took 58 ms a layer, the plain products 16 ms.
"""

from typing import Any

from ocr.core.environment import load


def attend_densely(model: Any) -> None:
    """Make every vision attention layer of a Qwen2.5-VL `model` take the images of a batch together.

    Turns fused attention off for this process.
    """
    # Named after CUDA, it holds for the CPU's fused kernel as well.
    load("torch", extra="train").backends.cuda.enable_flash_sdp(False)
    for block in model.model.visual.blocks:
        _replace(block.attn)


def _replace(attention: Any) -> None:
    torch = load("torch", extra="train")
    modeling = load("transformers.models.qwen2_5_vl.modeling_qwen2_5_vl", extra="train")

    def forward(hidden_states: Any, cu_seqlens: Any, position_embeddings: Any = None, **_: Any) -> Any:
        projected = attention.qkv(hidden_states).reshape(len(hidden_states), 3, attention.num_heads, -1)
        query, key, value = projected.unbind(1)
        query, key = modeling.apply_rotary_pos_emb_vision(query, key, *position_embeddings)
        lengths = cu_seqlens[1:] - cu_seqlens[:-1]
        # (images, longest): True where there is a patch, in the order in which patches lie one behind the other.
        present = torch.arange(int(lengths.max()), device=lengths.device) < lengths[:, None]
        filled = [part.new_zeros(*present.shape, *part.shape[1:]) for part in (query, key, value)]
        for whole, part in zip(filled, (query, key, value), strict=True):
            whole[present] = part
        mask = None if bool(present.all()) else present[:, None, None, :]
        mixed = torch.nn.functional.scaled_dot_product_attention(
            *(whole.transpose(1, 2) for whole in filled), attn_mask=mask, scale=attention.scaling
        )
        return attention.proj(mixed.transpose(1, 2)[present].reshape(len(hidden_states), -1))

    attention.forward = forward
