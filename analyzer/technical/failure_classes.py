"""Well-known failures by their words: what class a message belongs to, its code, and a title a person understands.

The first pattern that matches wins, so the particular stands before the general. The class is an attribute of an issue
and part of its key only where there is no stack.
"""

import re
from dataclasses import dataclass

from schemas.families import Code


@dataclass(frozen=True, slots=True)
class FailureClass:
    """A family of failures that everybody meets. `title` completes "<operation>: <title>"."""

    name: str
    code: Code
    title: str
    pattern: re.Pattern[str]


def _known(name: str, code: Code, title: str, pattern: str) -> FailureClass:
    return FailureClass(name, code, title, re.compile(pattern, re.IGNORECASE | re.VERBOSE))


FAILURE_CLASSES: tuple[FailureClass, ...] = (
    _known("context_length", "schema", "the prompt is longer than the model's context",
           r"context[ _]?(?:length|window).{0,60}exceed | maximum\ context\ length | prompt\ is\ too\ long | too\ many\ tokens | exceeds?\ the\ (?:model's\ )?max(?:imum)?.{0,20}tokens"),
    _known("content_filter", "exception", "the provider's content filter stopped the answer",
           r"content[ _]?(?:filter|management\ policy|policy_violation) | responsible_?ai | blocked\ by\ .{0,20}safety | finish_?reason\W+(?:safety|recitation)"),
    _known("output_truncated", "exception", "the answer was cut at the token limit",
           r"finish_?reason\W+(?:length|max_tokens) | max_tokens\ (?:was\ )?reached | length\ limit\ was\ reached | output\ (?:was\ )?truncated"),
    _known("quota", "rate_limit", "the quota or credit is used up",
           r"insufficient[ _]quota | exceeded\ your\ current\ quota | quota\ (?:has\ been\ )?exceeded | billing_hard_limit | payment\ required | \b402\b | credit\ balance\ is\ too\ low | out\ of\ credits"),
    _known("rate_limit", "rate_limit", "rate limit reached",
           r"rate[ _-]?limit | too\ many\ requests | \b429\b | throttl | tokens\ per\ min | requests\ per\ (?:min|sec|day) | resource[ _]?exhausted"),
    _known("model_overloaded", "infrastructure", "the model is overloaded",
           r"overloaded(?:_error)? | model\ is\ (?:currently\ )?(?:overloaded|loading) | engine\ is\ currently\ overloaded | capacity\ (?:constraints|exceeded)"),
    _known("token_expired", "auth", "the token has expired", r"(?:token|session|credential|key|certificate)s?\ (?:has\ |have\ |is\ )?expired | ExpiredToken | jwt\ expired"),
    _known("unauthenticated", "auth", "not authenticated", r"unauthori[sz]ed | unauthenticated | \b401\b | invalid[ _](?:api[ _]?key|token|credentials) | incorrect\ api\ key | authentication\ (?:failed|error|required) | AuthenticationError | login\ required | missing\ (?:api\ key|credentials)"),
    _known("forbidden", "auth", "permission denied", r"forbidden | \b403\b | permission[ _]?denied | access[ _]?denied | not\ authori[sz]ed | insufficient[ _](?:permission|scope|privilege) | PermissionError | EACCES"),
    _known("dns", "infrastructure", "the host name cannot be resolved", r"getaddrinfo | ENOTFOUND | EAI_AGAIN | name\ (?:or\ service\ not\ known|resolution) | NXDOMAIN | no\ such\ host | nodename\ nor\ servname"),
    _known("tls", "infrastructure", "the TLS handshake failed", r"certificate[ _]verif | SSL(?:Error|:|_ERROR) | TLS\ handshake | self[- ]signed\ certificate | CERT_ | unable\ to\ get\ local\ issuer"),
    _known("connection_refused", "infrastructure", "connection refused", r"connection\ refused | ECONNREFUSED | actively\ refused"),
    _known("connection_reset", "infrastructure", "connection lost", r"connection\ (?:was\ )?(?:reset|aborted|closed|lost|error) | ECONNRESET | EPIPE | broken\ pipe | RemoteDisconnected | remote\ end\ closed | socket\ hang\ up | peer\ closed | IncompleteRead | ConnectionError | network\ (?:is\ )?unreachable | failed\ to\ fetch"),
    _known("gateway_timeout", "timeout", "the upstream timed out", r"gateway[ _-]?time-?out | \b504\b"),
    _known("timeout", "timeout", "timed out", r"time[ds]?[ _-]?out | deadline[ _]?exceeded | ETIMEDOUT | \b408\b | took\ too\ long"),
    _known("cancelled", "infrastructure", "cancelled before it ended", r"\bcancell?ed(?:Error)? | AbortError | operation\ was\ aborted"),
    _known("redirect_loop", "infrastructure", "too many redirects", r"too\ many\ redirects | exceeded\ \S+\ redirects | redirect\ loop"),
    _known("bad_gateway", "infrastructure", "bad gateway", r"bad\ gateway | \b502\b"),
    _known("unavailable", "infrastructure", "the service is unavailable", r"service[ _]?(?:temporarily\ )?unavailable | \b503\b | temporarily\ unavailable | under\ maintenance | try\ again\ later"),
    _known("server_error", "infrastructure", "internal server error", r"internal\ (?:server\ )?error | \b500\b | server\ error"),
    _known("out_of_memory", "infrastructure", "out of memory", r"out\ of\ memory | MemoryError | OOM ?Killed | heap\ out\ of\ memory | cannot\ allocate\ memory | exit\ ?(?:code|status)\W+137"),
    _known("disk_full", "infrastructure", "no space left on the disk", r"no\ space\ left | ENOSPC | disk\ (?:is\ )?full | disk\ quota"),
    _known("too_many_files", "infrastructure", "too many open files", r"too\ many\ open\ files | EMFILE"),
    _known("recursion_limit", "exception", "the agent's step limit was reached", r"recursion[ _]?limit | max(?:imum)?[ _](?:iterations?|turns?|steps?|recursion)\b.{0,40}(?:reached|exceeded)? | GraphRecursionError | MaxTurnsExceeded"),
    _known("unknown_tool", "schema", "the model called a tool that does not exist", r"(?:unknown|no\ such|invalid|unrecogni[sz]ed)\ (?:tool|function)\b | (?:tool|function)\ \S+\ (?:was\ )?(?:not\ found|does\ not\ exist|is\ not\ (?:a\ valid|available|registered|defined)) | NoSuchTool | Model tried to call unavailable tool"),
    _known("tool_call_unparsable", "schema", "the tool call could not be parsed", r"(?:could\ not|failed\ to|unable\ to)\ parse\ (?:the\ )?(?:tool|function|arguments|llm\ output) | OutputParser | invalid\ tool\ call | malformed\ function\ call | MALFORMED_FUNCTION_CALL"),
    _known("unexpected_argument", "schema", "an argument the tool does not take", r"unexpected\ keyword\ argument | got\ multiple\ values\ for | takes\ \S+\ positional | additional\ properties\ are\ not\ allowed | unrecogni[sz]ed\ (?:keys?|arguments?|request\ argument) | unknown\ (?:argument|parameter|field) | extra\ (?:inputs\ are\ not\ permitted|fields\ not\ permitted) | extra_forbidden"),
    _known("missing_argument", "schema", "a required argument is missing", r"missing\ (?:\S+\ )?(?:required\ )?(?:positional\ )?(?:argument|parameter|field|property) | (?:field|is\ a)\ required(?:\ property)? | required\ (?:field|parameter|argument|property) | \bis\ required\b | must\ (?:provide|specify|include)"),
    _known("json_invalid", "schema", "the JSON could not be read", r"JSONDecodeError | (?:invalid|malformed|unexpected\ end\ of)\ json | unexpected\ token.{0,30}json | Expecting\ (?:value|property\ name|',') | is\ not\ valid\ json | extra\ data:\ line"),
    _known("validation", "schema", "the arguments are invalid", r"validation[ _]?error | \b422\b | unprocessable | (?:argument|parameter|input|value|format|type|query)s?\b.{0,40}\b(?:is|are|was)\ (?:invalid|not\ valid) | invalid\ (?:argument|parameter|input|value|type|format|request|url|date|query) | must\ be\ (?:an?|one|of|in|greater|less|between|at|either|the|type|integer|string|number|positive) | ZodError | does\ not\ match\ (?:the\ )?(?:schema|pattern|format) | not\ a\ valid | ValueError | TypeError"),
    _known("db_constraint", "exception", "a database constraint was violated", r"(?:unique|foreign\ key|check|not[- ]null)\ constraint | duplicate\ (?:key|entry) | IntegrityError | violates\ .{0,30}constraint | E11000"),
    _known("db_lock", "infrastructure", "the database is locked", r"deadlock | database\ is\ locked | lock\ wait\ timeout | could\ not\ serialize"),
    _known("sql", "exception", "the SQL was refused", r"syntax\ error\ (?:at|in|near) | (?:no\ such|unknown|undefined)\ (?:table|column) | column\ .{1,40}does\ not\ exist | relation\ .{1,40}does\ not\ exist | ProgrammingError | OperationalError"),
    _known("conflict", "exception", "conflict with the present state", r"\b409\b | \bconflict\b | already\ exists | EEXIST | version\ mismatch | precondition\ failed | \b412\b"),
    _known("endpoint_missing", "exception", "the endpoint does not exist", r"(?:endpoint|route|path|(?<!payment\ )method|operation|api)\b.{0,60}(?:does\ not\ exist|not\ found|not\ allowed|not\ supported) | \b405\b | cannot\ (?:GET|POST|PUT|DELETE)\ / | unknown\ service"),
    _known("file_missing", "exception", "a file does not exist", r"no\ such\ file | FileNotFoundError | ENOENT"),
    _known("module_missing", "exception", "a software package is not installed", r"ModuleNotFoundError | No\ module\ named | Cannot\ find\ module | ImportError | command\ not\ found"),
    _known("not_found", "exception", "not found", r"\bnot[ _]?found\b | \b404\b | does\ not\ exist | no\ such | KeyError | NoSuchKey"),
    _known("code", "exception", "the generated code failed", r"NameError | SyntaxError | IndentationError | AttributeError | IndexError | ZeroDivisionError | UnboundLocalError | ReferenceError | undefined\ is\ not"),
    _known("bad_request", "schema", "bad request", r"bad[ _]request | \b400\b"),
)  # fmt: skip


def classify(text: str) -> FailureClass | None:
    """The first class whose words are in the text; None for a failure that nobody has named yet."""
    sample = text[:4000]
    return next((known for known in FAILURE_CLASSES if known.pattern.search(sample)), None)
