"""trl's SFTTrainer with the joint objective: L = L_AR + weight x L_diff, both from one pass over two copies.

L_diff is the masked denoising loss in blocks with t ~ U[0, 1] and weight 1 / t, as in Nemotron-Labs
Diffusion, which takes the weight 0.3. Both losses are means over the tokens of the batch.
"""

from typing import Any

from ocr.core.environment import load
from ocr.core.errors import TrainingError
from training.joint.two_streams import IGNORED, StreamTokens, build_streams, dense_mask, flex_mask, spread_positions
from training.recipe import Joint

MASK_TOKENS = ("<|mask|>", "<|fim_pad|>", "<|quad_start|>")
"""Tokens that stand for a masked one, the first that the tokenizer has. None is written on a page. A token of the
vocabulary needs no new row of the embedding, which adapters could not train."""


def find_mask_token(tokenizer: Any) -> int:
    """Return the id of the token that stands for a masked one.

    Raises `TrainingError` for a tokenizer without any of `MASK_TOKENS`.
    """
    names = (tokenizer.mask_token, *MASK_TOKENS)
    known = tokenizer.get_vocab()
    for name in filter(None, names):
        if name in known:
            return int(known[name])
    raise TrainingError(
        f"the tokenizer has none of the tokens {', '.join(MASK_TOKENS)} to mask with",
        hint="train it without diffusion: --set objective=ar",
    )


def joint_trainer_class(joint: Joint) -> Any:
    """Return the trainer class; it is made here because its parent needs trl loaded."""
    trl = load("trl", extra="train")

    class JointTrainer(trl.SFTTrainer):  # type: ignore[misc, name-defined]
        def compute_loss(
            self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            tokens = self.processing_class.tokenizer
            streams = build_streams(
                inputs, joint.block, StreamTokens(find_mask_token(tokens), int(tokens.eos_token_id))
            )
            network = self.accelerator.unwrap_model(model)
            outputs = model(
                **shown(network, inputs, streams), shift_labels=streams.targets, fused_lm_head=True, use_cache=False
            )
            causal, diffusion = _losses(outputs.log_probs, streams, num_items_in_batch)
            self._metrics["train"]["loss_ar"].append(float(causal.detach()))
            self._metrics["train"]["loss_diffusion"].append(float(diffusion.detach()))
            loss = causal + joint.weight * diffusion
            if self.args.average_tokens_across_devices and num_items_in_batch is not None:
                loss = loss * self.accelerator.num_processes
            return (loss, outputs) if return_outputs else loss

    return JointTrainer


def count_answers(streams: Any) -> int:
    """Return the answer tokens of a batch."""
    return int(((streams.targets != IGNORED) & ~streams.layout.noisy).sum())


def _losses(log_probs: Any, streams: Any, items: Any) -> tuple[Any, Any]:
    """Return the mean loss of both copies; `items` counts the answer tokens of all batches of the step."""
    noisy, answer = streams.layout.noisy, count_answers(streams)
    share = answer / (items if items is not None else answer)
    causal = -(log_probs * ~noisy).sum() / answer
    diffusion = -(log_probs * streams.weights).sum() / (noisy & streams.layout.present).sum()
    return causal * share, diffusion * share


def shown(network: Any, inputs: dict[str, Any], streams: Any) -> dict[str, Any]:
    """Return the arguments of the model's forward pass: ids and mask of both copies, positions, and the image once."""
    # A peft model keeps the model that it adapts here.
    network = network.get_base_model() if hasattr(network, "get_base_model") else network
    flex = network.config.get_text_config()._attn_implementation == "flex_attention"
    return {
        "input_ids": streams.ids,
        "attention_mask": (flex_mask if flex else dense_mask)(streams.layout),
        "position_ids": spread_positions(_positions(network, inputs), streams.layout),
        **{name: inputs[name] for name in ("pixel_values", "image_grid_thw", "image_sizes") if name in inputs},
    }


def _positions(network: Any, inputs: dict[str, Any]) -> Any:
    """Return the positions of prompt and clean answer as the model family counts them: (3, R, T) or (R, T)."""
    if hasattr(network.model, "get_rope_index") and "mm_token_type_ids" in inputs:
        positions, _ = network.model.get_rope_index(
            inputs["input_ids"],
            inputs["mm_token_type_ids"],
            image_grid_thw=inputs["image_grid_thw"],
            attention_mask=inputs["attention_mask"],
        )
        return positions
    return (inputs["attention_mask"].cumsum(1) - 1).clamp(min=0)
