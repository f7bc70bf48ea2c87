"""Who may use the server: the token, and which pages."""

import contextlib
import hmac
import ipaddress
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from sernet.runtime.errors import SernetError
from sernet.runtime.serve.refusal import Refusal

TOKEN_VARIABLE = "SERNET_TOKEN"

SUBPROTOCOL = "sernet"
"""What a browser asks for beside the token: `new WebSocket(url, ["sernet", token])`."""

COOKIE = "sernet_token"

# What a header, a subprotocol, a query and a cookie can all carry as it is.
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,512}")


def read_token(path: Path | None) -> str | None:
    """The token in the file, else in the environment variable SERNET_TOKEN, else None.

    Raises SernetError when the file cannot be read, or it is not a token.
    """
    if path is None:
        token, place = os.environ.get(TOKEN_VARIABLE), TOKEN_VARIABLE
        if token is None:
            return None
    else:
        try:
            token, place = path.read_text().strip(), str(path)
        except (OSError, UnicodeDecodeError) as error:
            raise SernetError(f"cannot read the token file {path}: {getattr(error, 'strerror', 'not text')}") from None
    if not _TOKEN.fullmatch(token):
        raise SernetError(
            f"{place} does not hold a token (16 to 512 letters, digits and . _ ~ -); this makes one: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe())'"
        )
    return token


@dataclass(frozen=True)
class Access:
    """Who is served.

    With a token, who shows it. Without one the server listens to this machine alone; but a browser on it is also at the
    command of every page that it visits, so other servers' pages are refused.
    """

    token: str | None = field(repr=False)
    loopback: bool
    """Whether only programs on this machine can connect; they may see how the server is, token or not."""

    def check(self, connection: HTTPConnection) -> None:
        """Raises `Refusal`: 401 without the token, 403 for what a browser does on behalf of another server's page."""
        if not self.shows_token(connection):
            raise Refusal(401, "unauthorised", "a token is needed, and this is not it", {"WWW-Authenticate": "Bearer"})
        if self._spells_token(connection):  # no other page can do that
            return
        host, origin = connection.headers.get("host", ""), connection.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            raise Refusal(403, "other_page", f"pages of {origin} are not served")
        if self.token is None and not _is_local(host):  # a name that its owner has pointed at this machine
            raise Refusal(403, "other_page", "without a token it is served as localhost or 127.0.0.1 alone")

    def shows_token(self, connection: HTTPConnection) -> bool:
        """Whether there is no token, or the client shows it: as a program does, or in the cookie that the page gets."""
        in_cookie = self.is_token(connection.cookies.get(COOKIE, ""))
        return self.token is None or in_cookie or self._spells_token(connection)

    def _spells_token(self, connection: HTTPConnection) -> bool:
        """Whether the token is in the header `Authorization: Bearer`.

        For websockets, whose headers a page cannot set, also as a subprotocol or in the query.
        """
        scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
        shown = [bearer.strip()] if scheme.lower() == "bearer" else []
        if connection.scope["type"] == "websocket":
            shown += [*connection.scope["subprotocols"], connection.query_params.get("token", "")]
        return any(self.is_token(candidate) for candidate in shown)

    def is_token(self, candidate: str) -> bool:
        """Whether this is the token; takes as long wherever they differ."""
        return self.token is not None and hmac.compare_digest(candidate.encode(errors="replace"), self.token.encode())

    def subprotocol(self, connection: HTTPConnection) -> str | None:
        """Which of the subprotocols that the client asks for is spoken; a browser insists on one of them."""
        asked = connection.scope["subprotocols"]
        return next((name for name in asked if name == SUBPROTOCOL or self.is_token(name)), None)


def _is_local(host: str) -> bool:
    """Whether a request's `Host` is a name that only this machine itself goes by."""
    with contextlib.suppress(ValueError):
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    return False


class Guard:
    """Middleware that lets nobody through whom `access` refuses."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._access.check(HTTPConnection(scope))
        await self._app(scope, receive, send)
