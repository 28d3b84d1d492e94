"""The one way into the HTTP receiver: nothing behind it sees a request that may not come in.

It stands before routing, so that a route added later is closed too, and a stranger does not learn which there are. Only
GET /healthz and /readyz are open; who comes without a key is told no more there than whether all is well.
"""

from collections.abc import Callable
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from collector_plugin.receivers.keys import Keys
from collector_plugin.receivers.refusal import Refusal, foreign_host, refuse
from schemas.errors import Unauthenticated

OPEN = (("GET", "/healthz"), ("GET", "/readyz"))
_TENANT = "momus.tenant"


class Gate:
    """Lets requests with a key through to the app behind it; without any keys, all but those of foreign pages."""

    def __init__(
        self, app: ASGIApp, keys: Keys, *, is_loopback: bool, refused: Callable[[Request, Refusal], Response]
    ) -> None:
        self._app = app
        self._keys = keys
        self._is_loopback = is_loopback
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        try:
            scope[_TENANT] = self._keys.tenant(request.headers)
        except Unauthenticated as error:
            # The path that is routed by, and not request.url: that is put together with the client's Host header.
            if (scope["method"], scope["path"]) not in OPEN:
                await self._refused(request, refuse(error))(scope, receive, send)
                return
            scope[_TENANT] = None
        # Who has a key is no page that made a name of its own point here.
        if not self._keys and self._is_loopback and not _names_loopback(request.headers.get("host", "")):
            await self._refused(request, foreign_host())(scope, receive, send)
            return
        await self._app(scope, receive, send)


def tenant_of(request: Request) -> str:
    """Return on whose behalf a request came that passed the gate with a key, or where there are none.

    Raises:
        Unauthenticated: it came to the open path without one.
    """
    if not is_known(request):
        raise Unauthenticated
    return str(request.scope[_TENANT])


def is_known(request: Request) -> bool:
    """Tell whether a request passed the gate with a key, or where there are none."""
    return request.scope[_TENANT] is not None


def _names_loopback(host: str) -> bool:
    """Tell whether a Host header is one that only a program on this machine, not a foreign page, would send."""
    name = host.rsplit(":", 1)[0].strip("[]") if not host.endswith("]") else host.strip("[]")
    if name in ("", "localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
