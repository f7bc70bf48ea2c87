"""Fetching EMO-DB from a real HTTP server on this machine: whole, cut off, killed, spoiled."""

import hashlib
import io
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sernet.runtime.errors import SernetError
from sernet.training.corpora import CORPORA
from sernet.training.corpora.fetch import fetch_emodb
from sernet.training.corpora.verify import verify

NAMES = [f"03a0{n}Fa.wav" for n in range(8)]


class Server(ThreadingHTTPServer):
    """Serves one archive; can ignore ranges, hang up after some bytes, or crawl."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.archive = b""
        self.knows_ranges = True
        self.hang_up_after: int | None = None
        self.pause_s = 0.0
        self.ranges: list[str | None] = []
        self.sent = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/download.zip"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        wanted = self.headers.get("Range")
        server.ranges.append(wanted)
        size = len(server.archive)
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and server.knows_ranges else 0
        if first >= size:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{size - 1}/{size}")
        self.send_header("Content-Length", str(size - first))
        self.end_headers()
        body = server.archive[first:][: server.hang_up_after]
        try:
            for start in range(0, len(body), 16_384):
                server.sent += self.wfile.write(body[start : start + 16_384])
                time.sleep(server.pause_s)
        except OSError:
            pass  # the client was killed
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def clips() -> dict[str, bytes]:
    """Eight noisy clips, which do not compress, by name."""
    rng = np.random.default_rng(0)
    clips = {}
    for name in NAMES:
        buffer = io.BytesIO()
        soundfile.write(buffer, rng.uniform(-0.5, 0.5, 16_000), 16_000, format="WAV")
        clips[name] = buffer.getvalue()
    return clips


@pytest.fixture(scope="module")
def checksums(clips: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in clips.items()}


def zipped(clips: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("erklaerung.txt", "what else is in the archive")
        for name, content in clips.items():
            archive.writestr(f"wav/{name}", content)
    return buffer.getvalue()


def assert_whole(folder: Path, clips: dict[str, bytes]) -> None:
    assert {path.name: path.read_bytes() for path in (folder / "wav").iterdir()} == clips
    assert [path.name for path in folder.iterdir()] == ["wav"]


def test_real_emodb_arrives_with_its_published_checksums(server: Server, emodb: Path, tmp_path: Path) -> None:
    server.archive = zipped({path.name: path.read_bytes() for path in (emodb / "wav").iterdir()})
    folder = fetch_emodb(tmp_path, sources=[server.url])
    result = verify(CORPORA["emodb"], folder)
    assert (result.clips, result.hashed, result.problems) == (535, 535, [])


def test_progress_ends_at_the_size_and_a_second_fetch_downloads_nothing(
    server: Server, clips: dict[str, bytes], checksums: dict[str, str], tmp_path: Path
) -> None:
    server.archive = zipped(clips)
    seen: list[tuple[int, int]] = []
    folder = fetch_emodb(
        tmp_path, sources=[server.url], checksums=checksums, progress=lambda done, total: seen.append((done, total))
    )
    assert_whole(folder, clips)
    assert seen[-1] == (len(server.archive), len(server.archive)) and seen == sorted(seen)
    fetch_emodb(tmp_path, sources=[server.url], checksums=checksums)
    assert server.ranges == [None]


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_transfer_that_was_cut_off_goes_on(
    server: Server, clips: dict[str, bytes], checksums: dict[str, str], tmp_path: Path, knows_ranges: bool
) -> None:
    server.archive = zipped(clips)
    server.knows_ranges = knows_ranges
    server.hang_up_after = 100_000
    with pytest.raises(SernetError, match=r"run it again to go on.*SERNET_DATA") as raised:
        fetch_emodb(tmp_path, sources=[server.url], checksums=checksums)
    assert "\n" not in str(raised.value)
    assert not list((tmp_path / "emodb").glob("**/*.wav"))
    (partial,) = (tmp_path / "emodb/.fetch").glob("*.part")
    kept = partial.stat().st_size
    assert kept > 0 and partial.read_bytes() == server.archive[:kept]
    server.hang_up_after, server.sent = None, 0
    seen: list[tuple[int, int]] = []
    folder = fetch_emodb(
        tmp_path, sources=[server.url], checksums=checksums, progress=lambda done, total: seen.append((done, total))
    )
    assert_whole(folder, clips)
    assert seen[-1] == (len(server.archive), len(server.archive))
    assert server.ranges == [None, f"bytes={kept}-"]
    assert server.sent == len(server.archive) - (kept if knows_ranges else 0)


def test_a_killed_download_goes_on(
    server: Server, clips: dict[str, bytes], checksums: dict[str, str], tmp_path: Path
) -> None:
    server.archive = zipped(clips)
    server.pause_s = 0.1
    program = (
        "import sys, pathlib; from sernet.training.corpora.fetch import fetch_emodb; "
        "fetch_emodb(pathlib.Path(sys.argv[1]), sources=[sys.argv[2]], checksums={'03a00Fa.wav': '0'})"
    )
    process = subprocess.Popen([sys.executable, "-c", program, tmp_path, server.url])
    deadline = time.monotonic() + 30
    while not any(part.stat().st_size for part in tmp_path.glob("emodb/.fetch/*.part")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    server.pause_s = 0.0
    assert_whole(fetch_emodb(tmp_path, sources=[server.url], checksums=checksums), clips)
    assert server.ranges[0] is None and (server.ranges[1] or "").startswith("bytes=")


def test_a_kill_between_the_last_byte_and_the_unpacking(
    server: Server, clips: dict[str, bytes], checksums: dict[str, str], tmp_path: Path
) -> None:
    server.archive = zipped(clips)
    server.hang_up_after = 100_000
    with pytest.raises(SernetError):
        fetch_emodb(tmp_path, sources=[server.url], checksums=checksums)
    (partial,) = (tmp_path / "emodb/.fetch").glob("*.part")
    partial.write_bytes(server.archive)
    assert_whole(fetch_emodb(tmp_path, sources=[server.url], checksums=checksums), clips)


def test_a_partial_file_of_another_archive_is_started_over(
    server: Server, clips: dict[str, bytes], checksums: dict[str, str], tmp_path: Path
) -> None:
    server.archive = zipped(clips)
    server.hang_up_after = 100_000
    with pytest.raises(SernetError):
        fetch_emodb(tmp_path, sources=[server.url], checksums=checksums)
    server.hang_up_after = None
    (partial,) = (tmp_path / "emodb/.fetch").glob("*.part")
    partial.write_bytes(bytes(len(server.archive) + 1))
    assert_whole(fetch_emodb(tmp_path, sources=[server.url], checksums=checksums), clips)
    assert server.ranges[-1] is None


def test_a_spoiled_clip_is_refused_by_name_and_the_others_are_kept(
    server: Server, clips: dict[str, bytes], checksums: dict[str, str], tmp_path: Path
) -> None:
    spoiled = clips[NAMES[3]][:-1] + bytes([clips[NAMES[3]][-1] ^ 1])
    server.archive = zipped(clips | {NAMES[3]: spoiled})
    with pytest.raises(SernetError, match=f"1 clips are missing or not the original, as {NAMES[3]}"):
        fetch_emodb(tmp_path, sources=[server.url], checksums=checksums)
    assert {path.name for path in (tmp_path / "emodb/wav").iterdir()} == set(NAMES) - {NAMES[3]}
    # The next run takes nothing from the spoiled archive.
    server.archive = zipped(clips)
    assert_whole(fetch_emodb(tmp_path, sources=[server.url], checksums=checksums), clips)


def test_bytes_spoiled_on_the_way_are_refused(
    server: Server, clips: dict[str, bytes], checksums: dict[str, str], tmp_path: Path
) -> None:
    archive = bytearray(zipped(clips))
    archive[archive.index(clips[NAMES[5]]) + 1000] ^= 1
    server.archive = bytes(archive)
    with pytest.raises(SernetError, match=NAMES[5]):
        fetch_emodb(tmp_path, sources=[server.url], checksums=checksums)
    assert not (tmp_path / "emodb/wav" / NAMES[5]).exists()


def test_the_next_source_delivers_what_the_first_did_not(
    server: Server, clips: dict[str, bytes], checksums: dict[str, str], tmp_path: Path
) -> None:
    with Server() as other:
        threading.Thread(target=other.serve_forever, args=(0.01,), daemon=True).start()
        server.archive = b"<html>The site has moved</html>"
        other.archive = zipped(clips)
        assert_whole(fetch_emodb(tmp_path, sources=[server.url, other.url], checksums=checksums), clips)
        other.shutdown()


def test_without_a_network_the_way_out_is_told(tmp_path: Path) -> None:
    with pytest.raises(SernetError, match=r"no connection.*SERNET_DATA") as raised:
        fetch_emodb(tmp_path, sources=["http://127.0.0.1:9/download.zip"])
    assert "\n" not in str(raised.value)


def test_an_unwritable_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SernetError, match="choose another folder with --data"):
        fetch_emodb(tmp_path / "file", sources=["http://127.0.0.1:9/download.zip"])
