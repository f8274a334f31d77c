"""Passwords of encrypted files: for every file, and for files that match a pattern. They are never shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from ocr.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Passwords:
    """The passwords of a run. Their text stays out of `repr`, logs and messages."""

    general: tuple[str, ...] = field(default=(), repr=False)
    """Tried on every encrypted file, in this order."""
    by_pattern: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """(glob pattern, password): tried first on a file whose name or path matches the pattern."""

    def of(self, path: Path) -> tuple[str, ...]:
        """Return the passwords to try on a file, the most likely first, each once."""
        place = path.as_posix()
        matching = [
            password
            for pattern, password in self.by_pattern
            if fnmatchcase(path.name, pattern) or fnmatchcase(place, pattern) or fnmatchcase(place, f"*/{pattern}")
        ]
        return tuple(dict.fromkeys((*matching, *self.general)))


def make_passwords(given: str | Iterable[str] | Mapping[str, str] | None) -> Passwords:
    """Return the passwords of an API call: one, several, or a mapping of glob patterns to passwords."""
    if given is None:
        return Passwords()
    if isinstance(given, str):
        return Passwords((given,))
    if isinstance(given, Mapping):
        return Passwords(by_pattern=tuple(given.items()))
    return Passwords(tuple(given))


def read_passwords(file: Path) -> tuple[tuple[str, str], ...]:
    """Return the (glob pattern, password) pairs of a file: one a line, with a tab or the first comma between them.

    Empty lines and lines that begin with # are skipped. Raises `UsageError` that names the line, never its content.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as cause:
        reason = getattr(cause, "strerror", None) or "it is not UTF-8 text"
        raise UsageError(f"--passwords {file}: cannot be read: {reason}", hint="check the path") from cause
    pairs = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        pattern, separator, password = line.partition("\t" if "\t" in line else ",")
        if not separator or not pattern.strip() or not password:
            raise UsageError(
                f"--passwords {file}: line {number} is no pattern and password",
                hint="write a glob pattern, a comma and the password in each line, such as 2019*.pdf,PASSWORD",
            )
        pairs.append((pattern.strip(), password))
    return tuple(pairs)
