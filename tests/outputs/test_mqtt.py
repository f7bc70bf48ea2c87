"""MQTT with a real mosquitto: what arrives, in which order, and what is told when the broker is away."""

import json
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from sernet.runtime.bundle import load_bundle
from sernet.runtime.live.events import Interruption
from sernet.runtime.live.session import LiveSession
from sernet.runtime.outputs import mqtt
from sernet.runtime.outputs.broker import broker_at
from sernet.runtime.outputs.mqtt import Mqtt

from .conftest import answer
from .mosquitto import PROGRAM, Ear, Mosquitto, wait_until

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="needs a broker: apt install mosquitto")

ANYBODY = "allow_anonymous true"


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Starts a broker with these lines of configuration."""
    with ExitStack() as stack:

        def start(*options: str) -> Mosquitto:
            broker = Mosquitto(tmp_path, *options)
            stack.callback(broker.stop)
            broker.start()
            return broker

        yield start


@pytest.fixture
def hears() -> Iterator[Callable[..., Ear]]:
    """Subscribes to a port."""
    with ExitStack() as stack:

        def subscribe(*arguments: object) -> Ear:
            ear = Ear(*arguments)  # pyright: ignore[reportArgumentType]
            stack.callback(ear.stop)
            return ear

        yield subscribe


def output(port: int, queue: int = 1000, user: str = "") -> Mqtt:
    return Mqtt(broker_at(f"mqtt://{user}127.0.0.1:{port}/home/study"), queue)


def numbers(ear: Ear) -> list[int]:
    """Which of the answers arrived, in order, without those that came twice."""
    return list(dict.fromkeys(round(json.loads(text)["start_s"]) for text in ear.payloads("home/study/event")))


def test_the_events_of_a_stream_arrive_in_order_and_the_last_answer_stays(
    started: Callable[..., Mosquitto], hears: Callable[..., Ear], voice: Callable[..., np.ndarray]
) -> None:
    broker = started(ANYBODY)
    ear = hears(broker.port)
    session = LiveSession(load_bundle(None))
    with output(broker.port) as output_:
        events = []
        for block in np.array_split(voice(8), 160):
            for event in session.accept(block):
                events.append(event)
                output_.event(event)
        output_.event(gone := Interruption(session.heard_s, "gone", None))
    assert len(events) > 5
    wait_until(lambda: "offline" in ear.payloads("home/study/availability"), "the goodbye arrives")
    arrived = [json.loads(text) for text in ear.payloads("home/study/event")]
    for message in arrived:
        assert abs(datetime.now(UTC) - datetime.fromisoformat(message.pop("time"))) < timedelta(minutes=5)
    assert arrived == [event.to_json() for event in [*events, gone]]
    assert ear.payloads("home/study/availability") == ["online", "offline"]
    late = hears(broker.port, "late")
    wait_until(lambda: len(late.heard) >= 2, "retained messages arrive")
    (state,) = late.payloads("home/study/state")
    assert json.loads(state).items() >= events[-1].to_json().items()
    assert late.payloads("home/study/availability") == ["offline"]
    assert not late.payloads("home/study/event")


@pytest.mark.parametrize("persistence", ["off", "on"])
def test_nothing_is_lost_when_the_broker_dies_and_comes_back(
    persistence: str,
    started: Callable[..., Mosquitto],
    hears: Callable[..., Ear],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Once with a message under way, twice in all. A broker that forgets lets us in only after its subscriber."""
    monkeypatch.setenv("SERNET_MQTT_PASSWORD", "secret")
    monkeypatch.setattr(mqtt, "_PATIENCE_S", 60.0)
    users = tmp_path / "users"
    let_in(users, "ear", "mic")
    persisting = [
        "persistence true",
        f"persistence_location {tmp_path}/",
        "autosave_on_changes true",
        "autosave_interval 1",
    ]
    broker = started(f"password_file {users}", *(persisting if persistence == "on" else ["persistence false"]))
    ear = hears(broker.port, "ear", "secret")
    with output(broker.port, queue=300, user="mic@") as output_:
        sent = 0
        for under_way in (True, False):
            for _ in range(50):
                output_.event(answer(sent))
                sent += 1
            wait_until(lambda sent=sent: len(numbers(ear)) == sent, "events arrive")
            if under_way:
                broker.signal(signal.SIGSTOP)
                output_.event(answer(sent))
                sent += 1
            broker.signal(signal.SIGKILL)
            wait_until(lambda: not ear.subscribed.is_set(), "the subscriber notices")
            if persistence == "off":
                let_in(users, "ear")
            for _ in range(150):
                output_.event(answer(sent))
                sent += 1
            broker.start()
            wait_until(ear.subscribed.is_set, "the subscriber is back")
            let_in(users, "ear", "mic")
            broker.signal(signal.SIGHUP)
    wait_until(lambda: len(numbers(ear)) >= sent, "all events arrive")
    assert numbers(ear) == list(range(sent))
    told = capfd.readouterr().err
    assert told.count("connection lost; trying again") == told.count(": connected") == 2
    assert "not delivered" not in told


def let_in(users: Path, *names: str) -> None:
    """Make these the broker's users, with the password `secret`; it reads them when it starts, or on SIGHUP."""
    users.write_text("".join(f"{name}:secret\n" for name in names))
    subprocess.run(["mosquitto_passwd", "-U", users], check=True)


def test_beyond_the_queue_the_oldest_are_dropped_and_counted_and_nobody_waits(
    started: Callable[..., Mosquitto],
    hears: Callable[..., Ear],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(mqtt, "_PATIENCE_S", 60.0)
    broker = started(ANYBODY)
    ear = hears(broker.port)
    with output(broker.port, queue=100) as output_:
        wait_until(lambda: ear.payloads("home/study/availability"), "it connects")
        broker.signal(signal.SIGSTOP)
        for number in range(20_000):
            output_.event(answer(number))
        broker.signal(signal.SIGCONT)
    wait_until(lambda: numbers(ear)[-1:] == [19_999], "the newest arrives")
    arrived = numbers(ear)
    assert arrived == sorted(arrived)
    assert arrived[-100:] == list(range(19_900, 20_000))
    assert len(arrived) <= 102  # one was under way, or two
    assert capfd.readouterr().err.splitlines() == [
        f"mqtt://127.0.0.1:{broker.port}: 100 events wait; the oldest are dropped",
        f"mqtt://127.0.0.1:{broker.port}: events not delivered: {20_000 - len(arrived)}",
    ]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mqtt://no-such-host.invalid", "cannot be reached: "),
        ("mqtt://127.0.0.1:1", "cannot be reached: Connection refused; trying again"),
    ],
)
def test_a_broker_that_cannot_be_reached_is_told_once(
    url: str, says: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mqtt, "_PATIENCE_S", 4.0)  # long enough for a second try
    with Mqtt(broker_at(url), 10) as output_:
        output_.event(answer(0))
    first, last = capfd.readouterr().err.splitlines()
    assert says in first and first.endswith("; trying again")
    assert last.endswith(": events not delivered: 1")


def test_a_broker_that_starts_late_gets_what_waited(
    started: Callable[..., Mosquitto], hears: Callable[..., Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "_PATIENCE_S", 60.0)
    broker = started(ANYBODY, "persistence false")
    broker.signal(signal.SIGKILL)
    with output(broker.port) as output_:
        output_.event(answer(0))
        broker.start()
    late = hears(broker.port)
    wait_until(lambda: late.payloads("home/study/state"), "the state arrives")


def test_refused_credentials_are_told_once_and_good_ones_are_taken(
    started: Callable[..., Mosquitto],
    hears: Callable[..., Ear],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    let_in(tmp_path / "users", "ear", "mic")
    broker = started(f"password_file {tmp_path}/users")
    ear = hears(broker.port, "ear", "secret")
    monkeypatch.setattr(mqtt, "_PATIENCE_S", 4.0)
    monkeypatch.setenv("SERNET_MQTT_PASSWORD", "wrong")
    with output(broker.port, user="mic@") as output_:
        output_.event(answer(0))
    assert capfd.readouterr().err.splitlines() == [
        f"mqtt://127.0.0.1:{broker.port}: refuses us: Not authorized; trying again",
        f"mqtt://127.0.0.1:{broker.port}: events not delivered: 1",
    ]
    monkeypatch.setattr(mqtt, "_PATIENCE_S", 60.0)
    monkeypatch.setenv("SERNET_MQTT_PASSWORD", "secret")
    with output(broker.port, user="mic@") as output_:
        output_.event(answer(1))
    wait_until(lambda: numbers(ear) == [1], "the event arrives")
    assert capfd.readouterr().err == ""


def test_a_certificate_that_nobody_vouches_for_is_refused_and_one_s_own_can_be_trusted(
    started: Callable[..., Mosquitto],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout {tmp_path}/key.pem -out {tmp_path}/cert.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    broker = started(ANYBODY, f"certfile {tmp_path}/cert.pem", f"keyfile {tmp_path}/key.pem")
    url = f"mqtts://127.0.0.1:{broker.port}"
    monkeypatch.setattr(mqtt, "_PATIENCE_S", 4.0)
    with Mqtt(broker_at(url), 10) as output_:
        output_.event(answer(0))
    first, _ = capfd.readouterr().err.splitlines()
    assert "certificate verify failed" in first
    monkeypatch.setattr(mqtt, "_PATIENCE_S", 60.0)
    monkeypatch.setenv(ssl.get_default_verify_paths().openssl_cafile_env, str(tmp_path / "cert.pem"))
    with Mqtt(broker_at(url), 10) as output_:
        output_.event(answer(0))
    assert capfd.readouterr().err == ""


def test_the_broker_says_offline_for_a_program_that_was_killed(
    started: Callable[..., Mosquitto], hears: Callable[..., Ear]
) -> None:
    broker = started(ANYBODY)
    ear = hears(broker.port)
    program = f"""
import time
from sernet.runtime.outputs.broker import broker_at
from sernet.runtime.outputs.mqtt import Mqtt
with Mqtt(broker_at("mqtt://127.0.0.1:{broker.port}/home/study"), 10):
    time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", program]) as publisher:
        wait_until(lambda: ear.payloads("home/study/availability") == ["online"], "it connects")
        publisher.kill()
    wait_until(lambda: ear.payloads("home/study/availability") == ["online", "offline"], "the will arrives")
