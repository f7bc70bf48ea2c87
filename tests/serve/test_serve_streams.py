"""`WS /stream`: what a LiveSession answers, and a reason for everything that ends a stream."""

import base64
import json
import os
import socket
import struct
import threading
import time
from typing import Any

import httpx
import numpy as np
import pytest
import soxr
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from sernet.runtime.bundle import load_bundle
from sernet.runtime.live.session import LiveSession, LiveSettings, Mode
from tests.serve.conftest import MODEL, RATE, Server, Start

BLOCK = 800  # samples, 50 ms
CIRCUMSTANCES = {"latency_ms"}


def expected(waveform: np.ndarray, mode: Mode) -> list[dict[str, Any]]:
    session = LiveSession(load_bundle(MODEL), LiveSettings(mode=mode))
    answers = session.accept(waveform) + session.finish()
    return [json.loads(json.dumps(answer.to_json())) for answer in answers]


def without_circumstances(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in answer.items() if name not in CIRCUMSTANCES} for answer in answers]


def hear(client: ClientConnection, samples: np.ndarray, block: int = BLOCK) -> list[dict[str, Any]]:
    """Send all samples and "end"; every answer until the server closes, which it must do well."""
    for start in range(0, len(samples), block):
        client.send(samples[start : start + block].tobytes())
    client.send("end")
    answers = [json.loads(line) for line in client]
    assert client.close_code == 1000
    return answers


@pytest.mark.parametrize("mode", ["continuous", "utterance"])
@pytest.mark.parametrize("block", [BLOCK, 333, 50000])
def test_a_stream_is_answered_as_a_live_session_answers(
    server: Server, samples: np.ndarray, mode: Mode, block: int
) -> None:
    with server.connect(f"?mode={mode}") as client:
        answers = hear(client, samples, block)
    assert without_circumstances(answers) == without_circumstances(expected(samples / np.float32(32768), mode))
    assert len(answers) == {"continuous": 9, "utterance": 2}[mode]
    assert all(answer["latency_ms"] > 0 for answer in answers)


def test_another_rate_is_resampled_without_a_seam(server: Server, samples: np.ndarray) -> None:
    fast = np.rint(soxr.resample(samples / 32768, RATE, 48000) * 32767).astype("<i2")
    with server.connect("?rate=48000") as client:
        answers = hear(client, fast, 2400)
    whole = soxr.resample((fast / 32768).astype(np.float32), 48000, RATE, quality="HQ")
    assert without_circumstances(answers) == without_circumstances(expected(np.clip(whole, -1, 1), "continuous"))


def test_answers_come_as_soon_as_their_window_is_whole(server: Server, samples: np.ndarray) -> None:
    with server.connect() as client:
        client.send(samples[: 3 * RATE - 2].tobytes())
        with pytest.raises(TimeoutError):
            client.recv(timeout=0.5)
        client.send(samples[3 * RATE - 2 : 3 * RATE].tobytes())
        assert json.loads(client.recv(timeout=20))["end_s"] == 3


def test_a_stream_begins_anew(server: Server, samples: np.ndarray) -> None:
    """What one client said is not in another one's answers."""
    with server.connect() as client:
        first = hear(client, samples)
    with server.connect() as client:
        assert without_circumstances(hear(client, samples)) == without_circumstances(first)


@pytest.mark.parametrize(
    ("message", "code", "says"),
    [
        ("stop", 1003, '"end"'),
        (b"odd", 1007, "2 bytes"),
        (bytes(2**18 + 2), 1009, ""),
    ],
)
def test_a_message_that_is_not_understood_ends_the_stream(
    server: Server, message: str | bytes, code: int, says: str
) -> None:
    with server.connect() as client, pytest.raises(ConnectionClosed):
        client.send(message)
        client.recv(timeout=20)
    assert client.close_code == code
    assert says in (client.close_reason or "")


@pytest.mark.parametrize("query", ["?rate=1000", "?rate=cd", "?rate=-8000", "?rate=999999999999", "?mode=later"])
def test_a_stream_that_makes_no_sense_is_refused_in_the_handshake(server: Server, query: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        server.connect(query)
    assert refused.value.response.status_code == 400
    assert query[1:5] in json.loads(refused.value.response.body)["error"]


def test_another_path_has_no_websocket(server: Server) -> None:
    with pytest.raises(InvalidStatus):
        server.connect("s")


def test_who_comes_when_all_places_are_taken_is_refused_in_the_handshake(
    start_server: Start, samples: np.ndarray
) -> None:
    with start_server("--max-clients", "2") as server:
        first, second = server.connect(), server.connect()
        with pytest.raises(InvalidStatus) as refused:
            server.connect()
        response = refused.value.response
        assert (response.status_code, response.headers["retry-after"]) == (503, "5")
        assert "2 streams" in json.loads(response.body)["error"]
        assert httpx.get(server.url("/health")).json()["clients"] == 2
        first.close()
        while httpx.get(server.url("/health")).json()["clients"] == 2:
            time.sleep(0.05)
        with server.connect() as third:
            assert len(hear(third, samples)) == 9
        assert len(hear(second, samples)) == 9
        second.close()
        assert server.counted('sernet_refused_total{reason="too_many"}') == 1
        assert server.counted('sernet_requests_total{path="/stream",status="503"}') == 1
        assert server.counted('sernet_requests_total{path="/stream",status="101"}') == 3
        assert server.counted('sernet_answers_total{source="stream"}') == 18
        assert server.counted('sernet_latency_seconds_count{source="stream"}') == 18
        assert server.counted('sernet_audio_seconds_total{source="stream"}') == pytest.approx(2 * len(samples) / RATE)


def test_a_stream_that_falls_silent_is_closed(start_server: Start) -> None:
    with start_server("--patience", "1") as server:
        with server.connect() as client, pytest.raises(ConnectionClosed):
            client.recv(timeout=20)
        assert (client.close_code, client.close_reason) == (1008, "no samples came for 1 s")
        assert server.counted('sernet_refused_total{reason="idle"}') == 1


def test_a_stream_that_lasts_too_long_is_closed(start_server: Start, samples: np.ndarray) -> None:
    with start_server("--max-stream", "2") as server, server.connect() as client:
        with pytest.raises(ConnectionClosed):
            while True:
                client.send(samples[:BLOCK].tobytes())
                time.sleep(0.05)
        assert (client.close_code, client.close_reason) == (1008, "a stream lasts 2 s at most")
        assert server.counted('sernet_refused_total{reason="too_long"}') == 1


def handshaken(server: Server) -> socket.socket:
    """A websocket of our own, which answers no ping and reads nothing that it is not told to."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(30)
    client.connect(("127.0.0.1", server.port))
    key = base64.b64encode(os.urandom(16)).decode()
    lines = ["GET /stream HTTP/1.1", "Host: localhost", "Connection: Upgrade", "Upgrade: websocket"]
    lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", "", ""]
    client.sendall("\r\n".join(lines).encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += client.recv(1)
    assert answer.startswith(b"HTTP/1.1 101 ")
    return client


def frame(payload: bytes) -> bytes:
    """A masked binary frame; the mask is zero."""
    return b"\x82\xff" + struct.pack("!Q", len(payload)) + bytes(4) + payload


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux drops it")
def test_a_client_that_does_not_read_is_dropped(start_server: Start, samples: np.ndarray) -> None:
    with start_server("--patience", "2") as server, handshaken(server) as client:
        second = frame(bytes(2 * RATE))
        before = server.resident_mb()
        with pytest.raises(OSError):
            while True:
                client.sendall(second)
        while httpx.get(server.url("/health")).json()["clients"] == 1:
            time.sleep(0.05)
        assert server.resident_mb() - before < 30
        with server.connect() as other:
            assert len(hear(other, samples)) == 9


def test_slow_and_silent_connections_disturb_nobody_and_are_closed(start_server: Start, samples: np.ndarray) -> None:
    """A byte a second: of a request, of a websocket's frame, of a body; and nothing at all."""
    with start_server("--patience", "4") as server:
        address = ("127.0.0.1", server.port)
        silent, slow_request, slow_body = (socket.create_connection(address, timeout=30) for _ in range(3))
        slow_body.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n")
        slow_frame = handshaken(server)
        stopped = threading.Event()

        def dribble() -> None:
            for byte in frame(bytes(2 * RATE)):
                for client in (slow_request, slow_body, slow_frame):
                    try:
                        client.sendall(bytes([byte]) if client is slow_frame else b"G")
                    except OSError:  # the server has closed it
                        continue
                if stopped.wait(1):
                    return

        dribbling = threading.Thread(target=dribble)
        dribbling.start()
        with server.connect() as client:
            assert len(hear(client, samples)) == 9
        assert silent.recv(100) == b""
        assert slow_request.recv(100) == b""
        assert slow_body.recv(100).startswith(b"HTTP/1.1 408 ")
        assert slow_frame.recv(100)[:4] == b"\x88" + bytes([2 + len("no samples came for 4 s")]) + struct.pack(
            "!H", 1008
        )
        stopped.set()
        dribbling.join()
        for one in (silent, slow_request, slow_body, slow_frame):
            one.close()


def test_garbage_disturbs_nobody(server: Server, samples: np.ndarray) -> None:
    generator = np.random.default_rng(0)
    with server.connect() as client:
        for length in (1, 100, 10000):
            with socket.create_connection(("127.0.0.1", server.port)) as other:
                other.sendall(generator.bytes(length) + b"\r\n\r\n")
            with handshaken(server) as other:
                other.sendall(generator.bytes(length))
        answers = hear(client, samples)
    assert without_circumstances(answers) == without_circumstances(expected(samples / np.float32(32768), "continuous"))
