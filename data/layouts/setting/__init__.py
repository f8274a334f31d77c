"""Set text, tables and boxes with the shipped fonts' own measures, without drawing."""
