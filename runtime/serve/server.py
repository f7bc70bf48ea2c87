"""From an application to a process that listens and ends well."""

import asyncio
import ipaddress
import signal
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from sernet.runtime.errors import SernetError
from sernet.runtime.serve.service import Limits

# What is not done by then is left undone when the server ends.
_FAREWELL_S = 5


@dataclass(frozen=True)
class Certificate:
    """Files in PEM format for TLS."""

    certificate: Path
    key: Path

    def check(self) -> None:
        """Raises SernetError unless the two can be read and belong together."""
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key, password=_no_password)
        except (OSError, ValueError) as error:  # SSLError is an OSError
            said = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
            raise SernetError(f"cannot use {self.certificate} with the key {self.key}: {said}") from None


def _no_password() -> str:
    raise ValueError("the key asks for a password: give one without")


def listen(host: str, port: int, patience_s: float) -> socket.socket:
    """A socket that listens; raises SernetError when it cannot."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            # Connections inherit it: the system itself drops a client that leaves what it is sent unread.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(1000 * patience_s))
        listener.bind(address)
        listener.listen(128)
    except (OSError, OverflowError, UnicodeError) as error:
        raise SernetError(f"cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}") from None
    return listener


def is_loopback(listener: socket.socket) -> bool:
    """Whether only programs on this machine can connect."""
    return ipaddress.ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback


def address_of(listener: socket.socket, tls: bool) -> str:
    """The socket's address as a browser takes it."""
    host, port = listener.getsockname()[:2]
    return f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def run_server(app: Starlette, listener: socket.socket, limits: Limits, certificate: Certificate | None) -> None:
    """Serve until SIGTERM; SIGINT raises KeyboardInterrupt."""

    class Protocol(_PromptProtocol):
        patience_s = limits.patience_s

    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="websockets-sansio",
        ws_max_size=limits.message_bytes,
        # A pong waits behind all samples that were sent before it, and on a busy machine that takes its time. Who is
        # gone is silent, and closed for that.
        ws_ping_interval=None,
        ws_per_message_deflate=False,  # samples do not compress, and each client would cost memory
        lifespan="on",
        log_level="error",  # a client's garbage is not worth a line each
        access_log=False,  # it would hold tokens
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_FAREWELL_S,
        ssl_certfile=certificate.certificate if certificate else None,
        ssl_keyfile=certificate.key if certificate else None,
    )
    server = _Server(config)
    server.run(sockets=[listener])
    if server.interrupted:
        raise KeyboardInterrupt


class _Server(uvicorn.Server):
    """Ends on SIGTERM as if it had nothing more to do, where uvicorn would have the signal kill it after all."""

    interrupted = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.interrupted |= sig == signal.SIGINT
        self.force_exit |= self.should_exit
        self.should_exit = True


class _PromptProtocol(H11Protocol):
    """Closes a connection that does not ask for anything; uvicorn would let it stay for ever."""

    patience_s: float
    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_request()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._waiting is not None:
            self._waiting.cancel()

    def _await_request(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = self.loop.call_later(self.patience_s, self._close_unless_asked, self.cycle)

    def _close_unless_asked(self, last: object) -> None:
        # A websocket's connection has got another protocol.
        if self.cycle is last and self.transport.get_protocol() is self:
            self.transport.close()
