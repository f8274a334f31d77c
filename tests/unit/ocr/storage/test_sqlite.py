import sqlite3
import stat
from pathlib import Path

import pytest

from ocr.core.environment import file_system
from ocr.core.errors import OutputError
from ocr.storage.sqlite import GROUP_SIZE, Database

TABLE = "CREATE TABLE things (name TEXT PRIMARY KEY);"


def add(name: object):  # type: ignore[no-untyped-def]
    return lambda connection: connection.execute("INSERT INTO things VALUES (?)", (name,))


def names(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT name FROM things ORDER BY name")]


def test_changes_are_on_disk_when_their_future_is_done(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.sqlite", [TABLE])
    database.change(add("one")).result(timeout=10)
    with sqlite3.connect(tmp_path / "a.sqlite") as other:
        assert names(other) == ["one"]
    database.close()


def test_what_waits_for_company_is_seen_by_us_and_saved_by_close(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.sqlite", [TABLE])
    futures = [database.change(add(f"{number:03}")) for number in range(GROUP_SIZE + 5)]
    assert len(database.ask(names)) == GROUP_SIZE + 5
    database.close()
    assert all(future.done() for future in futures)
    with sqlite3.connect(tmp_path / "a.sqlite") as other:
        assert len(names(other)) == GROUP_SIZE + 5


def test_who_stops_waiting_takes_nothing_back(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.sqlite", [TABLE])
    assert not database.change(add("one")).cancel()
    database.close()
    with sqlite3.connect(tmp_path / "a.sqlite") as other:
        assert names(other) == ["one"]


@pytest.mark.parametrize("value", ["one", "\ud800", object(), 1 << 80])
def test_a_change_that_fails_is_told_to_everyone(tmp_path: Path, value: object) -> None:
    database = Database(tmp_path / "a.sqlite", [TABLE])
    database.change(add("one"), now=True).result(timeout=10)
    waiting = database.change(add("two"))
    with pytest.raises(OutputError):
        database.change(add(value)).result(timeout=10)
    with pytest.raises(OutputError):
        waiting.result(timeout=10)
    with pytest.raises(OutputError):
        database.ask(names)
    with pytest.raises(OutputError):
        database.close()


def test_a_question_that_fails_costs_only_itself(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.sqlite", [TABLE])
    with pytest.raises(OutputError, match="no such table"):
        database.ask(lambda connection: connection.execute("SELECT * FROM nowhere").fetchall())
    assert database.ask(names) == []
    database.close()


def test_migrations_run_once_and_in_order(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    old = Database(file, [TABLE])
    old.change(add("kept")).result(timeout=10)
    old.close()
    new = Database(file, [TABLE, "ALTER TABLE things ADD COLUMN colour TEXT DEFAULT 'grey';"])
    assert new.ask(lambda c: c.execute("SELECT * FROM things").fetchall()) == [("kept", "grey")]
    new.close()
    with pytest.raises(OutputError, match="newer lusocr"):
        Database(file, [TABLE])


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(OutputError, match="damaged") as refusal:
        Database(tmp_path / "a.sqlite", [TABLE], repair="mend it")
    assert refusal.value.hint == "mend it"


def test_only_the_owner_reads_it(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.sqlite", [TABLE])
    database.change(add("one"), now=True).result(timeout=10)
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    database.close()


def test_a_private_database_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    database = Database(None, [TABLE])
    database.change(add("one")).result(timeout=10)
    assert database.ask(names) == ["one"]
    database.close()
    assert list(tmp_path.iterdir()) == []


def test_the_longest_mount_that_holds_a_path_gives_its_file_system(tmp_path: Path) -> None:
    share = tmp_path / "with space"
    (share / "deep").mkdir(parents=True)
    table = tmp_path / "mounts"
    lines = ["/dev/a / ext4 rw 0 0", "server:/x " + str(share).replace(" ", "\\040") + " nfs4 rw 0 0"]
    table.write_text("\n".join([*lines, f"/dev/b {tmp_path}/with tmpfs rw 0 0", ""]), encoding="utf-8")
    assert file_system(share / "deep", table) == "nfs4"
    assert file_system(tmp_path, table) == "ext4"
    assert file_system(tmp_path, tmp_path / "none") == ""


def test_what_is_saved_is_on_the_disk(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.sqlite", [TABLE])
    assert database.ask(lambda c: c.execute("PRAGMA synchronous").fetchone()) == (2,), "2 is FULL: a flush a commit"
    database.close()


@pytest.mark.parametrize("failure", [MemoryError(), KeyError("no such thing")])
def test_nobody_waits_for_ever_where_even_the_rollback_fails(tmp_path: Path, failure: Exception) -> None:
    database = Database(tmp_path / "a.sqlite", [TABLE])
    waiting = database.change(add("one"))

    def break_down(connection: sqlite3.Connection) -> None:
        connection.set_authorizer(lambda *_: sqlite3.SQLITE_DENY)  # so ROLLBACK is refused
        raise failure

    for future in (database.change(break_down), waiting):
        with pytest.raises(OutputError):
            future.result(timeout=10)
    with pytest.raises(OutputError):
        database.close()
    with sqlite3.connect(tmp_path / "a.sqlite") as other:
        assert names(other) == []
