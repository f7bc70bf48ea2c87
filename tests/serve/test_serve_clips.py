"""`POST /predict`: what the `file` verb answers, and a status for everything else."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from tests.serve.conftest import MODEL, PROGRAM, RATE, Server, Start

BODY_BYTES = 32 * 2**20


@pytest.fixture(scope="module")
def folder(samples: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples as `clip.wav`, and as `stereo.flac` at another rate."""
    folder = tmp_path_factory.mktemp("clips")
    soundfile.write(folder / "clip.wav", samples, RATE)
    soundfile.write(folder / "stereo.flac", np.stack([samples, samples // 2], axis=1), 22050)
    return folder


def answers_of_file(path: Path, *options: str) -> list[dict[str, object]]:
    command = [*PROGRAM, "file", "--json", "--no-profile", "--model", MODEL, *options, path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [{name: value for name, value in line.items() if name != "file"} for line in lines]


@pytest.mark.parametrize("name", ["clip.wav", "stereo.flac"])
@pytest.mark.parametrize("form", ["raw", "multipart"])
def test_a_clip_gets_the_answer_of_the_file_verb(server: Server, folder: Path, name: str, form: str) -> None:
    content = (folder / name).read_bytes()
    body: dict[str, Any] = {"content": content} if form == "raw" else {"files": {"file": (name, content)}}
    response = httpx.post(server.url("/predict"), **body)
    assert response.status_code == 200, response.text
    assert [response.json()] == answers_of_file(folder / name)


def test_windows_are_those_of_the_file_verb(server: Server, folder: Path) -> None:
    response = httpx.post(server.url("/predict?windows=1"), content=(folder / "clip.wav").read_bytes())
    assert response.status_code == 200, response.text
    assert response.json()["windows"] == answers_of_file(folder / "clip.wav", "--windows")
    assert len(response.json()["windows"]) > 5


def wave(folder: Path) -> bytes:
    return (folder / "clip.wav").read_bytes()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"no audio at all" * 100, "not audio"),
        (b"RIFF\xff\xff\xff\x7fWAVEfmt \x10\x00\x00\x00", "clip"),
        (np.random.default_rng(0).bytes(5000), "not audio"),
    ],
)
def test_what_is_no_audio_is_refused(server: Server, content: bytes, says: str) -> None:
    response = httpx.post(server.url("/predict"), content=content)
    assert response.status_code == 400
    assert says in response.json()["error"]
    assert "/tmp" not in response.text


def test_a_clip_that_is_cut_short_or_too_short_is_refused(server: Server, folder: Path) -> None:
    cut = httpx.post(server.url("/predict"), content=wave(folder)[:-1000])
    assert (cut.status_code, "cut short" in cut.json()["error"]) == (400, True)
    soundfile.write(folder / "blip.wav", np.zeros(100, np.int16), RATE)
    blip = httpx.post(server.url("/predict"), content=(folder / "blip.wav").read_bytes())
    assert (blip.status_code, "longer clip" in blip.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    ("query", "kind", "body", "says"),
    [
        ("?windows=2", "audio/wav", b"", "windows is 0 or 1"),
        ("", "multipart/form-data; boundary=x", b"garbage", "multipart"),
        ("", "multipart/form-data", b"garbage", "boundary"),
        ("", "multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--", "name"),
        ("", "multipart/form-data; boundary=x", b"--x--\r\n", "no file in its field 'file'"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    server: Server, query: str, kind: str, body: bytes, says: str
) -> None:
    response = httpx.post(server.url(f"/predict{query}"), content=body, headers={"Content-Type": kind})
    assert response.status_code == 400, response.text
    assert says in response.json()["error"]


def test_another_method_is_told_which_one_is_meant(server: Server) -> None:
    response = httpx.get(server.url("/predict"))
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


def test_a_body_that_is_too_large_is_refused_before_it_is_read(server: Server) -> None:
    head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: {BODY_BYTES + 1}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(head.encode())
        assert client.recv(65536).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("form", ["raw", "multipart"])
def test_a_body_that_does_not_say_how_large_it_is_is_refused_when_it_is_too_large(server: Server, form: str) -> None:
    def body() -> Iterator[bytes]:
        if form == "multipart":
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(BODY_BYTES // 2**20 + 1):
            yield bytes(2**20)

    kind = "multipart/form-data; boundary=x" if form == "multipart" else "audio/wav"
    response = httpx.post(server.url("/predict"), content=body(), headers={"Content-Type": kind}, timeout=30)
    assert response.status_code == 413
    assert str(BODY_BYTES) in response.json()["error"]


def test_a_long_clip_is_answered_window_by_window_alone(server: Server, folder: Path) -> None:
    soundfile.write(folder / "long.flac", np.zeros(61 * RATE, np.int16), RATE)
    content = (folder / "long.flac").read_bytes()
    whole = httpx.post(server.url("/predict"), content=content)
    assert (whole.status_code, "?windows=1" in whole.json()["error"]) == (413, True)
    windows = httpx.post(server.url("/predict?windows=1"), content=content, timeout=30)
    assert len(windows.json()["windows"]) == 117  # from 0 to 58 s


@pytest.mark.parametrize(("rate", "channels", "seconds"), [(8000, 1, 3600), (16000, 8, 1200)])
def test_a_small_file_that_unpacks_to_too_much_is_refused(
    server: Server, folder: Path, rate: int, channels: int, seconds: int
) -> None:
    path = folder / "bomb.flac"
    soundfile.write(path, np.zeros((seconds * rate, channels), np.int16), rate)
    before = server.resident_mb()
    response = httpx.post(server.url("/predict?windows=1"), content=path.read_bytes(), timeout=30)
    assert response.status_code == 413, response.text
    assert server.resident_mb() - before < 50


def test_slow_bodies_are_given_up_and_leave_their_places_and_no_files(
    start_server: Start, folder: Path, tmp_path: Path
) -> None:
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
    with start_server("--patience", "6", TMPDIR=str(tmp_path)) as server:
        slow = [socket.create_connection(("127.0.0.1", server.port), timeout=20) for _ in range(16)]
        for client in slow:
            client.sendall(head + b"RI")
        while (refused := httpx.post(server.url("/predict"), content=wave(folder))).status_code != 503:
            time.sleep(0.05)  # until all of them are known
        assert int(refused.headers["retry-after"]) > 0
        assert "16 clips" in refused.json()["error"]
        for client in slow:
            assert client.recv(65536).startswith(b"HTTP/1.1 408 ")
            client.close()
        assert httpx.post(server.url("/predict"), content=wave(folder)).status_code == 200
        assert server.counted('sernet_refused_total{reason="too_slow"}') == 16
        assert list(tmp_path.iterdir()) == []


def test_a_client_that_leaves_in_the_middle_leaves_nothing(server: Server, folder: Path) -> None:
    before = server.counted('sernet_refused_total{reason="left"}')
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nRIFF")
    while server.counted('sernet_refused_total{reason="left"}') != before + 1:
        time.sleep(0.05)
    assert httpx.post(server.url("/predict"), content=wave(folder)).status_code == 200


def test_the_clip_s_figures_are_counted(start_server: Start, folder: Path, samples: np.ndarray) -> None:
    with start_server() as server:
        for _ in range(2):
            httpx.post(server.url("/predict"), content=wave(folder))
        httpx.post(server.url("/predict"), content=b"nothing")
        assert server.counted('sernet_requests_total{path="/predict",status="200"}') == 2
        assert server.counted('sernet_requests_total{path="/predict",status="400"}') == 1
        assert server.counted('sernet_refused_total{reason="not_audio"}') == 1
        assert server.counted('sernet_answers_total{source="predict"}') == 2
        assert server.counted('sernet_latency_seconds_count{source="predict"}') == 2
        assert server.counted('sernet_audio_seconds_total{source="predict"}') == pytest.approx(2 * len(samples) / RATE)
