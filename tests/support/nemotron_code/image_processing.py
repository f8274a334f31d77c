import torch
from PIL import Image

SIDE, PATCH = 56, 28


def process_messages(tokenizer, messages, add_generation_prompt, enable_thinking):
    assert add_generation_prompt and not enable_thinking
    parts = [part for message in messages for part in message["content"]]
    path = next(part["image_url"]["url"] for part in parts if part["type"] == "image_url")
    with Image.open(path) as opened:
        picture = opened.convert("RGB").resize((SIDE, SIDE))
    pixels = torch.tensor(list(picture.tobytes()), dtype=torch.float32).reshape(1, SIDE, SIDE, 3).permute(0, 3, 1, 2)
    words = " ".join(part["text"] for part in parts if part["type"] == "text")
    image = [tokenizer.convert_tokens_to_ids("<|image_pad|>")] * (SIDE // PATCH) ** 2
    ids = torch.tensor([[*image, *tokenizer(words)["input_ids"]]])
    return {"input_ids": ids, "pixel_values": pixels / 255, "image_sizes": torch.tensor([[SIDE, SIDE]])}
