"""Portuguese text: identifiers, corrections, hyphenation and cross-checks."""
