"""Live sources with real child processes and a real pipe on standard input."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soxr

from sernet.runtime.errors import SernetError
from sernet.runtime.sources import audio_source
from sernet.runtime.sources.audio_source import AudioSource, DeviceLostError, NoDeviceError
from sernet.runtime.sources.microphone import open_source
from sernet.runtime.sources.pcm_source import ChildProcess
from sernet.runtime.sources.sound_device import resampled

RATE = 16000
BLOCK = round(audio_source.BLOCK_S * RATE)
PCM = np.random.default_rng(3).integers(-32768, 32768, 100_001).astype("<i2")  # longer than the backlog


def record(source: AudioSource) -> np.ndarray:
    blocks = list(source)
    assert all(block.dtype == np.float32 and block.ndim == 1 for block in blocks)
    return np.concatenate(blocks)


def python_command(program: str) -> str:
    return f'"{sys.executable}" -c "{program}"'


def test_a_command_gives_every_sample_even_to_a_slow_reader(tmp_path: Path) -> None:
    (tmp_path / "a b.raw").write_bytes(PCM.tobytes())
    with open_source(None, f"cat '{tmp_path}/a b.raw'", RATE) as source:
        time.sleep(0.3)  # more than the backlog is waiting by now
        samples = record(source)
    assert np.array_equal(samples, PCM / np.float32(32768))
    assert source.overruns == 0


def test_half_a_sample_at_the_end_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(PCM[:1000].tobytes() + b"\x7f")
    with open_source(None, f"cat {tmp_path}/a.raw", RATE) as source:
        assert np.array_equal(record(source), PCM[:1000] / np.float32(32768))


def test_bytes_that_come_in_odd_pieces_make_the_same_samples() -> None:
    program = (
        "import sys, time; data = bytes(range(256)) * 4\n"
        "for i in range(0, 1024, 333): sys.stdout.buffer.write(data[i : i + 333]); sys.stdout.flush(); time.sleep(0.02)"
    )
    with open_source(None, python_command(program), RATE) as source:
        samples = record(source)
    assert np.array_equal(samples, np.frombuffer(bytes(range(256)) * 4, "<i2") / np.float32(32768))


def test_standard_input_gives_every_sample() -> None:
    program = (
        "import numpy, sys; from sernet.runtime.sources.microphone import open_source\n"
        "with open_source('-', None, 16000) as source: samples = numpy.concatenate(list(source))\n"
        "sys.stdout.buffer.write((samples * 32768).astype('<i2').tobytes())"
    )
    done = subprocess.run([sys.executable, "-c", program], input=PCM.tobytes() + b"\0", capture_output=True, check=True)
    assert done.stdout == PCM.tobytes()
    assert done.stderr == b""


def test_empty_standard_input_is_told() -> None:
    program = "from sernet.runtime.sources.microphone import open_source\nwith open_source('-', None, 16000): pass"
    done = subprocess.run([sys.executable, "-c", program], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert "NoDeviceError: standard input: ended without any audio" in done.stderr


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("sernet-no-such-program --rate 16000", "sernet-no-such-program: cannot be started: No such file or directory"),
        ("sh -c 'echo first >&2; echo device is busy >&2; exit 1'", "sh: ended with exit code 1: device is busy"),
        ("sh -c 'kill -9 $$'", "sh: ended by SIGKILL"),
        ("true", "true: ended without any audio"),
    ],
)
def test_a_command_without_audio_says_why(command: str, says: str) -> None:
    with pytest.raises(NoDeviceError) as caught, open_source(None, command, RATE):
        pass
    assert str(caught.value) == says
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("command", ["", "cat 'unclosed"])
def test_a_command_that_is_no_command_is_refused(command: str) -> None:
    with pytest.raises(SernetError, match="--mic-command"), open_source(None, command, RATE):
        pass


def test_a_command_that_never_starts_to_record_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio_source, "FIRST_BLOCK_S", 0.3)
    with (
        pytest.raises(DeviceLostError, match=r"sleep: no audio for 0\.3 s") as caught,
        open_source(None, "sleep 60", RATE),
    ):
        pass
    assert caught.value.exit_code == 4


def test_a_command_that_stalls_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio_source, "NEXT_BLOCK_S", 0.3)
    with open_source(None, f"sh -c 'head -c {2 * 2 * BLOCK} /dev/zero; sleep 60'", RATE) as source:
        blocks = iter(source)
        assert [len(next(blocks)), len(next(blocks))] == [BLOCK, BLOCK]
        with pytest.raises(DeviceLostError, match=r"sh: no audio for 0\.3 s"):
            next(blocks)


def test_a_command_that_fails_midway_is_lost_after_its_audio() -> None:
    heard = 0
    with (
        pytest.raises(DeviceLostError, match="sh: ended with exit code 3: unplugged"),
        open_source(None, "sh -c 'head -c 4000 /dev/zero; echo unplugged >&2; exit 3'", RATE) as source,
    ):
        for block in source:
            heard += len(block)
    assert heard == 2000


def test_a_recorder_that_ends_by_itself_is_lost() -> None:
    recorder = ChildProcess(["head", "-c", "3200", "/dev/zero"], "head", RATE, live=True)
    with pytest.raises(DeviceLostError, match="head: ended with exit code 0"), recorder:
        record(recorder)


def test_a_recorder_is_drained_and_what_is_dropped_is_counted() -> None:
    recorder = ChildProcess(["head", "-c", str(2 * BLOCK * 100), "/dev/zero"], "head", RATE, live=True)
    with recorder:
        time.sleep(0.5)  # we are busy; the recorder is not held up
        backlog = round(audio_source.BACKLOG_S / audio_source.BLOCK_S)
        with pytest.raises(DeviceLostError):
            record(recorder)
    assert 100 - backlog - 1 <= recorder.overruns < 100
    assert recorder.dropped == BLOCK * recorder.overruns


def test_overruns_that_the_recorder_reports_are_counted() -> None:
    program = "echo 'overrun!!! (at least 12.3 ms long)' >&2; head -c 1600 /dev/zero; sleep 0.2"
    with ChildProcess(["sh", "-c", program], "arecord", RATE, live=False) as source:
        record(source)
    assert (source.overruns, source.dropped) == (1, round(0.0123 * RATE))


def test_a_recorder_that_runs_at_another_rate_is_refused() -> None:
    """The words are arecord's own: it warns, and records at the wrong rate."""
    warning = "Warning: rate is not accurate (requested = 16000Hz, got = 44100Hz)"
    program = f"echo '{warning}' >&2; sleep 60"
    with (
        pytest.raises(NoDeviceError, match="rate is not accurate"),
        ChildProcess(["sh", "-c", program], "x", RATE, live=True),
    ):
        pass


def is_running(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def within_a_second(condition: Callable[[], bool]) -> bool:
    return any(condition() or time.sleep(0.02) for _ in range(50))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")
def test_leaving_stops_the_command_what_it_started_and_the_threads(tmp_path: Path) -> None:
    threads = threading.active_count()
    command = f"sh -c 'cat /dev/zero & echo $$ $! > {tmp_path}/processes; cat /dev/zero; wait'"
    with open_source(None, command, RATE):
        processes = (tmp_path / "processes").read_text().split()
        assert len(processes) == 2
        assert all(is_running(process) for process in processes)
    assert within_a_second(lambda: not any(is_running(process) for process in processes))
    assert within_a_second(lambda: threading.active_count() <= threads)


@pytest.mark.parametrize("rate", [8000, 44100, 48000])
def test_resampled_blocks_equal_the_resampled_whole(rate: int) -> None:
    whole = np.random.default_rng(1).uniform(-1, 1, 3 * rate).astype(np.float32)
    blocks = np.split(whole, np.arange(rate // 20, len(whole), rate // 20))
    joined = np.concatenate(list(resampled(blocks, rate, RATE)))
    assert np.array_equal(joined, soxr.resample(whole, rate, RATE, quality="HQ"))
