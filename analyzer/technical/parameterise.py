"""Replace what varies between two occurrences of one failure by a placeholder, and keep what tells failures apart.

Version 2: after the well-formed values (urls, ids, dates, paths ...) every token that holds a digit is masked, except
codes that name the kind of failure: HTTP status, errno, exit and SQLSTATE codes, and technical words such as `utf-8`.
The result depends on the message alone, never on what came before it. Any change here is a new version of
`analyzer.technical.fingerprint`, since ids of issues follow from it.
"""

import re

_MESSAGE_LIMIT = 8_192  # characters looked at; two lines of a message are rarely longer

# Order matters: the first alternative that matches at a place wins. What may begin anywhere in a long run is bounded, by
# what DNS and mail allow where they do: a try at each place that runs to the end takes the square of the length.
_PATTERNS: tuple[tuple[str, str], ...] = (
    (
        "keep",
        r"""(?ix: \bHTTP(?:/\d(?:\.\d)?)?[\s:_-]*(?:status|error|code)?[\s:=_-]*[1-5]\d\d\b
        | \b[1-5]\d\d(?=\s+(?:client\ error|server\ error|bad\ request|unauthori[sz]ed|forbidden|not\ found|conflict|gone
          |too\ many|internal|service\ unavailable|bad\ gateway|gateway\ time|unprocessable|payment\ required
          |method\ not|request\ time))
        | \b(?:status(?:[\s_-]?code)?|statuscode|error[\s_-]?code|err(?:or)?no|exit[\s_-]?(?:code|status)|returncode
          |sqlstate|signal|code)["']?\s*[:=#(]?\s*\[?["']?-?\d{1,5}\b
        | \b(?:ORA|SQLSTATE|E|ERR|WSAE|AADSTS|TS|CS)-?\d{3,6}\b
        | \b(?:utf-?(?:8|16|32)|sha-?(?:1|256|512)|md5|base64|s3|ec2|k8s|oauth2?|ipv[46]|x509|http2|h2|int(?:8|16|32|64)
          |float(?:16|32|64)|iso-?8859-?1|latin-?1|ascii|cp1252|tls1\.[0-3]|tlsv1(?:\.[0-3])?|mp[34]|python[23])\b)""",
    ),
    ("url", r"""\b[a-z][a-z0-9+.-]{1,11}://[^\s"'<>)\]}]+"""),
    ("email", r"""[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"""),
    ("traceparent", r"""\b00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]\b"""),
    ("uuid", r"""\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"""),
    (
        "date",
        r"""(?x: \b\d{4}-\d{2}-\d{2}(?:[T\ ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\ ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?)?(?!\d)
        | \b\d{1,2}[/.]\d{1,2}[/.]\d{2,4}\b
        | \b(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\ )?\d{1,2}\ (?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\ \d{4}
          (?:\ \d{2}:\d{2}(?::\d{2})?)?(?:\ (?:GMT|UTC|[+-]\d{4}))?
        | \b\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\b)""",
    ),
    ("ip", r"""(?<![\w.])(?:\d{1,3}(?:\.\d{1,3}){3}|\[?(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F:]{1,8}\]?)(?::\d{1,5})?(?![\w.])"""),
    ("path", r"""(?:(?<![\w.])(?:[A-Za-z]:)?\\(?:[\w .-]+\\)+[\w.-]*|(?<![\w.<])~?/(?:[\w.@%+=-]+/)+[\w.@%+=-]*|(?<![\w.<])/(?:tmp|var|home|usr|etc)/[\w./-]+)"""),
    ("host", r"""\b(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.){1,16}(?:com|net|org|io|ai|dev|local|internal|cloud|app|svc|de|eu|uk)(?::\d{2,5})?\b|\blocalhost:\d{2,5}\b"""),
    ("hex", r"""\b0[xX][0-9a-fA-F]+\b|\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\b"""),
    ("value", r"""(?<=[=:])\s?(?:"[^"\n]*\d[^"\n]*"|'[^'\n]*\d[^'\n]*')"""),
    ("quoted", r'''"[^"\s]*\d[^"\s]*"|'[^'\s]*\d[^'\s]*\''''),
    ("id", r"""(?<![A-Za-z0-9])(?=[A-Za-z0-9]*[A-Z][A-Za-z0-9]*)(?=[A-Za-z0-9]*[a-z])(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{8,}(?![A-Za-z0-9])"""),
    ("n", r"""(?<![^\W_])[\w#$€£]{0,255}\d[\w%]*(?:[.,:-][\w%]*\d[\w%]*|-\w+)*"""),
)  # fmt: skip
_COMBINED = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _PATTERNS))
_SPACE = re.compile(r"\s+")


def parameterise(message: str) -> str:
    """The first two non-empty lines of a message with everything that varies replaced by `<kind>`.

    >>> parameterise("order 1234 of bob@x.com not found (HTTP 404)")
    'order <n> of <email> not found (HTTP 404)'
    """
    lines = [line.strip() for line in message[:_MESSAGE_LIMIT].splitlines() if line.strip()]
    return _SPACE.sub(" ", _COMBINED.sub(_replace, "\n".join(lines[:2])))


def _replace(match: re.Match[str]) -> str:
    kind = str(match.lastgroup)
    if kind == "keep":
        return match.group()
    if kind in ("value", "quoted"):
        return "<value>"
    return f"<{kind}>"
