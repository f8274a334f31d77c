"""Train the fast detector: network, trainer, regression check and runs, `ocr finetune --part fast-detector`."""
