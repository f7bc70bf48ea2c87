"""Who is served: the token, TLS, and a browser at the command of another page."""

import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from websockets.exceptions import InvalidStatus

from tests.serve.conftest import MODEL, PROGRAM, Server, Start, environment

TOKEN = "correct-horse-battery-staple_42"
WRONG = "correct-horse-battery-staple_43"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def open_server(start_server: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that other machines can reach."""
    file = tmp_path_factory.mktemp("token") / "token"
    file.write_text(TOKEN + "\n")
    with start_server("--host", "0.0.0.0", "--token-file", file) as running:
        yield running


@pytest.mark.parametrize("path", ["/predict", "/model.tflite", "/metrics"])
@pytest.mark.parametrize(
    "headers", [{}, bearer(WRONG), {"Authorization": "Bearer"}, {"Authorization": f"Basic {TOKEN}"}]
)
def test_without_the_token_nothing_is_told(open_server: Server, path: str, headers: dict[str, str]) -> None:
    method = "POST" if path == "/predict" else "GET"
    response = httpx.request(method, open_server.url(f"{path}?token={TOKEN}"), headers=headers)
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert "token" in response.json()["error"]


def test_with_the_token_everything_is(open_server: Server) -> None:
    assert httpx.get(open_server.url("/model.tflite"), headers=bearer(TOKEN)).content == MODEL.read_bytes()
    assert httpx.post(open_server.url("/predict"), headers=bearer(TOKEN)).status_code == 400  # it holds no audio
    assert open_server.counted('sernet_refused_total{reason="unauthorised"}', **bearer(TOKEN)) > 0


def test_health_says_only_that_it_lives_unless_the_token_is_shown(open_server: Server) -> None:
    assert httpx.get(open_server.url("/health")).json() == {"status": "ok"}
    known = httpx.get(open_server.url("/health"), headers=bearer(TOKEN)).json()
    assert (known["model"], known["clients"], known["max_clients"]) == ("emodb-sernet-nano", 0, 64)


@pytest.mark.parametrize(
    ("query", "options", "spoken"),
    [
        ("", {"additional_headers": bearer(TOKEN)}, None),
        (f"?token={TOKEN}", {}, None),
        ("", {"subprotocols": ["sernet", TOKEN]}, "sernet"),
        ("", {"subprotocols": [TOKEN]}, TOKEN),
    ],
)
def test_a_stream_shows_the_token(
    open_server: Server, query: str, options: dict[str, object], spoken: str | None
) -> None:
    with open_server.connect(query, **options) as client:
        assert client.subprotocol == spoken
        client.send(bytes(100))
        client.send("end")
        assert list(client) == []


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("", {}),
        (f"?token={WRONG}", {}),
        ("?token=", {}),
        ("", {"additional_headers": bearer(WRONG)}),
        ("", {"subprotocols": ["sernet", WRONG]}),
    ],
)
def test_a_stream_without_the_token_is_refused_in_the_handshake(
    open_server: Server, query: str, options: dict[str, object]
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        open_server.connect(query, **options)
    assert refused.value.response.status_code == 401
    assert "token" in json.loads(refused.value.response.body)["error"]


def test_a_token_of_any_bytes_is_no_reason_to_fail(open_server: Server) -> None:
    lines = [b"GET /stream?token=%ff%00 HTTP/1.1", b"Host: x", b"Connection: Upgrade", b"Upgrade: websocket"]
    lines += [b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="]
    lines += [b"Authorization: Bearer \xff", b"Cookie: sernet_token=\xff"]
    with socket.create_connection(("127.0.0.1", open_server.port), timeout=20) as client:
        client.sendall(b"\r\n".join([*lines, b"", b""]))
        assert client.recv(65536).startswith(b"HTTP/1.1 401 ")


def test_a_browser_that_opens_the_page_with_the_token_keeps_it(open_server: Server) -> None:
    with httpx.Client(base_url=open_server.url("")) as browser:
        assert browser.get(f"/?token={WRONG}").status_code == 200  # the page, but nothing else
        assert browser.get("/model.tflite").status_code == 401
        opened = browser.get(f"/?token={TOKEN}")
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        assert {"HttpOnly", "SameSite=strict"} <= set(opened.headers["set-cookie"].split("; "))
        assert browser.get("/model.tflite").status_code == 200
        cookie = {"Cookie": f"sernet_token={browser.cookies['sernet_token']}"}
        with open_server.connect(additional_headers=cookie) as client:
            client.send("end")


def test_on_this_machine_other_pages_are_refused(server: Server) -> None:
    here = f"127.0.0.1:{server.port}"
    others = [{"Origin": origin} for origin in ("https://example.org", "null", f"http://127.0.0.1:{server.port + 1}")]
    others.append({"Host": "example.org"})  # its owner says that it is this machine
    others += [{"Host": "["}, {"Host": ""}, {"Origin": "http://["}, {"Origin": "//"}]
    for headers in others:
        assert httpx.post(server.url("/predict"), headers=headers).status_code == 403
    for headers in others[:3]:
        with pytest.raises(InvalidStatus) as refused:
            server.connect(additional_headers=headers)
        assert refused.value.response.status_code == 403
    for headers in ({"Origin": f"http://{here}"}, {"Host": f"localhost:{server.port}"}, {"Host": "[::1]"}):
        assert httpx.post(server.url("/predict"), headers=headers).status_code == 400  # it holds no audio
    server.connect(additional_headers={"Origin": f"http://{here}"}).close()


def test_a_cookie_is_not_taken_from_another_page(open_server: Server) -> None:
    """A browser sends it along for every page of the same host, whatever its port."""
    cookie = {"Cookie": f"sernet_token={TOKEN}"}
    url = open_server.url("/predict")
    own = f"http://127.0.0.1:{open_server.port}"
    assert httpx.post(url, headers=cookie | {"Origin": "http://127.0.0.1:1"}).status_code == 403
    assert httpx.post(url, headers=cookie | {"Origin": own}).status_code == 400  # it holds no audio
    assert httpx.post(url, headers=bearer(TOKEN) | {"Origin": "http://127.0.0.1:1"}).status_code == 400


def test_a_token_is_asked_for_on_this_machine_too_when_there_is_one(start_server: Start) -> None:
    with start_server(SERNET_TOKEN=TOKEN) as server:
        assert httpx.post(server.url("/predict")).status_code == 401
        assert httpx.post(server.url("/predict"), headers=bearer(TOKEN)).status_code == 400
        assert httpx.get(server.url("/metrics")).status_code == 200
        assert httpx.get(server.url("/health")).json()["clients"] == 0


def refused_start(*arguments: str | Path, **variables: str) -> str:
    command = [*PROGRAM, "serve", "--port", "0", "--model", MODEL, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment(**variables))
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("sernet-infer: error: ")
    assert TOKEN not in line
    return line


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_other_machines_are_not_let_in_without_a_token(host: str) -> None:
    line = refused_start("--host", host)
    assert "--token-file" in line and "SERNET_TOKEN" in line


@pytest.mark.parametrize("content", [b"", b"short", b"with a blank in the middle of it", b"\xff" * 30, None])
def test_what_is_no_token_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    assert str(file) in refused_start("--token-file", file)


def test_an_unusable_token_in_the_environment_is_refused() -> None:
    assert "SERNET_TOKEN does not hold a token" in refused_start(SERNET_TOKEN="")


def make_certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=sernet", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-out", certificate, "-keyout", key], check=True, capture_output=True)
    return certificate, key


def test_tls_is_spoken_and_nothing_else(start_server: Start, samples: np.ndarray, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    trust = ssl.create_default_context(cafile=certificate)
    with start_server("--certificate", certificate, "--key", key) as server:
        assert server.address.startswith("https://127.0.0.1:")
        assert httpx.get(server.url("/health"), verify=trust).json()["status"] == "ok"
        with server.connect(ssl=trust) as client:
            client.send(samples[:100000].tobytes())
            client.send("end")
            assert json.loads(next(iter(client)))["end_s"] == 3
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://127.0.0.1:{server.port}/health")
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(server.url("/health"))


def test_an_open_server_without_tls_says_so(open_server: Server) -> None:
    assert open_server.stderr[0].startswith("without --certificate ")


def test_a_certificate_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    (tmp_path / "other").mkdir()
    _, other = make_certificate(tmp_path / "other")
    assert "give both" in refused_start("--certificate", certificate)
    assert "No such file" in refused_start("--certificate", certificate, "--key", tmp_path / "none.pem")
    assert "MISMATCH" in refused_start("--certificate", certificate, "--key", other)
    subprocess.run(["openssl", "ec", "-in", key, "-aes256", "-passout", "pass:x", "-out", other], check=True)
    assert "password" in refused_start("--certificate", certificate, "--key", other)
