"""The server as a process: how it starts and ends, and what it serves to browsers and to those who watch it."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.serve.conftest import MODEL, PROGRAM, Server, Start, environment


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_and_its_streams(start_server: Start, number: signal.Signals, code: int) -> None:
    with start_server(exit_code=code) as server, server.connect() as client:
        client.send(bytes(1000))
        server.process.send_signal(number)
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=20)
        assert client.close_code == 1012  # the service restarts
        server.process.wait(timeout=20)


def test_a_port_that_is_taken_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [*PROGRAM, "serve", "--port", str(port), "--model", MODEL]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment())
    assert done.returncode == 2
    assert done.stderr == f"sernet-infer: error: cannot listen on 127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize(
    "arguments", [["--port", "70000"], ["--max-clients", "0"], ["--patience", "nan"], ["--model", "/nowhere.tflite"]]
)
def test_an_option_that_makes_no_sense_is_refused(arguments: list[str]) -> None:
    done = subprocess.run([*PROGRAM, "serve", *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "error: " in done.stderr.splitlines()[-1]


def test_a_missing_package_is_told_with_what_to_install() -> None:
    program = (
        "import sys; sys.modules['starlette'] = None; from sernet.runtime.cli import main; sys.exit(main(['serve']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == 'sernet-infer: error: starlette: not installed: pip install "sernet[serve]"\n'


def test_the_model_is_served_once_to_a_browser_that_keeps_it(server: Server) -> None:
    first = httpx.get(server.url("/model.tflite"))
    assert first.content == MODEL.read_bytes()
    again = httpx.get(server.url("/model.tflite"), headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_errors_are_json(server: Server) -> None:
    response = httpx.get(server.url("/nowhere"))
    assert (response.status_code, response.json()) == (404, {"error": "Not Found"})


FILES = {
    "index.html": ("<title>built</title>", "text/html; charset=utf-8"),
    "page.js": ("1", "text/javascript; charset=utf-8"),
    "wasm/litert.wasm": ("\0asm", "application/wasm"),
    "small.tflite": ("x", "application/octet-stream"),
    "app.webmanifest": ("{}", "application/manifest+json"),
}


def test_the_built_page_is_served_isolated_and_with_its_types(start_server: Start, tmp_path: Path) -> None:
    for name, (content, _) in FILES.items():
        (tmp_path / "dist" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "dist" / name).write_text(content)
    (tmp_path / "secret").write_text("secret")
    program = (
        "import sys, pathlib, sernet.runtime.serve.page as page;"
        f"page.FOLDER = pathlib.Path({str(tmp_path / 'dist')!r});"
        "from sernet.runtime.cli import main; sys.exit(main())"
    )
    with start_server(program=[sys.executable, "-c", program]) as server:
        for name, (content, kind) in FILES.items():
            response = httpx.get(server.url(f"/{'' if name == 'index.html' else name}"))
            assert (response.text, response.headers["content-type"]) == (content, kind)
            headers = response.headers
            assert headers["cross-origin-opener-policy"] == "same-origin"
            assert headers["cross-origin-embedder-policy"] == "require-corp"
            assert "//" not in headers["content-security-policy"]  # no other host
            assert "script-src 'self' 'wasm-unsafe-eval';" in headers["content-security-policy"]
        assert httpx.get(server.url("/model.tflite")).content == MODEL.read_bytes()  # before any file of the page
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(b"GET /../secret HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 404 ")


def test_health_tells_how_it_is(server: Server) -> None:
    with server.connect():
        told = httpx.get(server.url("/health")).json()
    assert told.pop("uptime_s") > 0
    assert told.pop("version")
    assert told == {"status": "ok", "model": "emodb-sernet-nano", "clients": 1, "max_clients": 64}


def test_metrics_can_be_read_by_prometheus_own_parser(server: Server) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    families = {
        family.name: family for family in text_string_to_metric_families(httpx.get(server.url("/metrics")).text)
    }
    for name in ("requests", "refused", "clients", "answers", "audio_seconds", "latency_seconds"):
        assert f"sernet_{name}" in families
    assert families["process_resident_memory_bytes"].samples[0].value > 0


def test_help_names_every_path() -> None:
    done = subprocess.run([*PROGRAM, "serve", "--help"], capture_output=True, text=True, timeout=60, check=True)
    for path in ("/predict", "/stream", "/model.tflite", "/health", "/metrics"):
        assert path in done.stdout
    assert "--token " not in done.stdout  # a command line can be read by everybody on the machine
