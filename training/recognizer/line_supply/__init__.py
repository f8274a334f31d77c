"""Supply lines to the trainer: composing processes, chunk files, an archive's own lines, batches."""
