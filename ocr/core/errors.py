"""Every failure that lusocr expects: an exit code, a message, and a hint that says what to type next.

One root, one subclass per exit code. Raise them `from` their cause, with the file and page in the message;
`cli.main` is the one place that turns them into `error:` and `hint:` lines and an exit status.
docs/reference/exit-codes.md describes each code and is held to this module by a test.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a finished `ocr` process says about its work."""

    OK = 0
    BUG = 1
    USAGE = 2
    PAGES_FAILED = 3
    DATA = 4
    DEPENDENCY = 5
    ENGINE = 6
    TRAINING = 7
    OUTPUT = 8
    PAGES_FLAGGED = 10
    GATE = 11
    INTERRUPTED = 130


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
    """A scan or a page of it cannot be opened or rendered. Extraction records it and goes on."""

    exit_code = ExitCode.PAGES_FAILED


class DataError(OcrError):
    """A data set is wrong: a bad manifest row, a leak between splits, test-only pages in training."""

    exit_code = ExitCode.DATA


class DependencyError(OcrError):
    """A package or program is missing; the hint installs it."""

    exit_code = ExitCode.DEPENDENCY


class EngineError(OcrError):
    """An engine does not load, ran out of memory, or died.

    `retryable` is True when a fresh start of the engine may mend it (a killed engine process), False when it will not.
    """

    exit_code = ExitCode.ENGINE

    def __init__(self, message: str, *, hint: str = "", retryable: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.retryable = retryable


class TrainingError(OcrError):
    """A training stage cannot start or cannot go on."""

    exit_code = ExitCode.TRAINING


class OutputError(OcrError):
    """The output folder cannot be written, is locked by another run, or is not ours to overwrite."""

    exit_code = ExitCode.OUTPUT


class GateError(OcrError):
    """A quality gate said no."""

    exit_code = ExitCode.GATE
