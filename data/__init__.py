"""Pages with known text: examples and their manifest, composed pages, real corpora, splits that cannot leak."""
