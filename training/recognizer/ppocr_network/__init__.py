"""PP-OCRv6 recognition (small) as a torch module: its ONNX graph, its weights and its alphabet."""
