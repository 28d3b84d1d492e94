"""What can be said of an SQL statement without running it.

The embedded engine is a command line tool at heart: it has no users, reads and writes any file the process may, opens
network connections, and runs several statements at once. Where SQL comes from outside, `refuse_outside_world` takes
that away before the engine sees it. It reads words, not grammar, and errs towards refusing; quoted text and comments are
passed over, so that what is merely data is never refused.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from schemas.errors import BadQuery, BadSyntax

_TOKENS = re.compile(
    rb"""(?P<space>\s+|--[^\n]*|\#[!\x20][^\n]*|/\*.*?\*/)
       | (?P<text>'(?:[^'\\]|\\.|'')*')
       | (?P<quoted>"(?:[^"\\]|\\.|"")*"|`(?:[^`\\]|\\.|``)*`)
       | (?P<word>\w+)
       | (?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)

# Everything else, from SYSTEM and ATTACH to BACKUP, is for whoever owns the process.
_VERBS = frozenset(
    b"select with from explain describe desc show exists check use set insert create alter drop truncate delete update "
    b"optimize rename exchange kill".split()
)
_OWNER_VERBS = frozenset(
    b"system attach detach undrop backup restore grant revoke move install uninstall watch begin commit rollback "
    b"parallel copy execute replace".split()
)
# Functions that leave the database; a test decides on every one that the engine has.
_OUTSIDE_FUNCTIONS = frozenset(
    b"arrowstream bigquery cluster clusterallreplicas dictionary eval executable file filesystem jdbc mongodb mysql "
    b"odbc postgresql python redis remote remotesecure sqlite url ytsaurus oss gcs cosn s3 prometheusquery "
    b"prometheusqueryrange catboostevaluate".split()
)
_OUTSIDE_FAMILIES = (b"s3", b"hdfs", b"url", b"file", b"iceberg", b"deltalake", b"hudi", b"paimon", b"azure", b"gcs")
# Settings that name a file of the process; with FORMAT Template its content would be the answer.
FILE_SETTINGS = frozenset({"format_schema", "format_template_resultset", "format_template_row"})
_FILE_WORDS = frozenset({b"infile", b"outfile", *(name.encode() for name in FILE_SETTINGS)})
_ENGINES = frozenset({b"memory", b"null", b"view", b"materializedview", b"join", b"set", b"buffer", b"atomic", b"log"})


def refuse_outside_world(sql: bytes) -> None:
    """Let a statement pass that stays inside the database.

    Raises:
        BadQuery: it is more than one statement, or would touch a file, the network or the process.
        BadSyntax: it begins with no word that a statement begins with, or holds a macro that nobody filled in.
    """
    tokens = list(_words(sql))
    words = [word for word, _ in tokens]
    verb = next((word for word in words if word != b"("), b"")
    if verb not in _VERBS | _OWNER_VERBS:
        raise BadSyntax(f"Syntax error: no statement begins with {_shown(verb)}.")
    if verb not in _VERBS:
        raise BadQuery(f"{_shown(verb)} is not available here: the embedded engine takes queries, inserts and DDL.")
    if b";" in b"".join(words).rstrip(b";"):
        raise BadQuery("Only one statement can be run at a time.")
    for index, (word, is_call) in enumerate(tokens):
        if word in _FILE_WORDS:
            raise BadQuery(f"{_shown(word)} is not available here: a statement must not touch files.")
        if not word.isascii():
            # The engine takes curly quotes for quotes; then what is text to us would be code to it.
            raise BadQuery("Put everything that is not plain ASCII into single quotes, or into backticks for names.")
        if word == b"$":
            macro = next((name for name, _ in tokens[index + 1 : index + 2] if name.startswith(b"__")), b"")
            if macro:
                name = macro.decode(errors="replace")
                raise BadSyntax(
                    f"Syntax error: ${name} is a macro that whoever asks, such as Grafana, has to fill in first."
                )
            # Where a name ends and a heredoc begins, `a$$`, only the engine's own lexer can tell.
            raise BadQuery("Put text with a $ into single quotes, and names with one into backticks.")
        if is_call and _is_outside(word):
            raise BadQuery(f"{_shown(word)}() is not available here: a statement must not leave the database.")
        if verb in (b"create", b"alter"):
            _refuse_outside_storage(words, index)


class InsertHead(NamedTuple):
    """The part of an INSERT before its data: what it inserts into, its settings, their format, where they begin."""

    target: bytes
    settings: bytes
    format: str
    data_offset: int


def insert_head(body: bytes) -> InsertHead | None:
    """Take apart an INSERT that carries its data.

    `INSERT INTO t (a) SETTINGS b = 1 FORMAT CSV\\n1` is (`INSERT INTO t (a)`, `SETTINGS b = 1`, `CSV`, offset of the
    last 1). None where it is no INSERT, or one that SELECTs its rows.
    """
    words = _outer_words(body)
    if next(words, (b"", None))[0] != b"insert":
        return None
    settings: int | None = None
    for word, match in words:
        if word in (b"select", b"with", b"watch"):
            return None
        if word == b"settings" and settings is None:
            settings = match.start()
        if word == b"values":
            return InsertHead(*_cut(body, settings, match.start()), "Values", match.end())
        if word == b"format":
            _, name = next(words, (b"", None))
            return name and InsertHead(*_cut(body, settings, match.start()), name[0].decode(), _data(body, name.end()))
    return None


def _cut(body: bytes, settings: int | None, end: int) -> tuple[bytes, bytes]:
    return (body[:end], b"") if settings is None else (body[:settings], body[settings:end])


def output_format(sql: bytes) -> str | None:
    """Return the name behind the statement's own FORMAT, or None where it leaves that open."""
    previous, found = b"", None
    for word, match in _outer_words(sql):
        if previous == b"format":
            found = match[0].decode()
        previous = word
    return found


def verb_of(sql: bytes) -> str:
    """Return the statement's first word in lower case, whatever comments and brackets stand before it."""
    return next((word.decode() for word, _ in _words(sql) if word.isalpha()), "")


def _outer_words(sql: bytes) -> Iterator[tuple[bytes, re.Match[bytes]]]:
    """Yield the words that stand outside of all brackets, in lower case; a SELECT counts wherever it stands."""
    depth = 0
    for match in _TOKENS.finditer(sql):
        depth += (match["sign"] == b"(") - (match["sign"] == b")")
        word = (match["word"] or b"").lower()
        if word and (depth == 0 or word == b"select"):
            yield word, match


def _data(body: bytes, offset: int) -> int:
    """Skip blanks and one line break, as the server does: what follows is data, even where it starts with a blank."""
    match = re.compile(rb"[ \t;]*\r?\n?").match(body, offset)
    return match.end() if match else offset


def _words(sql: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield each word or sign in lower case, and whether it is a name with a bracket behind it; text is left out."""
    found = [match for match in _TOKENS.finditer(sql) if not match["space"]]
    for match, following in zip(found, [*found[1:], None], strict=False):
        is_call = following is not None and following[0] == b"("
        if match["quoted"]:
            name = match[0][1:-1].lower()
            # A quoted name is a function only where it is called.
            yield (name, True) if is_call and name.isascii() else (b"", False)
        elif not match["text"]:
            yield match[0].lower(), is_call and match["word"] is not None


def _is_outside(name: bytes) -> bool:
    return name in _OUTSIDE_FUNCTIONS or _is_of_family(name)


def _is_of_family(name: bytes) -> bool:
    """Whether it is one of many spellings of the same door, such as s3Cluster or icebergLocal."""
    return any(
        name == family or (name.startswith(family) and name[len(family) :] in _FAMILY_ENDINGS)
        for family in _OUTSIDE_FAMILIES
    )


_FAMILY_ENDINGS = frozenset(
    place + cluster
    for place in (b"", b"s3", b"hdfs", b"local", b"azure", b"blobstorage", b"queue")
    for cluster in (b"", b"cluster")
)


def _refuse_outside_storage(words: list[bytes], index: int) -> None:
    """Refuse table engines, dictionaries and disks that lead out of the database."""
    word, following = words[index], words[index + 1 :]
    if word == b"engine" and following[:1] not in ([b"from"], [b","], [b"as"]):  # else a column of that name
        engine = next((name for name in following if name != b"="), b"")
        if engine not in _ENGINES and not engine.endswith(b"mergetree"):
            raise BadQuery(f"ENGINE {_shown(engine)} is not available here: tables must stay inside the database.")
    is_object = word in (b"dictionary", b"collection", b"function", b"user", b"role", b"disk")
    if is_object and words[0] == b"create" and index <= 4 and b"table" not in words[:index]:
        raise BadQuery(f"CREATE {_shown(word)} is not available here.")
    if word in (b"disk", b"storage_policy") and following[:1] == [b"="]:
        raise BadQuery("The disk of a table cannot be chosen here.")


def _shown(word: bytes) -> str:
    return word.decode(errors="replace").upper() or "An empty statement"
