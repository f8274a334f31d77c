"""What one hostile file is, and what must become of it; `hostile_files.CASES` is the table of them all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class HostileCase:
    """A scan that wants to be lost, or to do harm, and the states that its pages must end in."""

    name: str
    make: Callable[[Path], Path]
    """Makes the file in a folder and returns the path that a user would type."""
    pages: int = 1
    """Pages that the file is found to have; 0 where it cannot be opened."""
    bad: Mapping[int, str] = field(default_factory=dict)
    """Unreadable pages, and words of their reason. The others must come out."""
    problem: str = ""
    """Where `pages` is 0: words of the file's reason."""
    hint: str = ""
    """Words that the hint of the problem, or of every bad page, must hold."""
    password: str | None = None
    settings: Mapping[str, float] = field(default_factory=dict)
    """Fields of `RenderSettings` that differ from their defaults."""
    blank: bool = False
    """The good pages have nothing on them (elsewhere they must not be blank: lost ink would look just so)."""
    refused_by_name: bool = False
    """`discover` itself has the problem; the renderer is not asked."""

    @property
    def exit_code(self) -> int:
        """What `ocr extract` leaves with."""
        return 3 if self.problem or self.bad else 0


def file(name: str, content: Callable[[], bytes]) -> Callable[[Path], Path]:
    """A maker that writes one file."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content())
        return path

    return make
