"""What SQL may be run for somebody else, and how an INSERT is taken apart."""

from importlib.resources import files

import pytest

from schemas.database import Database
from schemas.errors import BadQuery, BadSyntax
from schemas.migrate import statements
from schemas.statement import insert_head, output_format, refuse_outside_world, verb_of

STAYS_INSIDE = [
    "SELECT 1",
    "  -- a comment; with a semicolon\nSELECT 1;",
    "(SELECT 1) UNION ALL (SELECT 2)",
    "WITH x AS (SELECT 1) SELECT * FROM x",
    "SELECT 'file(''/etc/passwd''); $$ DROP TABLE t$$'",
    "SELECT 'it costs $5', `a$$`, \"b$$\" FROM t -- $$\n /* $x$ */",
    "SELECT format('{}', 1), count() FROM numbers(3)",
    "SELECT file, `url` FROM t WHERE file IN ('a')",
    "CREATE TABLE t (a Int8) ENGINE = ReplacingMergeTree(a) ORDER BY a",
    "CREATE VIEW v AS SELECT engine FROM system.tables",
    "ALTER TABLE t ADD COLUMN b Int8",
    "INSERT INTO t SELECT * FROM values('a Int8', 1)",
    "SELECT 'naïve', `größe` FROM t",
    "KILL QUERY WHERE query_id = 'x'",
]
LEAVES = [
    "SELECT file('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    "SELECT * FROM file/**/('/etc/passwd', 'LineAsString')",
    "SELECT * FROM URL('http://example.org', 'CSV')",
    "SELECT * FROM s3Cluster('c', 'http://example.org')",
    "SELECT * FROM executable('ls', 'TSV', 'a String')",
    "SELECT * FROM python('x')",
    "SELECT 1 INTO OUTFILE '/tmp/x'",
    "INSERT INTO t FROM INFILE '/etc/passwd' FORMAT LineAsString",
    "INSERT INTO FUNCTION file('/tmp/x', 'CSV') SELECT 1",
    "INSERT INTO t VALUES (file('/etc/passwd'))",
    "SELECT 1; DROP TABLE t",
    "CREATE TABLE t (a String) ENGINE = File(CSV, '/etc/passwd')",
    "CREATE TABLE t (a String) ENGINE URL('http://example.org')",
    "CREATE DATABASE d ENGINE = MySQL('h', 'd', 'u', 'p')",
    "CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = 'local', path = '/tmp')",
    "CREATE DICTIONARY d (a Int8) PRIMARY KEY a SOURCE(FILE(path '/etc/passwd' format 'CSV'))",
    "BACKUP TABLE t TO File('/tmp/x')",
    "ATTACH TABLE t FROM '/tmp/x' (a Int8) ENGINE = MergeTree",
    "SYSTEM SHUTDOWN",
    "SELECT 1 FORMAT Template SETTINGS format_template_resultset = '/etc/passwd'",
    "SELECT 1 AS a$$, file('/etc/passwd') AS b$$",
    "SELECT 1 AS a$$; INSERT INTO FUNCTION file('/tmp/x') SELECT 'x' AS b$$",
    "SELECT * FROM (SELECT 1 AS a$x$) t, file('/etc/passwd', 'LineAsString') AS b$x$",
    "INSERT INTO t$$ FORMAT CSV $$ SELECT 1",
    "SELECT $$; DROP TABLE t$$",
    "SELECT \u2018'\u2019, file('/etc/passwd'), \u2018'\u2019",
    "",
]


@pytest.mark.parametrize("sql", STAYS_INSIDE)
def test_statements_that_stay_inside_pass(sql: str) -> None:
    """Ordinary SQL passes, also where text or a column merely looks like a way out."""
    refuse_outside_world(sql.encode())


@pytest.mark.parametrize("sql", LEAVES)
def test_statements_that_leave_the_database_are_refused(sql: str) -> None:
    """Files, the network, other programs and second statements are refused, however they are spelled."""
    with pytest.raises(BadQuery):
        refuse_outside_world(sql.encode())


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELEC 1", "no statement begins with SELEC"),
        ("SELECT 1 FROM t WHERE $__timeFilter(at)", r"\$__timefilter is a macro"),
    ],
)
def test_what_is_no_sql_is_a_mistake_and_no_trespass(sql: str, told: str) -> None:
    """Who mistypes is told of that; what is for the owner of the process alone is refused as such."""
    with pytest.raises(BadSyntax, match=told):
        refuse_outside_world(sql.encode())
    with pytest.raises(BadQuery, match="SYSTEM is not available") as caught:
        refuse_outside_world(b"SYSTEM SHUTDOWN")
    assert not isinstance(caught.value, BadSyntax)


def test_every_table_function_of_the_engine_is_decided(database: Database) -> None:
    """A table function that a new engine brings is refused until somebody has decided that it stays inside."""
    known_inside = {
        "format", "fuzzJSON", "fuzzQuery", "generateRandom", "generateSeries", "generate_series", "input", "loop",
        "merge", "mergeTreeAnalyzeIndexes", "mergeTreeAnalyzeIndexesUUID", "mergeTreeCodecBlockCounts",
        "mergeTreeIndex", "mergeTreeProjection", "mergeTreeTextIndex", "null", "numbers", "numbers_mt", "primes",
        "SQLStandardValues", "timeSeriesData", "timeSeriesMetricFamilies", "timeSeriesMetrics", "timeSeriesSamples",
        "timeSeriesSelector", "timeSeriesTags", "values", "view", "viewExplain", "viewIfPermitted", "zeros", "zeros_mt",
    }  # fmt: skip
    undecided = []
    for row in database.query("SELECT name FROM system.table_functions"):
        try:
            refuse_outside_world(f"SELECT * FROM {row['name']}('x')".encode())
        except BadQuery:
            continue
        if row["name"] not in known_inside:
            undecided.append(row["name"])
    assert undecided == []


def test_our_own_sql_stays_inside() -> None:
    """Every table, view, migration and query of ours can be run through the endpoint."""
    texts = [text for kind in ("tables", "views", "migrations") for text in statements(kind).values()]
    texts += [file.read_text() for file in (files("schemas") / "queries").iterdir() if file.name.endswith(".sql")]
    assert len(texts) > 20
    for text in texts:
        refuse_outside_world(text.encode())


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (b"INSERT INTO t (a) FORMAT CSV\n1;2", (b"INSERT INTO t (a) ", b"", "CSV", b"1;2")),
        (b"insert into t format JSONEachRow {}", (b"insert into t ", b"", "JSONEachRow", b"{}")),
        (b"INSERT INTO t FORMAT TSV\r\n\tx", (b"INSERT INTO t ", b"", "TSV", b"\tx")),
        (b"INSERT INTO t SETTINGS a = 1 FORMAT CSV\n1", (b"INSERT INTO t ", b"SETTINGS a = 1 ", "CSV", b"1")),
        (b"/* format x */ INSERT INTO t(format, settings) VALUES (1)", (None, b"", "Values", b" (1)")),
        (b"INSERT INTO t FORMAT Native\n\x00\xff", (b"INSERT INTO t ", b"", "Native", b"\x00\xff")),
    ],
)
def test_an_insert_is_taken_apart(sql: bytes, expected: tuple[bytes | None, bytes, str, bytes]) -> None:
    """Target, settings, format and data are found, also where columns are called like keywords."""
    head = insert_head(sql)
    assert head is not None
    target, settings, format_, data = expected
    assert target is None or head.target == target
    assert (head.settings, head.format, sql[head.data_offset :]) == (settings, format_, data)


@pytest.mark.parametrize(
    "sql", [b"SELECT 1", b"INSERT INTO t SELECT 1 FORMAT CSV", b"INSERT INTO t WITH x AS 1 SELECT x"]
)
def test_what_carries_no_data_is_left_whole(sql: bytes) -> None:
    """Queries, and inserts that select their rows, have no data to take apart."""
    assert insert_head(sql) is None


def test_the_format_and_the_verb_are_read() -> None:
    """A trailing FORMAT counts, one in a text, a comment or a function call does not."""
    assert output_format(b"SELECT 'FORMAT CSV' -- FORMAT TSV") is None
    assert output_format(b"SELECT format('{}', 1) FORMAT JSON SETTINGS max_threads = 1") == "JSON"
    assert verb_of(b"/* x */ (( SELECT 1))") == "select"
