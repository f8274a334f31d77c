"""Output formats: how a document becomes the bytes of a file. `ocr.formats.writers` lists them."""
