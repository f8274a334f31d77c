"""The ledger: a SQLite file that records every page of an output folder, for resume, output files and verification.

The key of a page is the SHA-256 of its scan, its page number and the engine's fingerprint, never a path: two copies of
a file are read once, a renamed file is not read again, a replaced one is. The raw engine output is kept beside the page
that was built from it, so a new layout reads no page again. Durations, dates and host names are kept here only.
"""

import sqlite3
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from ocr.core.document import FINAL, LOST, Attempt, EngineIdentity, EngineOutput, Page, Source, Status, text_of
from ocr.storage.sqlite import Database

MIGRATIONS = (
    """
    CREATE TABLE engines (id INTEGER PRIMARY KEY, name TEXT NOT NULL, fingerprint TEXT NOT NULL UNIQUE);
    CREATE TABLE folder (key TEXT PRIMARY KEY, value NOT NULL);
    CREATE TABLE runs (id INTEGER PRIMARY KEY, version TEXT NOT NULL, host TEXT NOT NULL, started REAL NOT NULL);
    CREATE TABLE files (
        path TEXT PRIMARY KEY, sha256 TEXT NOT NULL, pages INTEGER NOT NULL, reason TEXT NOT NULL, run INTEGER NOT NULL,
        place TEXT NOT NULL
    );
    CREATE INDEX files_by_content ON files (sha256);
    CREATE INDEX files_by_place ON files (place);
    CREATE TABLE pages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        sha256 TEXT NOT NULL, number INTEGER NOT NULL, engine INTEGER NOT NULL REFERENCES engines,
        status TEXT NOT NULL, flags INTEGER NOT NULL, arrangement TEXT NOT NULL, page BLOB NOT NULL, generation BLOB,
        attempts INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
        seconds REAL NOT NULL, run INTEGER NOT NULL, recorded REAL NOT NULL,
        UNIQUE (sha256, number, engine)
    );
    CREATE TABLE attempts (
        sha256 TEXT NOT NULL, number INTEGER NOT NULL, engine INTEGER NOT NULL REFERENCES engines,
        attempt INTEGER NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, finish TEXT NOT NULL,
        text BLOB NOT NULL, length INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL,
        completion_tokens INTEGER NOT NULL, seconds REAL NOT NULL, run INTEGER NOT NULL
    );
    CREATE INDEX attempts_by_page ON attempts (sha256, number, engine);
    CREATE TABLE outputs (
        path TEXT PRIMARY KEY, source TEXT NOT NULL, format TEXT NOT NULL,
        sha256 TEXT NOT NULL, previous TEXT NOT NULL, stamp TEXT NOT NULL
    );
    """,
)

WORST_STATUSES: tuple[Status, ...] = ("failed", "unreadable", "refused", "degenerate", "truncated")
"""Statuses of pages that a person must look at, the worst first."""
REJECTED_BYTES = 64 * 1024
"""Bytes that are kept of a rejected attempt's text: enough to show a repetition."""
_CHUNK = 64
_SHARED_LETTERS = 40
"""First letters of a scan's path that all of its outputs have, also where a long name is cut."""
_COLUMNS = (
    *("sha256", "number", "engine", "status", "flags", "arrangement", "page", "generation"),
    *("attempts", "prompt_tokens", "completion_tokens", "seconds", "run", "recorded"),
)
_INTO_PAGES = f"INTO pages ({', '.join(_COLUMNS)})"
_PAGE_VALUES = f"VALUES ({', '.join('?' * len(_COLUMNS))})"
_PAGE = TypeAdapter(Page)
_GENERATION = TypeAdapter(EngineOutput)


@dataclass(frozen=True, slots=True)
class Entry:
    """The record of one page: the page, the engine output it was built from, and the rejected attempts."""

    page: Page
    generation: EngineOutput | None = None
    rejected: tuple[Attempt, ...] = ()
    arrangement: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """An output file: its path in the folder, its scan, and the SHA-256 of its content now and before."""

    path: str
    source: str
    format: str
    sha256: str
    previous: str = ""
    stamp: str = ""
    """Changes whenever the pages or the name in the file change."""


class Ledger:
    """The tables of one output folder. `begin` a run before anything is recorded."""

    def __init__(self, file: Path | None, *, repair: str = "") -> None:
        """Open or create the ledger; None makes a temporary one for this process. Raises `OutputError`.

        `repair` is the command to type if the file is damaged.
        """
        self._database = Database(file, MIGRATIONS, repair=repair)
        row = self._one("SELECT value FROM folder WHERE key = 'engine'")
        self._engine = row[0] if row else 0
        self._run = 0

    def close(self) -> None:
        """Save pending changes. Raises `OutputError` if something could not be saved."""
        self._database.close()

    # The run and its engine

    def begin(self, identity: EngineIdentity, *, version: str, host: str) -> None:
        """Start a run with this engine. It becomes the engine of the folder with `adopt`, or if there was none."""

        def work(connection: sqlite3.Connection) -> tuple[int, int]:
            connection.execute(
                "INSERT OR IGNORE INTO engines (name, fingerprint) VALUES (?, ?)", (identity.name, identity.fingerprint)
            )
            query = "SELECT id FROM engines WHERE fingerprint = ?"
            (engine,) = connection.execute(query, (identity.fingerprint,)).fetchone()
            connection.execute("INSERT OR IGNORE INTO folder VALUES ('engine', ?)", (engine,))
            connection.execute("DELETE FROM files WHERE sha256 = ''")
            insert = "INSERT INTO runs (version, host, started) VALUES (?, ?, ?)"
            return engine, connection.execute(insert, (version, host, time.time())).lastrowid or 0

        self._engine, self._run = self._database.change(work, now=True).result()

    def adopt(self) -> None:
        """Make the engine of this run that of the folder, once it has loaded or is not needed."""
        self._change("INSERT OR REPLACE INTO folder VALUES ('engine', ?)", (self._engine,))

    def engine(self) -> EngineIdentity | None:
        """Return the engine of this run, or else the one that the folder was last read with."""
        row = self._one("SELECT name, fingerprint FROM engines WHERE id = ?", (self._engine,))
        return EngineIdentity(*row) if row else None

    def remember(self, key: str, value: str) -> None:
        """Keep a fact about the folder, such as the engine that was typed."""
        self._change("INSERT OR REPLACE INTO folder VALUES (?, ?)", (key, value))

    def recall(self, key: str) -> str:
        """Return a fact that `remember` kept, or ""."""
        row = self._one("SELECT value FROM folder WHERE key = ?", (key,))
        return str(row[0]) if row else ""

    # Files

    def add_file(self, source: Source, place: str = "") -> None:
        """Record a file that this run has seen; `place` is its absolute path, which no output shows."""
        row = (source.path, source.sha256, source.pages, source.reason, self._run, place)
        self._change("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)", row)

    def name_at(self, place: str) -> str | None:
        """Return the name under which the file at this place was last seen."""
        row = self._one("SELECT path FROM files WHERE place = ?", (place,))
        return None if row is None else str(row[0])

    def holder(self, name: str) -> tuple[str, str] | None:
        """Return (place, SHA-256) of the file with this name."""
        row = self._one("SELECT place, sha256 FROM files WHERE path = ?", (name,))
        return None if row is None else (row[0], row[1])

    def copies(self, sha256: str) -> list[Source]:
        """Return every file that was seen with this content, in any run."""
        query = "SELECT path, sha256, pages, reason FROM files WHERE sha256 = ? ORDER BY path"
        return [Source(*row) for row in self._all(query, (sha256,))]

    def files(self) -> Iterator[Source]:
        """Yield every file that was ever seen in this folder, by path."""
        query = "SELECT path, sha256, pages, reason FROM files WHERE path > ? ORDER BY path LIMIT ?"
        last = ""
        while rows := self._all(query, (last, _CHUNK)):
            yield from (Source(*row) for row in rows)
            last = rows[-1][0]

    def page_count(self, sha256: str) -> int | None:
        """Return the page count of this content if it was opened before."""
        row = self._one("SELECT pages FROM files WHERE sha256 = ? AND reason = ''", (sha256,))
        return None if row is None else int(row[0])

    # Pages

    def record(self, sha256: str, entry: Entry) -> "Future[Any]":
        """Record one page and replace its older record; the future is done when it is saved."""
        page, generation = entry.page, entry.generation
        raw = None if generation is None else _packed(_GENERATION.dump_json(generation))
        spent = [attempt.generation for attempt in entry.rejected] + ([generation] if generation else [])
        row = (
            *(sha256, page.number, self._engine, page.status, len(page.flags), entry.arrangement),
            *(_packed(_PAGE.dump_json(page)), raw, len(spent)),
            sum(one.prompt_tokens for one in spent),
            sum(one.completion_tokens for one in spent),
            sum(one.seconds for one in spent),
            *(self._run, time.time()),
        )
        rejected = [
            (sha256, page.number, self._engine, number, *_rejected(attempt), self._run)
            for number, attempt in enumerate(entry.rejected, start=1)
        ]

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(f"INSERT OR REPLACE {_INTO_PAGES} {_PAGE_VALUES}", row)
            connection.executemany("INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rejected)

        return self._database.change(work)

    def skip(self, sha256: str, numbers: list[int]) -> None:
        """Record pages that were not asked for and have no record yet."""
        pages = [Page(number, "skipped") for number in numbers]
        started = (None, 0, 0, 0, 0, self._run, time.time())
        rows = [
            (sha256, page.number, self._engine, page.status, 0, "", _packed(_PAGE.dump_json(page)), *started)
            for page in pages
        ]
        insert = f"INSERT OR IGNORE {_INTO_PAGES} {_PAGE_VALUES}"
        self._database.change(lambda connection: connection.executemany(insert, rows))

    def states(self, sha256: str) -> dict[int, Status]:
        """Return status by page number, of the pages of a scan that have a record."""
        query = "SELECT number, status FROM pages WHERE sha256 = ? AND engine = ?"
        return dict(self._all(query, (sha256, self._engine)))

    def outdated(self, sha256: str, arrangement: str) -> Iterator[tuple[Page, EngineOutput]]:
        """Yield pages that an older layout built, with the engine output that they were built from."""
        query = (
            "SELECT page, generation FROM pages WHERE sha256 = ? AND engine = ?"
            " AND arrangement != ? AND generation IS NOT NULL ORDER BY number LIMIT ?"
        )
        while rows := self._all(query, (sha256, self._engine, arrangement, 1)):
            yield from ((_page(page), _GENERATION.validate_json(zlib.decompress(raw))) for page, raw in rows)

    def rejections(self) -> Iterator[tuple[list[str], str, Entry]]:
        """Yield (places, SHA-256, entry) of every accepted page that has rejected attempts."""
        query = (
            "SELECT sha256, number, page, generation FROM pages WHERE engine = ? AND status = 'ok'"
            " AND generation IS NOT NULL AND (sha256, number, engine) IN (SELECT sha256, number, engine FROM attempts)"
            " ORDER BY sha256, number"
        )
        of_page = (
            "SELECT status, finish, text FROM attempts WHERE sha256 = ? AND number = ? AND engine = ? ORDER BY run"
        )
        for sha256, number, page, raw in self._all(query, (self._engine,)):
            places = [row[0] for row in self._all("SELECT place FROM files WHERE sha256 = ? ORDER BY path", (sha256,))]
            rejected = tuple(
                Attempt(EngineOutput(finish, text=text.decode("utf-8", "ignore")), status)
                for status, finish, text in self._all(of_page, (sha256, number, self._engine))
            )
            yield places, sha256, Entry(_page(page), _GENERATION.validate_json(zlib.decompress(raw)), rejected)

    def rearrange(self, sha256: str, page: Page, arrangement: str) -> None:
        """Replace a page that was built again from the same engine output."""
        # A new row has a new id, which makes outputs out of date (see `stamp`).
        changed: dict[str, Any] = {"status": page.status, "flags": len(page.flags), "arrangement": arrangement}
        changed["page"] = _packed(_PAGE.dump_json(page))
        columns = ", ".join("?" if column in changed else column for column in _COLUMNS)
        insert = f"INSERT OR REPLACE {_INTO_PAGES} SELECT {columns} FROM pages"
        key = (sha256, page.number, self._engine)
        self._change(f"{insert} WHERE sha256 = ? AND number = ? AND engine = ?", (*changed.values(), *key))

    def pages(self, sha256: str, first: int = 1) -> Iterator[Page]:
        """Yield the pages of a scan from number `first` on, in order, a few in memory at a time."""
        query = "SELECT number, page FROM pages WHERE sha256 = ? AND engine = ? AND number >= ? ORDER BY number LIMIT ?"
        while rows := self._all(query, (sha256, self._engine, first, _CHUNK)):
            yield from (_page(blob) for _, blob in rows)
            first = rows[-1][0] + 1

    def worst_pages(self, limit: int, *, this_run: bool = False, lost: bool = True) -> list[tuple[str, Page]]:
        """Return (path of the file, page) of flagged pages, the worst first, and with `lost` of lost pages too.

        The order is that of WORST_STATUSES, then the number of flags. A negative `limit` is none.
        """
        statuses = [status for status in WORST_STATUSES if lost or status not in LOST]
        ranks = " ".join(f"WHEN '{status}' THEN {place}" for place, status in enumerate(statuses))
        names = ", ".join(f"'{status}'" for status in statuses)
        query = (
            "SELECT files.path, page FROM files JOIN pages USING (sha256) WHERE engine = ?"
            f" AND (status IN ({names}) OR (flags > 0 AND status IN ('ok', 'blank')))"
            f" {'AND files.run = ?' if this_run else ''}"
            f" ORDER BY CASE status {ranks} ELSE 9 END, flags DESC, files.path, number LIMIT ?"
        )
        values = (self._engine, self._run, limit) if this_run else (self._engine, limit)
        return [(path, _page(blob)) for path, blob in self._all(query, values)]

    def stamp(self, sha256: str) -> str:
        """Return a text that changes whenever a page of this scan is recorded again."""
        query = "SELECT count(*), max(id) FROM pages WHERE sha256 = ? AND engine = ?"
        count, newest = self._one(query, (sha256, self._engine)) or (0, 0)
        return f"{self._engine}:{count}:{newest}"

    # Counts

    def read_by_others(self, identity: EngineIdentity) -> int:
        """Return the number of pages that were read, but not with this engine."""
        read = ", ".join(f"'{status}'" for status in sorted(FINAL))
        query = (
            f"SELECT count(DISTINCT sha256 || ':' || number) FROM pages WHERE status IN ({read})"
            " AND sha256 IN (SELECT sha256 FROM files) AND NOT EXISTS ("
            "   SELECT 1 FROM pages AS same JOIN engines ON engines.id = same.engine"
            "   WHERE same.sha256 = pages.sha256 AND same.number = pages.number"
            f"  AND same.status IN ({read}) AND fingerprint = ?)"
        )
        return int(self._one(query, (identity.fingerprint,))[0])

    def counts(self, *, this_run: bool = False) -> dict[str, int]:
        """Return page counts by status, of all files or of this run; "flagged" counts ok and blank pages with flags."""
        query = (
            "SELECT status, count(*), sum(flags > 0 AND status IN ('ok', 'blank')) FROM files JOIN pages USING (sha256)"
            f" WHERE engine = ? {'AND files.run = ?' if this_run else ''} GROUP BY status"
        )
        rows = self._all(query, (self._engine, self._run) if this_run else (self._engine,))
        return {status: count for status, count, _ in rows} | {"flagged": sum(row[2] for row in rows)}

    def files_seen(self, *, this_run: bool = False) -> tuple[int, int, int]:
        """Return (files, pages in them, files that could not be opened)."""
        query = "SELECT count(*), coalesce(sum(pages), 0), coalesce(sum(reason != ''), 0) FROM files"
        row = self._one(query + (" WHERE run = ?" if this_run else ""), (self._run,) if this_run else ())
        assert row is not None
        return row[0], row[1], row[2]

    # Outputs

    def output(self, path: str) -> Output | None:
        """Return the record of an output file, None if lusocr never wrote it."""
        row = self._one("SELECT * FROM outputs WHERE path = ?", (path,))
        return Output(*row) if row else None

    def outputs(self) -> Iterator[Output]:
        """Yield every output file that was written, by path."""
        last = ""
        while rows := self._all("SELECT * FROM outputs WHERE path > ? ORDER BY path LIMIT ?", (last, _CHUNK)):
            yield from (Output(*row) for row in rows)
            last = rows[-1][0]

    def outputs_of(self, source: str, form: str) -> list[Output]:
        """Return the outputs of a scan in one format, by path. They share the first letters of its name."""
        start = "/".join(part for part in source.split("/") if part not in ("", ".", ".."))[:_SHARED_LETTERS]
        query = "SELECT * FROM outputs WHERE path >= ? AND path < ? AND source = ? AND format = ? ORDER BY path"
        return [Output(*row) for row in self._all(query, (start, start + "\U0010ffff", source, form))]

    def forget(self, path: str) -> None:
        """Remove the record of an output file that is gone."""
        self._change("DELETE FROM outputs WHERE path = ?", (path,))

    def claim(self, output: Output) -> None:
        """Record an output file before it appears."""
        row = (output.path, output.source, output.format, output.sha256, output.previous, output.stamp)
        insert = "INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?, ?, ?)"
        self._database.change(lambda connection: connection.execute(insert, row), now=True).result()

    def settle(self, path: str, stamp: str) -> None:
        """Record that the file of `claim` is in place. Not waited for: without it the file is written once more."""
        self._change("UPDATE outputs SET stamp = ? WHERE path = ?", (stamp, path))

    def check(self) -> list[str]:
        """Return what SQLite finds wrong with the file; empty if it is sound."""
        rows = self._all("PRAGMA integrity_check(10)")
        return [str(row[0]) for row in rows if row[0] != "ok"]

    def _all(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        return self._database.ask(lambda connection: connection.execute(query, values).fetchall())

    def _one(self, query: str, values: tuple[Any, ...] = ()) -> Any:
        return self._database.ask(lambda connection: connection.execute(query, values).fetchone())

    def _change(self, statement: str, values: tuple[Any, ...]) -> None:
        self._database.change(lambda connection: connection.execute(statement, values))


def _packed(content: bytes) -> bytes:
    return zlib.compress(content, 1)


def _page(blob: bytes) -> Page:
    return _PAGE.validate_json(zlib.decompress(blob))


def _rejected(attempt: Attempt) -> tuple[Any, ...]:
    generation = attempt.generation
    text = text_of(generation).encode("utf-8", "replace")
    return (
        *(
            attempt.status,
            attempt.reason.encode("utf-8", "replace").decode(),
            generation.finish,
            text[:REJECTED_BYTES],
            len(text),
        ),
        *(generation.prompt_tokens, generation.completion_tokens, generation.seconds),
    )
