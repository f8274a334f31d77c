"""One stage of a recognizer, from recipe to promotion: `ocr finetune --part recognizer`."""
