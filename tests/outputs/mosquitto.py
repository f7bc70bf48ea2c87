"""A real broker that can die, and a subscriber that notes what it hears."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

PROGRAM = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
WAIT_S = 60.0


def wait_until(happened: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not happened():
        assert time.monotonic() < deadline, f"{what}: not within {WAIT_S:g} s"
        time.sleep(0.01)


def _free_port() -> int:
    """One that nobody is given while the broker is away: below those of the system, and a test process's own."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for port in random.sample(range(20000 + 1000 * worker, 21000 + 1000 * worker), 100):
        with socket.socket() as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                free.bind(("127.0.0.1", port))
                return port
    raise AssertionError("no free port")


class Mosquitto:
    """A broker on a free port of this machine; `options` are more lines of its configuration."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port: int = _free_port()
        self.folder = folder
        self._process: subprocess.Popen | None = None
        lines = [f"listener {self.port} 127.0.0.1", "user root", *options]
        # Nothing that was receipted waits in the broker: what it would lose is not what is tested.
        lines += ["max_inflight_messages 0", "max_queued_messages 0"]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        log = (self.folder / "mosquitto.log").open("a")
        command = [str(PROGRAM), "-c", str(self.folder / "mosquitto.conf")]
        self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(self._listens, "the broker starts")

    def signal(self, number: signal.Signals) -> None:
        assert self._process
        self._process.send_signal(number)
        if number == signal.SIGKILL:
            self._process.wait(timeout=WAIT_S)
            self._process = None

    def stop(self) -> None:
        if self._process:
            self.signal(signal.SIGKILL)

    def _listens(self) -> bool:
        assert self._process and self._process.poll() is None, (self.folder / "mosquitto.log").read_text()
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", self.port)) == 0


class Ear:
    """Hears every topic, with a session that outlives its connection."""

    def __init__(self, port: int, name: str = "ear", password: str | None = None) -> None:
        self.heard: list[MQTTMessage] = []
        self.subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
        if password:
            self._client.username_pw_set(name, password)
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = lambda *_: self.subscribed.set()
        self._client.on_disconnect = lambda *_: self.subscribed.clear()
        self._client.on_message = lambda client, userdata, message: self.heard.append(message)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()
        wait_until(self.subscribed.is_set, "the subscriber subscribes")

    def _subscribe(self, client: Client, *_: object) -> None:
        client.subscribe("#", qos=1)

    def payloads(self, topic: str) -> list[str]:
        return [message.payload.decode() for message in self.heard if message.topic == topic]

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
