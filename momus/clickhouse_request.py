"""What a request to ClickHouse's HTTP interface asks for, read into one value.

The SQL may come as `?query=`, as the body, or in two pieces, one in each; as a form with the parameters beside it; and
compressed. Every URL parameter that has no meaning of its own is a setting.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from collector_plugin.otlp.inflate import inflate
from schemas.errors import BadQuery, TooLarge, Undecodable
from schemas.statement import FILE_SETTINGS, InsertHead, insert_head, output_format, refuse_outside_world, verb_of

BODY_LIMIT_BYTES = 1 << 30
_FIELD_LIMIT_BYTES = 128 << 10  # a server's own default; what works here shall work there

# Parameters of the interface itself. Sessions, roles and progress mean nothing to an engine without users.
_OWN_PARAMETERS = frozenset(
    [
        "query",
        "database",
        "default_format",
        "user",
        "password",
        "quota_key",
        "session_id",
        "session_timeout",
        "session_check",
        "query_id",
        "buffer_size",
        "wait_end_of_query",
        "compress",
        "decompress",
        "client_protocol_version",
        "role",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "enable_http_compression",
        "http_zlib_compression_level",
        "stacktrace",
        "close_session",
        "add_http_cors_header",
    ]
)
_RETURNS_ROWS = frozenset({"select", "with", "show", "describe", "desc", "explain", "exists", "check"})
_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Question:
    """One statement with everything that came with it. `format` is what a result is written in."""

    sql: bytes
    format: str
    database: str
    parameters: Mapping[str, str]
    settings: Mapping[str, str]
    insert: InsertHead | None
    is_read_only: bool
    returns_rows: bool
    query_id: str


def read_question(method: str, query: Iterable[tuple[str, str]], headers: Mapping[str, str], body: bytes) -> Question:
    """Read a request.

    Args:
        method: GET, which may only read, or POST.
        query: the URL's parameters.
        headers: with lower-case names.
        body: as it was received.

    Raises:
        BadQuery: the statement is refused, or there is none.
        TooLarge: the body inflates beyond `BODY_LIMIT_BYTES`, or a parameter is larger than 128 KiB.
        Undecodable: the body is not what its headers say.
    """
    given = dict(query)
    body = _inflated(body, headers.get("content-encoding", ""))
    if headers.get("content-type", "").startswith("multipart/form-data"):
        fields, body = form_fields(body, headers["content-type"]), b""
        given |= {name: value.decode(errors="replace") for name, value in fields.items()}
    _refuse_long_fields(given)
    if given.get("compress", "0") != "0" or given.get("decompress", "0") != "0":
        raise BadQuery("ClickHouse's own block compression is not available here: send and accept gzip, lz4 or zstd.")
    sql = b"\n".join(part for part in (given.get("query", "").encode(), body) if part)
    insert = insert_head(sql)
    # The data of an insert is no SQL, except that VALUES may hold expressions.
    refuse_outside_world(sql[: insert.data_offset] if insert and insert.format != "Values" else sql)
    verb = verb_of(sql)
    return Question(
        sql=sql,
        format=_format(given, headers, sql) if insert is None else insert.format,
        database=headers.get("x-clickhouse-database", given.get("database", "")),
        parameters={name[6:]: value for name, value in given.items() if name.startswith("param_")},
        settings=_settings(given),
        insert=insert,
        is_read_only=method != "POST",
        returns_rows=verb in _RETURNS_ROWS,
        query_id=given.get("query_id", ""),
    )


def form_fields(body: bytes, content_type: str) -> dict[str, bytes]:
    """Return the fields of a multipart form, byte for byte.

    Raises:
        Undecodable: the form has no boundary.
    """
    boundary = re.search(r'boundary="?([^";]+)"?', content_type)
    if boundary is None:
        raise Undecodable("The form names no boundary.")
    fields: dict[str, bytes] = {}
    for part in body.split(b"--" + boundary[1].encode())[1:]:
        head, _, value = part.partition(b"\r\n\r\n")
        if name := re.search(rb'name="([^"]*)"', head):
            fields[name[1].decode(errors="replace")] = value.removesuffix(b"\r\n")
    return fields


def _refuse_long_fields(given: Mapping[str, str]) -> None:
    for name, value in given.items():
        if len(value) > _FIELD_LIMIT_BYTES or len(value.encode()) > _FIELD_LIMIT_BYTES:
            raise TooLarge(f"HTML Form Exception: Field value too long: {name} is larger than 128 KiB.")


def _format(given: Mapping[str, str], headers: Mapping[str, str], sql: bytes) -> str:
    name = output_format(sql) or given.get("default_format") or headers.get("x-clickhouse-format") or "TabSeparated"
    if not _NAME.fullmatch(name):
        raise BadQuery(f"There is no format {name!r}.")
    return name


def _settings(given: Mapping[str, str]) -> dict[str, str]:
    names = [name for name in given if name not in _OWN_PARAMETERS and not name.startswith("param_")]
    for name in names:
        if not _NAME.fullmatch(name) or name in FILE_SETTINGS:
            raise BadQuery(f"There is no setting {name!r} here.")
    return {name: given[name] for name in names}


def _inflated(body: bytes, coding: str) -> bytes:
    if coding != "lz4":
        return inflate(body, coding, limit_bytes=BODY_LIMIT_BYTES)
    try:
        import lz4.frame  # type: ignore[import-untyped]  # ships no types; comes with clickhouse-connect below 3.14
    except ModuleNotFoundError:
        raise Undecodable("lz4 is not installed here: send gzip or zstd.") from None
    decompressor = lz4.frame.LZ4FrameDecompressor()
    try:
        plain: bytes = decompressor.decompress(body, BODY_LIMIT_BYTES + 1)
    except RuntimeError as error:
        raise Undecodable(f"The body is not valid lz4: {error}.") from None
    if len(plain) > BODY_LIMIT_BYTES:
        raise TooLarge
    if not decompressor.eof:
        raise Undecodable("The lz4 body ends too early.")
    return plain
