"""Import corpora and annotation formats as examples."""
