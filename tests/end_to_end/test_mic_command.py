"""`sernet-infer mic` as its users run it: answers, exit codes, one line for what goes wrong."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

RATE = 16000
PROGRAM = [sys.executable, "-m", "sernet.runtime.cli"]
EVERYTHING = ["--vad", "off"]  # windows without speech too are named as `file` names them


def run(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, timeout=60, **options)


@pytest.fixture(scope="module")
def recording(speech: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the same samples as `speech.raw` and `speech.wav`."""
    folder = tmp_path_factory.mktemp("recording")
    samples = np.rint(speech * 32767).astype("<i2")
    (folder / "speech.raw").write_bytes(samples.tobytes())
    soundfile.write(folder / "speech.wav", samples, RATE)
    return folder


def without_circumstances(line: str) -> dict[str, Any]:
    names = {"file", "event", "steady_label", "level_dbfs", "voice", "latency_ms", "dropped", "overruns"}
    return {name: value for name, value in json.loads(line).items() if name not in names}


@pytest.mark.parametrize("source", ["command", "standard input"])
def test_live_answers_are_those_of_the_file(bundle: Path, recording: Path, source: str) -> None:
    raw = recording / "speech.raw"
    if source == "command":
        live = run("mic", *EVERYTHING, "--json", "--model", bundle, "--hop", "0.25", "--mic-command", f"cat {raw}")
    else:
        with raw.open("rb") as file:
            live = run("mic", *EVERYTHING, "--model", bundle, "--hop", "0.25", "--device", "-", stdin=file)
    whole = run("file", "--json", "--windows", "--hop", "0.25", "--model", bundle, recording / "speech.wav")
    assert (live.returncode, whole.returncode) == (0, 0), live.stderr + whole.stderr
    answers = [without_circumstances(line) for line in live.stdout.splitlines()]
    assert answers == [without_circumstances(line) for line in whole.stdout.splitlines()]
    assert len({answer["label"] for answer in answers}) >= 3
    assert {json.loads(line)["dropped"] for line in live.stdout.splitlines()} == {0}


def test_the_level_is_that_of_the_window_s_last_hop(bundle: Path, recording: Path) -> None:
    """A hop that is no multiple of a block: the window's end lies inside one."""
    hop = 5000
    done = run("mic", "--model", bundle, "--hop", str(hop / RATE), "--mic-command", f"cat {recording}/speech.raw")
    samples = np.fromfile(recording / "speech.raw", "<i2") / 32768
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) > 10
    for line in lines:
        end = round(line["end_s"] * RATE)
        power = np.mean(samples[end - hop : end] ** 2)
        assert line["level_dbfs"] == pytest.approx(10 * np.log10(max(power, 1e-12)), abs=0.001)


def test_seconds_end_the_stream_and_a_short_one_gets_one_answer(bundle: Path) -> None:
    done = run("mic", "--model", bundle, "--seconds", "0.33", "--mic-command", "cat /dev/zero")
    assert done.returncode == 0, done.stderr
    (answer,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert (answer["start_s"], answer["end_s"], answer["level_dbfs"]) == (0, 0.33, -120)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--mic-command", "sernet-no-such-program"], 3, "sernet-no-such-program: cannot be started"),
        (["--mic-command", "sh -c 'echo device is busy >&2; exit 1'"], 3, "device is busy"),
        (["--device", "-"], 3, "standard input: ended without any audio"),
        (["--device", "77777"], 3, "install one of"),
        (["--mic-command", "sh -c 'head -c 3200 /dev/zero; sleep 60'"], 4, "no audio for 2 s"),
    ],
)
def test_a_source_that_fails_is_one_line_and_an_exit_code(
    bundle: Path, arguments: list[str], code: int, says: str
) -> None:
    done = run("mic", "--model", bundle, *arguments, stdin=subprocess.DEVNULL)
    assert done.returncode == code
    line = done.stderr.splitlines()[-1]
    assert line.startswith("sernet-infer: error: ")
    assert says in line
    assert "Traceback" not in done.stderr


def test_no_microphone_at_all_says_what_to_install(bundle: Path) -> None:
    nowhere = {"PATH": "/nowhere", "PULSE_SERVER": "unix:/nowhere", "HOME": "/nowhere"}
    done = run("mic", "--model", bundle, env=nowhere)
    if done.returncode == 0 or "listening" in done.stderr:
        pytest.skip("this machine has a microphone that needs no sound server")
    assert done.returncode == 3
    assert all(package in done.stderr for package in ("libportaudio2", "pulseaudio-utils", "alsa-utils"))
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("option", ["--hop", "--seconds"])
@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "soon"])
def test_a_length_of_time_that_is_none_is_refused(bundle: Path, option: str, value: str) -> None:
    done = run("mic", "--model", bundle, f"{option}={value}", "--mic-command", "cat /dev/zero")
    assert done.returncode == 2
    assert option in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_it_and_its_recorder(bundle: Path, tmp_path: Path, number: signal.Signals, code: int) -> None:
    command = f"sh -c 'echo $$ > {tmp_path}/recorder; exec cat /dev/zero'"
    live = subprocess.Popen(
        [*PROGRAM, "mic", "--model", bundle, "--mic-command", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert live.stdout and live.stderr
    assert json.loads(live.stdout.readline())["start_s"] == 0  # at once, not when a buffer is full
    live.send_signal(number)
    _, stderr = live.communicate(timeout=20)
    assert live.returncode == code
    assert "Traceback" not in stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "recorder").read_text()), 0)


def test_a_terminal_gets_the_meter(bundle: Path, recording: Path) -> None:
    terminal, inner = pty.openpty()
    live = subprocess.Popen(
        [*PROGRAM, "mic", "--model", bundle, "--mic-command", f"cat {recording}/speech.raw"],
        stdout=inner,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(inner)
    output = b""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            output += os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
    os.close(terminal)
    assert live.wait(timeout=10) == 0
    text = output.decode()
    for part in ("level", "dBFS", "anger", "sadness", "now", "━"):
        assert part in text
    assert "{" not in text


def test_devices_lists_the_recorders_on_the_path(tmp_path: Path) -> None:
    recorder = tmp_path / "arecord"
    recorder.write_text("#!/bin/sh\n")
    recorder.chmod(0o755)
    environment = {"PATH": str(tmp_path), "PULSE_SERVER": "unix:/nowhere", "HOME": "/nowhere"}
    text, as_json = run("devices", env=environment), run("devices", "--json", env=environment)
    assert (text.returncode, as_json.returncode) == (0, 0), text.stderr + as_json.stderr
    assert f"arecord  ({recorder};" in text.stdout
    assert json.loads(as_json.stdout)["recorders"] == {"arecord": str(recorder)}


def test_devices_without_any_says_what_to_install() -> None:
    done = run("devices", env={"PATH": "/nowhere", "PULSE_SERVER": "unix:/nowhere", "HOME": "/nowhere"})
    if done.returncode == 0:
        pytest.skip("this machine has a microphone that needs no sound server")
    assert done.returncode == 3
    assert "libportaudio2" in done.stderr
    assert done.stderr.count("\n") == 1
