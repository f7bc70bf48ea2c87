"""Streams whose source fails, and devices whose clock is off; sources are real programs."""

import shlex
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
import soundfile
from websockets.sync.server import Server, serve

from sernet.runtime import load_bundle
from sernet.runtime.live.device_clock import DeviceClock
from sernet.runtime.live.events import Interruption, LiveAnswer
from sernet.runtime.live.session import LiveSession, LiveSettings
from sernet.runtime.live.stream import LiveStream
from sernet.runtime.sources.audio_source import AudioSource, DeviceLostError
from sernet.runtime.sources.file_source import FileSource
from sernet.runtime.sources.microphone import open_source

RATE = 16000


def program(folder: Path, failures: int, samples: int) -> str:
    """A recorder that gives so many samples; the first times it then fails."""
    code = (
        "import pathlib, sys\n"
        f"count = pathlib.Path({str(folder / 'count')!r}); number = int(count.read_text()) if count.exists() else 0\n"
        "count.write_text(str(number + 1))\n"
        f"sys.stdout.buffer.write(bytes({2 * samples})); sys.stdout.flush()\n"
        f"if number < {failures}: sys.exit('cable pulled')"
    )
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"


def test_a_source_that_fails_twice_is_opened_again_and_every_sample_counts(tmp_path: Path) -> None:
    samples = 5 * RATE
    command = program(tmp_path, 2, samples)
    session = LiveSession(load_bundle(), LiveSettings(vad="off"))
    blocks: list[int] = []
    stream = LiveStream(
        lambda: open_source(None, command, RATE),
        session,
        sample_rate=RATE,
        retry=True,
        on_block=lambda block: blocks.append(len(block)),
    )
    events = list(stream.events())
    told = [event for event in events if isinstance(event, Interruption)]
    assert [event.lost_s is None for event in told] == [True, False, True, False]
    assert all("cable pulled" in event.reason for event in told)
    assert [event.at_s for event in told] == [5, 5, 10, 10]
    assert sum(blocks) == 3 * samples and session.heard_s == 15
    answers = [event for event in events if isinstance(event, LiveAnswer)]
    starts = [answer.recognition.start_s for answer in answers]
    assert starts == sorted(starts) and {0.0, 5.0, 10.0} <= set(starts), "each time windows begin anew"


def test_a_source_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    recording = tmp_path / "late.raw"
    session = LiveSession(load_bundle(), LiveSettings(vad="off"))

    def source() -> AbstractContextManager[AudioSource]:
        return open_source(None, f"cat {recording}", RATE)

    events = []
    for event in LiveStream(source, session, sample_rate=RATE, retry=True).events():
        recording.write_bytes(bytes(2 * RATE))
        events.append(event)
    missing, there, answer = events
    assert isinstance(missing, Interruption) and isinstance(there, Interruption) and isinstance(answer, LiveAnswer)
    assert "No such file" in missing.reason and missing.lost_s is None
    assert there.lost_s is not None and 0 < there.lost_s < 60
    assert answer.recognition.end_s == 1


def test_without_retry_a_lost_source_is_an_error(tmp_path: Path) -> None:
    session = LiveSession(load_bundle(), LiveSettings(vad="off"))
    stream = LiveStream(lambda: open_source(None, program(tmp_path, 1, 4 * RATE), RATE), session, sample_rate=RATE)
    events = stream.events()
    with pytest.raises(DeviceLostError, match="cable pulled"):
        list(events)


@pytest.mark.parametrize(("realtime", "least_s"), [(True, 0.6), (False, 0.0)])
def test_a_file_is_a_source_at_its_own_pace_or_at_once(tmp_path: Path, realtime: bool, least_s: float) -> None:
    samples = np.random.default_rng(0).integers(-9000, 9000, round(0.7 * RATE)).astype("<i2")
    soundfile.write(tmp_path / "a.wav", samples, RATE)
    began = time.monotonic()
    with FileSource(tmp_path / "a.wav", RATE, realtime=realtime) as source:
        given = np.concatenate(list(source))
    np.testing.assert_array_equal(given, samples / np.float32(32768))
    assert time.monotonic() - began >= least_s


def serve_websocket(pieces: list[bytes | str], code: int) -> tuple[Server, str]:

    def handler(connection) -> None:
        for piece in pieces:
            connection.send(piece)
        connection.close(code)

    server = serve(handler, "127.0.0.1", 0)
    return server, f"ws://127.0.0.1:{server.socket.getsockname()[1]}"


@pytest.mark.parametrize("code", [1000, 1011])
def test_a_websocket_is_a_source_whose_end_is_its_own_or_a_loss(code: int) -> None:
    import threading

    from sernet.runtime.sources.websocket_source import WebsocketSource

    pcm = np.random.default_rng(1).integers(-32768, 32768, RATE).astype("<i2")
    data = pcm.tobytes()
    server, url = serve_websocket(["hello", data[:1001], data[1001:1002], data[1002:20000], data[20000:]], code)
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        given: list[np.ndarray] = []
        source: AudioSource
        with WebsocketSource(url, RATE) as source:
            if code == 1000:
                given.extend(source)
            else:
                with pytest.raises(DeviceLostError, match="the connection broke"):
                    given.extend(source)
        np.testing.assert_array_equal(np.concatenate(given), pcm / np.float32(32768))
        server.shutdown()


def told(rate_error: float, *, jump_s: float = 0.0, seconds: int = 300) -> list[float]:
    """What the clock tells of a device whose rate is off, with blocks that come up to 80 ms late."""
    generator = np.random.default_rng(0)
    clock, found = DeviceClock(RATE), []
    for number in range(1, 20 * seconds):
        recorded_at = number * 0.05 / (1 + rate_error) + (jump_s if number > 3000 else 0)
        drift_s = clock.after(800, 1000 + recorded_at + generator.exponential(0.02))
        if drift_s is not None:
            found.append(drift_s)
    return found


def test_a_device_s_clock_is_told_when_it_is_off_and_not_when_blocks_are_only_late() -> None:
    assert told(0.0) == [] and told(50e-6) == [], "a good clock"
    slow, fast = told(-3e-3), told(3e-3)
    assert len(slow) == len(fast) == 3 and slow == sorted(slow) and fast == sorted(fast, reverse=True)
    assert slow[0] == pytest.approx(0.27, abs=0.03) and fast[0] == pytest.approx(-0.27, abs=0.03)
    (jump,) = told(0.0, jump_s=0.5)
    assert jump == pytest.approx(0.5, abs=0.03), "samples that were lost without a word"
