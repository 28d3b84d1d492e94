"""What the one store API promises, embedded and over HTTP."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from schemas import database as databases
from schemas.as_json import PIECE_BYTES, JsonStream
from schemas.database import Database
from schemas.errors import (
    BadQuery,
    DatabaseError,
    DatabaseInUse,
    DatabaseTooNew,
    DatabaseUnreachable,
    MomusError,
    SettingsError,
)
from schemas.folder import Folder, holder

NASTY = ["\0", "'", '"', "\\", "\\N", "\n\t\r\b", "😀 𝕄", "{a:String}", "NULL", "é́", " -- ; "]


def exception_row(**columns: object) -> dict[str, object]:
    return {"tenant": "", "trace_id": "t", "span_id": "s", "time_ns": 7, "segment": "1", **columns}


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, since a process can open one folder at a time."""
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60)


def test_values_travel_beside_the_sql_unchanged(store: Database) -> None:
    """Whatever text a parameter holds comes back as it was, alone and in a list; numbers keep all 64 bits."""
    (row,) = store.query(
        "SELECT {texts:Array(String)} AS texts, {text:String} AS text, {number:UInt64} AS number, {low:Int64} AS low",
        texts=NASTY,
        text="".join(NASTY),
        number=2**64 - 1,
        low=-(2**63),
    )
    assert row == {"texts": NASTY, "text": "".join(NASTY), "number": 2**64 - 1, "low": -(2**63)}


def test_long_parameters_are_taken(store: Database) -> None:
    """A list as long as a server takes, far longer than a URL may be, reaches the query; see schemas/parameters.py."""
    ids = [f"{number:032x}" for number in range(3_600)]
    assert store.query("SELECT length({ids:Array(String)}) AS n, {ids:Array(String)}[-1] AS last", ids=ids) == [
        {"n": 3_600, "last": ids[-1]}
    ]


@pytest.mark.parametrize("ns", [0, 1, 999_999_999, 1_763_933_536_123_456_789, 2**62, 2**63 - 1])
def test_times_keep_every_nanosecond(store: Database, ns: int) -> None:
    """A DateTime64 written as text of seconds and nanoseconds holds exactly that time."""
    text = f"{ns // 10**9:010d}.{ns % 10**9:09d}"
    store.insert(
        "otel_traces", [{"Timestamp": text, "Events.Timestamp": [text], "Events.Name": [""], "Events.Attributes": [{}]}]
    )
    sql = "SELECT toUnixTimestamp64Nano(Timestamp) AS a, toUnixTimestamp64Nano(`Events.Timestamp`[1]) AS b FROM otel_traces"
    assert store.query(sql) == [{"a": ns, "b": ns}]


def test_a_repeated_insert_stores_nothing(store: Database) -> None:
    """The same token twice stores once, in the table and in what a view derives from it; another token stores again."""
    rows = [{"Timestamp": "1700000000.000000001", "TraceId": "t", "SpanId": str(number)} for number in range(5)]
    for token in ("1/otel_traces", "1/otel_traces", "2/otel_traces"):
        assert store.insert("otel_traces", rows, token=token) == 5
    assert store.query("SELECT count() AS n FROM otel_traces") == [{"n": 10}]
    assert store.query("SELECT count() AS n FROM otel_traces_trace_id_ts") == [{"n": 2}]


def test_a_batch_over_many_days_is_one_insert(store: Database) -> None:
    """Rows of 200 days are stored at once, and not again when the insert is repeated."""
    rows = [exception_row(time_ns=day * 86_400_000_000_000) for day in range(200)]
    for _ in range(2):
        store.insert("exceptions", rows, token="1/exceptions")
    assert store.query("SELECT count() AS n FROM exceptions") == [{"n": 200}]


def test_inserting_no_rows_does_nothing(store: Database) -> None:
    """An empty batch is no error and no insert."""
    assert store.insert("exceptions", []) == 0


def stream(*lines: bytes) -> JsonStream:
    return JsonStream(("trace_id", "time_ns"), iter(lines))


def test_rows_that_are_made_as_they_are_inserted_are_one_insert(store: Database) -> None:
    """However many pieces they come in; a repeated one stores nothing, and all rows are counted."""
    count = 3 * PIECE_BYTES // 100
    for _ in range(2):
        rows = stream(*(b'["%0100d",%d]\n' % (number, number) for number in range(count)))
        assert store.insert("exceptions", rows, token="t") == count
    found = store.query("SELECT count() AS rows, count(DISTINCT _part) AS parts FROM exceptions")
    assert found == [{"rows": count, "parts": 1}]


def test_of_rows_that_the_engine_refuses_none_is_stored_and_none_is_told(store: Database) -> None:
    """An error is logged, and rows are somebody's."""
    lines = (b'["a",1]\n', b'["b","a secret"]\n', *(b'["c",3]\n' for _ in range(PIECE_BYTES)))
    with pytest.raises(DatabaseError) as caught:
        store.insert("exceptions", stream(*lines))
    assert "secret" not in str(caught.value)
    assert store.query("SELECT count() AS n FROM exceptions") == [{"n": 0}]
    assert store.insert("exceptions", stream(b'["d",4]\n')) == 1


def test_of_rows_that_cannot_all_be_made_none_is_stored(store: Database) -> None:
    """What made them raises, and the next insert is not troubled."""
    with pytest.raises(ZeroDivisionError):
        store.insert(
            "exceptions", JsonStream(("trace_id", "time_ns"), (b'["%d",1]\n' % (1 // (3 - n)) for n in range(9)))
        )
    assert store.insert("exceptions", stream(b'["d",4]\n')) == 1
    assert store.query("SELECT count() AS n FROM exceptions") == [{"n": 1}]


def test_a_column_that_is_not_there_is_an_error(store: Database) -> None:
    """A misspelled column is told instead of being dropped, and nothing is stored."""
    with pytest.raises(DatabaseError, match="colour"):
        store.insert("exceptions", [exception_row(), exception_row(colour="red")])
    assert store.query("SELECT count() AS n FROM exceptions") == [{"n": 0}]


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT * FROM nix", "nix"),
        ("SELECT nix FROM exceptions", "nix"),
        ("SELECT count( FROM exceptions", "Syntax error"),
        ("SELECT 1 FORMAT CSV FORMAT CSV", "FORMAT CSV"),
        ("SELECT tenamt FROM exceptions", "tenant"),
        ("SELECT throwIf(1, 'no reason')", "no reason"),
    ],
)
def test_bad_sql_is_told_in_one_sentence(store: Database, sql: str, names: str) -> None:
    """BadQuery says what is wrong, without the engine's codes, layers, version and address."""
    with pytest.raises(BadQuery) as caught:
        store.query(sql)
    message = str(caught.value)
    assert names in message
    assert len(message) < 320
    assert not any(noise in message for noise in ("DB::Exception", "version", "Code:", "http://", "\n", "EachRow"))


def test_a_person_gets_columns_and_rows_within_the_limit(store: Database) -> None:
    """`ask` returns column names and rows in order, and says where it cut."""
    answer = store.ask("SELECT number AS n, toString(n) AS text FROM numbers(5);", row_limit=3)
    assert answer == (["n", "text"], [[0, "0"], [1, "1"], [2, "2"]], True)
    assert store.ask("SELECT 1 AS x WHERE 0") == (["x"], [], False)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE exceptions",
        "INSERT INTO exceptions (tenant) VALUES ('x')",
        "CREATE TABLE x (a Int8) ENGINE = Memory",
        "SELECT file('/etc/passwd')",
        "SELECT 1 INTO OUTFILE '/tmp/never-written'",
        "SELECT 1; DROP TABLE exceptions",
        "SELECT 1 AS a$$; INSERT INTO exceptions (tenant) SELECT 'x' AS b$$",
        "SELECT * FROM exceptions SETTINGS readonly = 0",
    ],
)
def test_a_person_can_only_read(store: Database, sql: str) -> None:
    """`ask` refuses to write, to leave the database and to lift its own limits."""
    with pytest.raises(BadQuery):
        store.ask(sql)
    assert store.query("SELECT count() AS n FROM exceptions") == [{"n": 0}]


def test_a_person_cannot_hold_the_database(store: Database) -> None:
    """A query without end is ended after the time it was given."""
    with pytest.raises(BadQuery, match=r"(?i)time"):
        store.ask("SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))", timeout_s=0.3)


def test_each_thread_has_its_own_client(store: Database) -> None:
    """Clones insert and read side by side, and all rows arrive."""

    def work(number: int) -> None:
        with store.clone() as client:
            client.insert("exceptions", [exception_row(span_id=str(number))], token=f"{number}/exceptions")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.query("SELECT count() AS n FROM exceptions") == [{"n": 6}]


def test_nothing_is_detached_in_a_sound_folder(store: Database) -> None:
    """A folder that was closed in order has no part set aside."""
    assert store.detached_parts() == []


def test_a_folder_in_use_names_who_has_it(engine: Database) -> None:
    """A second process is told the process id and command of the first, and what to do."""
    code = "import sys; from schemas import database; database.open(sys.argv[1])"
    second = run(code, f"chdb://{engine.folder}")
    assert second.returncode != 0
    assert f"open in process {holder_pid(engine)}" in second.stderr
    assert "pytest" in second.stderr
    assert "Stop it" in second.stderr


def holder_pid(engine: Database) -> int:
    assert engine.folder is not None
    who = holder(engine.folder)
    assert who is not None
    return who.pid


def test_a_second_process_is_led_to_the_endpoint(engine: Database) -> None:
    """Where the holder serves SQL over HTTP, the message of a second process says how to use it."""
    engine.announce("127.0.0.1:8123")
    try:
        with pytest.raises(DatabaseInUse, match=r"clickhouse://127\.0\.0\.1:8123/momus"):
            databases.open(f"chdb://{engine.folder}")
    finally:
        engine.announce("")


def test_a_killed_holder_leaves_the_folder_free(tmp_path: Path) -> None:
    """The lock dies with its process: after kill -9 nobody holds the folder, whatever its file says."""
    code = "import os, sys; from pathlib import Path; from schemas.folder import Folder; Folder(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    assert run(code, str(tmp_path)).returncode == -9
    assert (tmp_path / "momus.lock").read_text() != ""
    assert holder(tmp_path) is None
    Folder(tmp_path).release()


def test_tokens_are_remembered_across_processes(tmp_path: Path) -> None:
    """An insert repeated after a restart is recognised."""
    code = """
import sys
from schemas import database
from schemas.migrate import migrate
with database.open(sys.argv[1]) as store:
    migrate(store)
    row = {"trace_id": "t", "span_id": "s", "time_ns": 7}
    store.insert("exceptions", [row], token="1/exceptions")
    print(store.query("SELECT count() AS n FROM exceptions")[0]["n"])
"""
    counts = [run(code, f"chdb://{tmp_path}").stdout.strip() for _ in range(2)]
    assert counts == ["1", "1"]


def test_a_clone_keeps_the_folder_when_the_first_client_closes(tmp_path: Path) -> None:
    """The folder is let go with its last client; closing twice counts once."""
    code = """
import sys
from schemas import database
from schemas.folder import holder
first = database.open(sys.argv[1])
second = first.clone()
first.close(); first.close()
print(second.query("SELECT 1 AS x"), holder(first.folder) is not None)
second.close()
print(holder(first.folder))
"""
    assert run(code, f"chdb://{tmp_path}").stdout.split("\n")[:2] == ["[{'x': 1}] True", "None"]


def test_a_part_that_the_engine_sets_aside_is_told(tmp_path: Path) -> None:
    """After damage on disk the engine opens with fewer rows and no word; `detached_parts` says which part is gone."""
    code = """
import sys
from pathlib import Path
from schemas import database
from schemas.migrate import migrate
with database.open(sys.argv[1]) as store:
    migrate(store)
    store.insert("exceptions", [{"trace_id": "t", "span_id": "s", "time_ns": 7}])
    print([part["table"] for part in store.detached_parts()], store.query("SELECT count() AS n FROM exceptions"))
    path = store.query("SELECT path FROM system.parts WHERE table = 'exceptions' AND active")[0]["path"]
for file in Path(path).glob("*.bin"):
    file.write_bytes(b"")
with database.open(sys.argv[1]) as store:
    print([part["table"] for part in store.detached_parts()], store.query("SELECT count() AS n FROM exceptions"))
"""
    result = run(code, f"chdb://{tmp_path}")
    assert result.stdout.splitlines() == ["[] [{'n': 1}]", "['exceptions'] [{'n': 0}]"], result.stderr


def test_an_older_engine_is_refused(tmp_path: Path) -> None:
    """A folder that a newer engine wrote is not opened: the older one would hide its parts."""
    (tmp_path / "momus.engine").write_text("99.1.1.1\n")
    with pytest.raises(DatabaseTooNew, match=r"99\.1\.1\.1"):
        databases.open(f"chdb://{tmp_path}")
    assert holder(tmp_path) is None


def test_the_stamp_rises_with_the_engine(tmp_path: Path) -> None:
    """A newer engine stamps the folder; versions compare as numbers, not as text."""
    folder = Folder(tmp_path)
    folder.stamp_engine("9.9.1.1")
    folder.stamp_engine("26.9.2.1")
    with pytest.raises(DatabaseTooNew):
        folder.stamp_engine("9.9.1.1")
    folder.release()


def test_an_unreachable_server_is_named_without_the_password() -> None:
    """The message has host and port, and not the password."""
    with pytest.raises(DatabaseUnreachable, match=r"127\.0\.0\.1:1") as caught:
        databases.open("clickhouse://user:secret@127.0.0.1:1/momus")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("dsn", ["", "momus", "postgres://localhost/x", "clickhouse://", "clickhouse://h:port/x"])
def test_a_dsn_that_cannot_be_read_is_a_settings_error(dsn: str) -> None:
    """What is no database of ours is told as a wrong setting."""
    with pytest.raises(SettingsError, match="MOMUS_DATABASE"):
        databases.open(dsn)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file in the way is a DatabaseError that names the folder."""
    (tmp_path / "file").write_text("")
    with pytest.raises(MomusError, match="file/database"):
        databases.open(f"chdb://{tmp_path}/file/database")
