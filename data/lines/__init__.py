"""Lines of text for the built-in recognizer: composed ones, and real ones of an archive."""

from data.lines.composer import HEIGHT, STRIDE, ComposedLine, LineComposer, LineConfig, fits, time_steps
from data.lines.texts import ALPHABET
from data.lines.wear import WEARS

__all__ = (
    "ALPHABET",
    "HEIGHT",
    "STRIDE",
    "WEARS",
    "ComposedLine",
    "LineComposer",
    "LineConfig",
    "fits",
    "time_steps",
)
