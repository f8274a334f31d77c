"""Train the built-in text recognizer: its ONNX graph as a torch module, CTC training, and the regression check."""
