"""`sernet-infer mic` through a real sound server: what it hears is what was played, at the right rate, level and time.

A private PulseAudio daemon has one null sink, whose monitor is the default source. A stereo recording is played into
the sink while `sernet-infer mic` listens in two ways, and while `parec` captures the same monitor for the test. The
capture is the reference: what the daemon may do to the sound is in it too. Where in the capture each listener began is
found from the levels it reports; then its answers must be those of `sernet-infer file` on the capture from there on.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from sernet.runtime.normalisation import NEPERS_PER_DB
from sernet.runtime.profile import load_profile

RATE = 16000
HOP_S = 0.25
HOP = round(HOP_S * RATE)
# What `mic` is told, so that it listens through PortAudio, and through `parec`, which alone knows the monitor's name.
LISTENERS = {"sounddevice": [], "parec": ["--device", "speaker.monitor"]}
PROGRAM = [sys.executable, "-m", "sernet.runtime.cli"]
LEVEL_TOLERANCE_DB = 0.005
PROBABILITY_TOLERANCE = 0.001


@dataclass
class Session:
    played: np.ndarray
    """(samples, 2), int16."""
    captured: np.ndarray
    """(samples, 2), int16, from before the listeners began until after they ended."""
    listeners: dict[str, Any]


@pytest.fixture(scope="module")
def session(
    sound_server, wait_until, speech: np.ndarray, bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Session]:
    """Play once while every listener listens. The channels differ, so that taking one for both is noticed."""
    folder = tmp_path_factory.mktemp("session")
    played = np.rint(32767 * np.stack([speech, 0.5 * speech[::-1]], axis=1)).astype("<i2")
    played[:, 1] += (played[:, 0] + played[:, 1]) % 2  # an even sum: the channels' average is exact in 16 bit too
    soundfile.write(folder / "played.wav", played, RATE)
    with sound_server(tmp_path_factory.mktemp("pulse")) as server, (folder / "captured.raw").open("wb") as captured:
        format_options = ["--raw", "--format=s16le", f"--rate={RATE}", "--channels=2", "--latency-msec=50"]
        command = ["parec", *format_options, f"--device={server.MONITOR}"]
        capture = subprocess.Popen(command, env=server.environment, stdout=captured)
        wait_until(lambda: (folder / "captured.raw").stat().st_size > 0, "parec captures")
        names = [name for name in LISTENERS if name != "sounddevice" or server.hears_through_portaudio()]
        options = ["--vad", "off", "--model", bundle, "--hop", str(HOP_S)]
        listeners = {name: server.listen(folder / name, *options, *LISTENERS[name]) for name in names}
        play = server.run("paplay", folder / "played.wav")
        assert play.returncode == 0, play.stderr
        time.sleep(0.5)
        for listener in listeners.values():
            listener.stop()
        time.sleep(0.2)  # the capture outlasts the listeners
        capture.terminate()
        capture.wait(timeout=10)
        yield Session(played, np.fromfile(folder / "captured.raw", "<i2").reshape(-1, 2), listeners)


def levels_dbfs(energy: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Level of the hop before each of `ends`; `energy` is the running sum of squared samples."""
    return 10 * np.log10(np.maximum((energy[ends] - energy[ends - HOP]) / HOP, 1e-12))


def beginning(mono: np.ndarray, answers: list[dict[str, Any]]) -> tuple[int, float]:
    """At which sample of `mono` a listener began, and the worst difference of its levels in dB from there on."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(mono, dtype=np.float64))])
    ends = np.array([round(answer["end_s"] * RATE) for answer in answers])
    reported = np.array([answer["level_dbfs"] for answer in answers])
    starts = np.arange(len(energy) - ends[-1])
    assert len(starts), "the listener heard more than the capture holds: its rate is wrong"
    worst = np.zeros(len(starts))
    for end, level in zip(ends, reported, strict=True):
        worst = np.maximum(worst, np.abs(levels_dbfs(energy, starts + end) - level))
    return int(worst.argmin()), float(worst.min())


def test_the_capture_holds_what_was_played(session: Session) -> None:
    for channel in (0, 1):
        played, captured = (sound[:, channel].astype(float) for sound in (session.played, session.captured))
        size = len(played) + len(captured)
        product = np.fft.irfft(np.fft.rfft(captured, size) * np.conj(np.fft.rfft(played, size)), size)
        correlation = product.max() / (np.linalg.norm(played) * np.linalg.norm(captured))
        assert correlation > 0.9


@pytest.mark.parametrize("name", LISTENERS)
def test_live_answers_match_those_of_the_file(session: Session, bundle: Path, tmp_path: Path, name: str) -> None:
    if name not in session.listeners:
        pytest.skip("PortAudio lists no input: install libportaudio2 and libasound2-plugins")
    listener = session.listeners[name]
    assert listener.process.returncode == 130, listener.errors.read_text()
    assert name in listener.errors.read_text()
    live = listener.events()
    assert len(live) >= (len(session.played) - RATE) / HOP, "answers are missing"  # the first one after a window of 1 s
    assert {answer["dropped"] for answer in live} == {0}

    mono = session.captured.mean(axis=1) / 32768
    start, worst_db = beginning(mono, live)
    told = f"{name} began at sample {start} of the capture; levels differ by {worst_db:.4f} dB at most"
    print(told)
    assert worst_db <= LEVEL_TOLERANCE_DB, f"{told}, tolerance {LEVEL_TOLERANCE_DB} dB"

    heard = tmp_path / "heard.wav"
    soundfile.write(heard, mono[start:], RATE, subtype="PCM_24")
    file_command = [*PROGRAM, "file", "--json", "--windows", "--hop", str(HOP_S), "--model", bundle, heard]
    done = subprocess.run(file_command, capture_output=True, text=True, timeout=60, check=True)
    whole = [json.loads(line) for line in done.stdout.splitlines()][: len(live)]
    assert [(answer["start_s"], answer["end_s"]) for answer in live] == [(x["start_s"], x["end_s"]) for x in whole]
    differences = [
        abs(answer["probabilities"][label] - probability)
        for answer, expected in zip(live, whole, strict=True)
        for label, probability in expected["probabilities"].items()
    ]
    compared = f"probabilities differ by {max(differences):.5f} at most, tolerance {PROBABILITY_TOLERANCE}"
    print(compared)
    assert max(differences) <= PROBABILITY_TOLERANCE, compared
    for answer, expected in zip(live, whole, strict=True):
        first, second, *_ = sorted(expected["probabilities"].values(), reverse=True)
        if first - second > 2 * PROBABILITY_TOLERANCE:  # else the tolerance leaves the label open
            assert answer["label"] == expected["label"]
    assert len({answer["label"] for answer in live}) > 1, "a recording with one label would prove nothing"


@pytest.mark.parametrize("name", LISTENERS)
def test_a_sound_server_that_goes_is_a_lost_device(
    sound_server, wait_until, bundle: Path, tmp_path: Path, name: str
) -> None:
    with sound_server(tmp_path) as server:
        if name == "sounddevice" and not server.hears_through_portaudio():
            pytest.skip("PortAudio lists no input: install libportaudio2 and libasound2-plugins")
        listener = server.listen(tmp_path / name, "--model", bundle, *LISTENERS[name])
        wait_until(lambda: len(listener.events()) > 0, "the first answer")
        server.process.kill()
        assert listener.process.wait(timeout=20) == 4, listener.errors.read_text()
    last = listener.errors.read_text().splitlines()[-1]
    assert last.startswith("sernet-infer: error: ")
    assert "Traceback" not in listener.errors.read_text()


REFUSED_RATE = 500_000  # PulseAudio stops at 384 kHz
RECORD_A_SECOND = f"""
import itertools, numpy
from sernet.runtime.sources.sound_device import SoundDevice
with SoundDevice(None, {REFUSED_RATE}) as source:
    blocks = list(itertools.islice(source, 60))
samples = numpy.concatenate(blocks)[-{REFUSED_RATE}:]
spectrum = numpy.abs(numpy.fft.rfft(samples * numpy.hanning(len(samples))))
print(source._device_rate, len(samples), spectrum.argmax(), numpy.sqrt(2 * numpy.mean(samples**2)))
"""


def test_a_device_that_refuses_the_rate_is_resampled(sound_server, tmp_path: Path) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(20 * RATE) / RATE)
    soundfile.write(tmp_path / "tone.wav", tone, RATE)
    with sound_server(tmp_path) as server:
        if not server.hears_through_portaudio():
            pytest.skip("PortAudio lists no input: install libportaudio2 and libasound2-plugins")
        play = subprocess.Popen(["paplay", tmp_path / "tone.wav"], env=server.environment)
        time.sleep(1)
        done = server.run(sys.executable, "-c", RECORD_A_SECOND)
        play.terminate()
        play.wait(timeout=10)
    assert done.returncode == 0, done.stderr
    device_rate, count, hz, amplitude = map(float, done.stdout.split())
    assert device_rate < REFUSED_RATE
    assert count == REFUSED_RATE
    assert hz == pytest.approx(1000, abs=2)
    assert amplitude == pytest.approx(0.5, rel=0.02)


def test_an_owner_enrols_through_the_sound_server(
    sound_server, wait_until, normalising_bundle: Path, voice, tmp_path: Path
) -> None:
    """The profile is that of the played recording; the seconds that nobody spoke in are not counted."""
    spoken = voice(13.5, seed=6)
    soundfile.write(tmp_path / "spoken.wav", spoken, RATE)
    live, recorded = tmp_path / "live.json", tmp_path / "recorded.json"
    enroll = [*PROGRAM, "enroll", "--model", normalising_bundle, "--out"]
    with sound_server(tmp_path) as server, (tmp_path / "errors").open("wb") as errors:
        command = [*enroll, live, "--seconds", "10", "--device", server.MONITOR]
        listener = subprocess.Popen(command, env=server.environment, stdout=subprocess.DEVNULL, stderr=errors)
        wait_until(lambda: "listening" in (tmp_path / "errors").read_text(), "it listens")
        play = subprocess.Popen(["paplay", tmp_path / "spoken.wav"], env=server.environment)
        assert listener.wait(timeout=30) == 0, (tmp_path / "errors").read_text()
        play.terminate()
        play.wait(timeout=10)
    subprocess.run([*enroll, recorded, "--file", tmp_path / "spoken.wav"], check=True, capture_output=True)
    one, other = load_profile(live), load_profile(recorded)
    assert 10 <= one.speech_s < 10.6
    means = [profile.heard.total / profile.heard.frames for profile in (one, other)]
    worst = np.abs(means[0] - means[1]).max() / NEPERS_PER_DB
    assert worst < 1.0, f"band means differ by {worst:.2f} dB at most, tolerance 1 dB"
