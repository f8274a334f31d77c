"""Generate Portuguese text: grammar, identifiers, and values that agree."""
