"""Measure composed pages: realism, diversity, correctness of their reference text, speed."""
