"""Train the network that decides the structure of pages: `ocr finetune --part layout`."""
