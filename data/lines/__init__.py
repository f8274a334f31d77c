"""Lines of text for the built-in recognizer: composed ones, and real ones of an archive."""

from data.lines.composer import HEIGHT, STRIDE, ComposedLine, LineComposer, LineConfig, fits, time_steps
from data.lines.folder import LineSet, RealLine, read_lines, write_lines
from data.lines.texts import ALPHABET
from data.lines.wear_kinds import WEARS

__all__ = (
    "ALPHABET",
    "HEIGHT",
    "STRIDE",
    "WEARS",
    "ComposedLine",
    "LineComposer",
    "LineConfig",
    "LineSet",
    "RealLine",
    "fits",
    "read_lines",
    "time_steps",
    "write_lines",
)
