"""Tags of the text layer: what each stretch of it is (paragraph, heading, list, table), as a structure tree."""
