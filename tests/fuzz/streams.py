"""Fuzz target: what a websocket client says to `sernet-infer serve`, in-process: its query, then its messages.

An input is the query, a line feed, and messages: each a byte (0 is text, others are samples), two for the length
(little-endian), and the content.
"""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from atheris.import_hook import instrument_imports

with instrument_imports(include=["sernet.runtime"]):
    from sernet.runtime.bundle import load_bundle
    from sernet.runtime.serve.access import Access
    from sernet.runtime.serve.application import application
    from sernet.runtime.serve.service import Limits, Service

import numpy as np
from harness import main

MODEL = Path(__file__).resolve().parents[2] / "models" / "emodb-nano-int8-float-io.tflite"
TOKEN = "a-token-of-the-tests"
SERVICE = Service(load_bundle(MODEL), Limits())
SERVER = application(SERVICE, Access(TOKEN, loopback=True))
RATE = 16000
LOOP = asyncio.new_event_loop()


def packed(query: str, messages: Sequence[str | bytes]) -> bytes:
    """An input."""
    parts = [f"{query}\n".encode()]
    for message in messages:
        content = message.encode() if isinstance(message, str) else message
        parts.append(bytes([isinstance(message, bytes)]) + len(content).to_bytes(2, "little") + content)
    return b"".join(parts)


def events(rest: bytes) -> list[dict[str, Any]]:
    """The messages as the server gets them, and then the client's leaving."""
    received: list[dict[str, Any]] = [{"type": "websocket.connect"}]
    while len(rest) > 3:
        end = 3 + int.from_bytes(rest[1:3], "little")
        content = rest[3:end]
        # A server below us refuses text that is no UTF-8.
        told = {"bytes": content} if rest[0] else {"text": content.decode(errors="replace")}
        received.append({"type": "websocket.receive"} | told)
        rest = rest[end:]
    return [*received, {"type": "websocket.disconnect", "code": 1005, "reason": ""}]


async def converse(query: bytes, received: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Everything that the server sends."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return received.pop(0) if len(received) > 1 else received[0]

    async def send(message: Any) -> None:
        sent.append(dict(message))

    scope = {
        "type": "websocket",
        "path": "/stream",
        "raw_path": b"/stream",
        "root_path": "",
        "scheme": "ws",
        "query_string": query,
        "headers": [(b"host", b"localhost")],
        "subprotocols": [],
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 6),
        "extensions": {"websocket.http.response": {}},
        "state": {},
    }
    await SERVER(scope, receive, send)
    return sent


def no_number(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def answer(data: bytes) -> None:
    query, _, rest = data.partition(b"\n")
    first, *others = LOOP.run_until_complete(converse(query, events(rest)))
    assert SERVICE.streams.taken == 0, "a place stays taken"
    if first["type"] == "websocket.http.response.start":
        body = json.loads(b"".join(other["body"] for other in others))
        assert 400 <= first["status"] < 500 and len(body["error"].splitlines()) == 1, (first, body)
        return
    assert first["type"] == "websocket.accept", first
    for number, other in enumerate(others):
        if other["type"] == "websocket.close":
            assert number == len(others) - 1 and other["code"] in (1000, 1003, 1007, 1008), others
            reason = other["reason"] or ""
            assert len(reason.encode()) <= 123 and len(reason.splitlines()) <= 1, reason
        else:
            told = json.loads(other["text"], parse_constant=no_number)
            assert told["event"] in ("window", "utterance") and told["start_s"] < told["end_s"], told


def write_seeds(folder: Path) -> None:
    """Conversations in both modes, at the model's rate and another, and clients that are refused."""
    tone = np.rint(9000 * np.sin(2 * np.pi * 440 * np.arange(4 * RATE) / RATE)).astype("<i2").tobytes()
    pieces = [tone[start : start + 8000] for start in range(0, len(tone), 8000)]
    token = f"token={TOKEN}"
    for number, (query, messages) in enumerate(
        [
            (token, ["end"]),
            (f"{token}&rate=8000", [*pieces[:8], "end"]),
            (f"{token}&rate=4000&mode=utterance", [*pieces[:4], bytes(16000), "end"]),
            (f"{token}&mode=continuous", [b"\0", "stop"]),
            (f"{token}&rate=1&mode=loud", []),
            ("", [b"\0\0"]),
        ]
    ):
        (folder / f"{number}").write_bytes(packed(query, messages))


if __name__ == "__main__":
    main(answer, write_seeds, most_bytes=64 << 20)
