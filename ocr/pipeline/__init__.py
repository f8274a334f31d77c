"""The extraction pipeline: from scan files to documents."""
