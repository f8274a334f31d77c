"""Access one SQLite file through one thread, with commits in groups.

A commit costs a disk flush on some file systems, so changes wait for company: up to 64 of them, or 100 milliseconds.
A change's future is done when the change is on the disk: it survives a killed process, and a power cut.
"""

import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from ocr.core.environment import file_system
from ocr.core.errors import OutputError
from ocr.core.files import is_full

Value = TypeVar("Value")
Work = Callable[[sqlite3.Connection], Any]
Group = list[tuple["Future[Any]", Any]]
"""Changes that wait for the next commit, each with its result."""

GROUP_SIZE: Final = 64
GROUP_SECONDS: Final = 0.1

# File systems on which SQLite's write-ahead log works: it needs shared memory, which a network share does not have.
LOCAL_FILE_SYSTEMS: Final = frozenset(
    {
        "bcachefs",
        "btrfs",
        "ext2",
        "ext3",
        "ext4",
        "f2fs",
        "overlay",
        "ramfs",
        "tmpfs",
        "xfs",
        "zfs",
    }
)


# What changes raise: besides SQLite's errors, those for values that it cannot hold. Every caller must get a result.
FAILURES: Final = (sqlite3.Error, MemoryError, ValueError, TypeError, ArithmeticError, LookupError)


class _Call(NamedTuple):
    work: Work
    future: "Future[Any]"
    changes: bool
    now: bool


class Database:
    """A SQLite file whose calls run in order on its own thread. Close it, or the last group of changes is lost."""

    def __init__(self, file: Path | None, migrations: Sequence[str], *, repair: str = "") -> None:
        """Open or create `file` (None: a private temporary one) and bring it to the newest schema.

        `repair` is what to type when the file is damaged. `migrations` are SQL scripts, oldest first; SQLite's
        user_version counts those that were run. Raises `OutputError` when the file is damaged, newer than this
        program, or cannot be written.
        """
        self._file = file
        self._repair = repair
        self._failure: OutputError | None = None
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        try:
            self._connection = self._open(migrations)
        except (sqlite3.Error, OSError) as cause:
            raise self._explain(cause) from cause
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def ask(self, work: Callable[[sqlite3.Connection], Value]) -> Value:
        """Return the result of `work`, which only reads; it sees changes that are not committed yet."""
        answer: Value = self._submit(work, changes=False, now=False).result()
        return answer

    def change(self, work: Work, *, now: bool = False) -> Future[Any]:
        """Run `work`, which changes rows; the future is done when it is committed. `now` commits at once."""
        return self._submit(work, changes=True, now=now)

    def close(self) -> None:
        """Commit what is waiting and close; safe to call twice. Raises `OutputError` if something was not saved."""
        if self._thread.is_alive():
            self._calls.put(None)
            self._thread.join()
            self._connection.close()
        if self._failure is not None:
            raise self._failure

    def _open(self, migrations: Sequence[str]) -> sqlite3.Connection:
        if self._file is not None:
            # Created here first: only the owner may read page text, and SQLite gives its log the same mode.
            os.close(os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(self._file or "", isolation_level=None, check_same_thread=False)
        local = self._file is not None and file_system(self._file) in LOCAL_FILE_SYSTEMS
        connection.execute(f"PRAGMA journal_mode = {'WAL' if local else 'DELETE'}")
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(migrations):
            raise OutputError(
                f"{self._file} was made by a newer lusocr (schema {version})", hint="pip install --upgrade lusocr"
            )
        for number, script in enumerate(migrations[version:], start=version + 1):
            connection.executescript(f"BEGIN; {script}; PRAGMA user_version = {number}; COMMIT")
        return connection

    def _submit(self, work: Work, *, changes: bool, now: bool) -> "Future[Any]":
        if self._failure is not None:
            raise self._failure
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()  # A caller that stops waiting does not cancel the change.
        self._calls.put(_Call(work, future, changes, now))
        return future

    def _run(self) -> None:
        running = True
        while running:
            group: Group = []
            running = self._gather(group)
            self._commit(group)

    def _gather(self, group: Group) -> bool:
        """Perform calls until `group` should be committed; return False once the database is to be closed."""
        deadline: float | None = None
        while len(group) < GROUP_SIZE:
            try:
                call = self._calls.get(timeout=None if deadline is None else max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return True
            if call is None:
                return False
            self._perform(call, group)
            if call.now:
                return True
            if group and deadline is None:
                deadline = time.monotonic() + GROUP_SECONDS
        return True

    def _perform(self, call: _Call, group: Group) -> None:
        try:
            if self._failure is not None:
                raise self._failure
            if call.changes and not self._connection.in_transaction:
                self._connection.execute("BEGIN IMMEDIATE")
            answer = call.work(self._connection)
        except OutputError as known:
            call.future.set_exception(known)
        except FAILURES as cause:
            call.future.set_exception(self._fail(cause, group) if call.changes else self._explain(cause))
        else:
            if call.changes:
                group.append((call.future, answer))
            else:
                call.future.set_result(answer)

    def _commit(self, group: Group) -> None:
        try:
            if self._connection.in_transaction and self._failure is None:
                self._connection.execute("COMMIT")
        except FAILURES as cause:
            self._fail(cause, group)
        for future, answer in group:
            future.set_result(answer)

    def _fail(self, cause: Exception, group: Group) -> OutputError:
        """Save nothing from now on; return the error, which every waiting and every later call gets."""
        self._failure = self._explain(cause)
        for future, _ in group:
            future.set_exception(self._failure)
        group.clear()
        if self._connection.in_transaction:
            with suppress(*FAILURES):  # On a full disk this may fail too; what is not committed is lost either way.
                self._connection.execute("ROLLBACK")
        return self._failure

    def _explain(self, cause: Exception) -> OutputError:
        """Return an `OutputError` for an error of SQLite or the system, with a hint."""
        words = cause.strerror or str(cause) if isinstance(cause, OSError) else str(cause)
        # The low byte of SQLite's code is the primary one.
        code = (getattr(cause, "sqlite_errorcode", None) or 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return OutputError(f"the ledger {self._file} is damaged: {words}", hint=self._repair)
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR) or (isinstance(cause, OSError) and is_full(cause)):
            return OutputError(
                f"the ledger {self._file} cannot grow: {words}", hint="free some space and run the same command again"
            )
        return OutputError(
            f"the ledger {self._file} cannot be used: {words}",
            hint="choose a folder that you can write with --to DIR",
        )
