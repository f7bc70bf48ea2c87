"""An MQTT broker as one names it on a command line."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sernet.runtime.errors import SernetError

DEFAULT_PREFIX = "sernet"
PASSWORD_VARIABLE = "SERNET_MQTT_PASSWORD"
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_EXAMPLE = "write it like mqtt://user@host:1883/topic/prefix"


@dataclass(frozen=True)
class Broker:
    """Where to publish, and as whom."""

    host: str
    port: int
    prefix: str
    """What every topic starts with, without a slash at its ends."""
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """Its address, without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"


def broker_at(url: str, password_file: Path | None = None) -> Broker:
    """The broker of `mqtt://[user@]host[:port][/topic/prefix]`, or `mqtts://` with TLS.

    The password of a user is the first line of `password_file`, else the environment variable SERNET_MQTT_PASSWORD.

    Raises:
        SernetError: the address is none, or holds a password, which everybody on the machine could read.
        OSError: the file cannot be read.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        host = parts.hostname or ""
        host.encode("idna")  # paho's thread would die of a name that is none
    except (KeyError, ValueError):
        raise SernetError(f"{_shown(url)}: is no address of an MQTT broker: {_EXAMPLE}") from None
    if parts.password is not None:
        raise SernetError(
            "the broker's address holds a password, which everybody on this machine can read: "
            f"put it into a file (--mqtt-password-file) or into {PASSWORD_VARIABLE}"
        )
    if not host or parts.query or parts.fragment:
        raise SernetError(f"{_shown(url)}: is no address of an MQTT broker: {_EXAMPLE}")
    prefix = unquote(parts.path).strip("/") or DEFAULT_PREFIX
    if set("+#\0") & set(prefix):
        raise SernetError(f"{_shown(url)}: a topic to publish to holds no + and no #")
    user = unquote(parts.username) if parts.username else None
    password = None if user is None else _password(password_file)
    return Broker(host, port, prefix, parts.scheme == "mqtts", user, password)


def _shown(url: str) -> str:
    """Without what may be a password."""
    _, separator, rest = url.rpartition("@")
    return f"...@{rest}" if separator else url


def _password(file: Path | None) -> str | None:
    if file is None:
        return os.environ.get(PASSWORD_VARIABLE)
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except UnicodeDecodeError:
        raise SernetError(f"{file}: is no text in UTF-8") from None
