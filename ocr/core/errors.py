"""Expected failures: each has an exit code, a message, and a hint that says what to type next.

One root class, one subclass per exit code. Raise them `from` their cause, with the file and page in the message;
`cli.main` is the one place that turns them into `error:` and `hint:` lines and an exit status.
docs/reference/exit-codes.md is generated from this module.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of `ocr`."""

    OK = 0
    """Every page is ok, blank, or skipped by `--pages`. Kept: everything."""
    BUG = 1
    """A fault of lusocr itself. The traceback belongs in the bug report. Kept: every finished page."""
    USAGE = 2
    """The command line or a settings file asks for something that does not exist; or another engine would read a
    folder again without being asked to. Kept: nothing was begun."""
    PAGES_FAILED = 3
    """The run finished, but a file could not be opened, or a page is unreadable, failed, or refused. Kept: every other
    page."""
    DATA = 4
    """A data set is wrong: a bad manifest row, a leak between training and test. Kept: nothing was begun."""
    DEPENDENCY = 5
    """A package or program is missing; the hint installs it. Kept: nothing was begun."""
    ENGINE = 6
    """The engine does not load, or died for good. Kept: every finished page."""
    TRAINING = 7
    """A training stage cannot start or cannot go on. Kept: the last checkpoint."""
    OUTPUT = 8
    """The output folder cannot be written, is in use, is damaged, or holds a file that lusocr did not write. Kept:
    every finished page."""
    PAGES_UNREAD = 9
    """`ocr verify`: pages are not read yet, as after a run that was stopped. Kept: every other page."""
    PAGES_FLAGGED = 10
    """With `--strict`: pages are degenerate, truncated, or flagged. Kept: everything."""
    GATE = 11
    """A regression check failed. Kept: everything."""
    INTERRUPTED = 130
    """Ctrl-C or SIGTERM. A second Ctrl-C stops at once. Kept: every finished page."""


class OcrError(Exception):
    """An expected failure. `message` says what and where, `hint` says what to type next."""

    exit_code: ExitCode = ExitCode.BUG

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(OcrError):
    """The command line or a settings file asks for something that does not exist."""

    exit_code = ExitCode.USAGE


class ScanError(OcrError):
    """A scan or a page of it cannot be opened or rendered. Extraction records the failure and continues."""

    exit_code = ExitCode.PAGES_FAILED


class LockedScanError(ScanError):
    """A scan is encrypted, and no password or a wrong one was given."""


class DataError(OcrError):
    """A data set is wrong: a bad manifest row, a leak between splits, test-only pages in training."""

    exit_code = ExitCode.DATA


class DependencyError(OcrError):
    """A package or program is missing; the hint installs it."""

    exit_code = ExitCode.DEPENDENCY


class EngineError(OcrError):
    """An engine does not load, ran out of memory, or died.

    `retryable` is True if a restart of the engine may fix it (a killed engine process), else False.
    """

    exit_code = ExitCode.ENGINE

    def __init__(self, message: str, *, hint: str = "", retryable: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.retryable = retryable


class TrainingError(OcrError):
    """A training stage cannot start or continue."""

    exit_code = ExitCode.TRAINING


class OutputError(OcrError):
    """The output folder cannot be written, is locked by another run, or is not ours to overwrite."""

    exit_code = ExitCode.OUTPUT


class GateError(OcrError):
    """A quality check failed."""

    exit_code = ExitCode.GATE
