"""Decode scan files: one module for each kind of decoder; all of them run in the render child."""
