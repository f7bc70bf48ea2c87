"""A server in a process of its own, as its users start it."""

import contextlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.sync.client import ClientConnection, connect

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PROGRAM = [sys.executable, "-m", "sernet.runtime.cli"]
MODEL = REPOSITORY / "models" / "emodb-nano-int8.tflite"
RATE = 16000


@dataclass
class Server:
    """A running server."""

    process: subprocess.Popen[str]
    address: str
    stderr: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def url(self, path: str) -> str:
        """Through this machine's own address, wherever it listens."""
        scheme = self.address.partition(":")[0]
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def connect(self, query: str = "", **options: Any) -> ClientConnection:
        """A websocket to /stream."""
        return connect(self.url(f"/stream{query}").replace("http", "ws", 1), proxy=None, **options)

    def counted(self, sample: str, **headers: str) -> float:
        """A line of /metrics; 0 when it is not there yet."""
        text = httpx.get(self.url("/metrics"), headers=headers).text
        found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def resident_mb(self) -> float:
        """Memory that the process holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024


def environment(**changes: str | None) -> dict[str, str]:
    """This one's, without a token unless one is given."""
    merged: dict[str, str | None] = {**os.environ, "SERNET_TOKEN": None, **changes}
    return {name: value for name, value in merged.items() if value is not None}


@contextlib.contextmanager
def start(
    *arguments: str | Path, program: list[str] | None = None, exit_code: int = 0, **variables: str | None
) -> Iterator[Server]:
    """A server with the nano model on a free port, until the block ends or it is ended there."""
    command = [*(program or PROGRAM), "serve", "--port", "0", "--model", MODEL, *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment(**variables))
    try:
        assert process.stderr
        server = Server(process, "")
        for line in process.stderr:
            server.stderr.append(line)
            if found := re.search(r"^serving \S+ on (\S+); Ctrl-C stops$", line):
                server.address = found[1]
                break
        assert server.address, server.stderr
        reader = threading.Thread(target=lambda: server.stderr.extend(process.stderr or ()), daemon=True)
        reader.start()
        yield server
        process.terminate()
        assert process.wait(timeout=20) == exit_code, server.stderr
        reader.join(timeout=5)
        assert not any("Traceback" in line or "rror" in line for line in server.stderr), server.stderr
    finally:
        process.kill()
        process.wait()


Start = Callable[..., AbstractContextManager[Server]]


@pytest.fixture(scope="session")
def start_server() -> Start:
    """`with start_server("--max-clients", "2") as server:`"""
    return start


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server with its defaults."""
    with start() as running:
        yield running


@pytest.fixture(scope="session")
def samples(voice: Callable[..., np.ndarray]) -> np.ndarray:
    """Seven seconds, int16: voice, two seconds of silence, another voice."""
    parts = [voice(2.5, seed=1), np.zeros(2 * RATE, np.float32), voice(2.5, pitch=240.0, seed=2)]
    return np.rint(np.concatenate(parts) * 32767).astype("<i2")
