"""`sernet-infer mic --utterances` through a real sound server: clips with pauses between them, and a server that dies.

The labels are those that `sernet-infer file` gives the clips. They are clips about which the model is sure: the gate
cuts them a little differently, and what is on the edge may fall to either side.
"""

import json
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
CLIPS = ["03a01Wa", "08a02Tb", "11b02Na", "13a04La", "16a05Fa", "09a04Fa"]
"""Anger, sadness, neutral, boredom, happiness, happiness, as the actors meant them."""
LISTENERS = {"sounddevice": [], "parec": ["--device", "speaker.monitor"]}


@pytest.fixture(scope="module")
def clips(emodb: Path) -> list[tuple[Path, str]]:
    """Three clips of different emotions with the label that the program gives each, all of them sure."""
    paths = [emodb / "wav" / f"{name}.wav" for name in CLIPS if (emodb / "wav" / f"{name}.wav").exists()]
    command = [sys.executable, "-m", "sernet.runtime.cli", "file", "--json", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    answers = {}
    for path, line in zip(paths, done.stdout.splitlines(), strict=True):
        answer = json.loads(line)
        if max(answer["probabilities"].values()) > 0.7:
            answers.setdefault(answer["label"], path)
    assert len(answers) >= 3, f"sure of too few: {answers}"
    return [(path, label) for label, path in answers.items()][:3]


def with_pauses(paths: list[Path]) -> np.ndarray:
    pause = np.zeros(3 * RATE // 2, np.float32)
    return np.concatenate(
        [part for path in paths for part in (pause, soundfile.read(path, dtype="float32")[0])] + [pause]
    )


def labels(listener: Any) -> list[str]:
    return [event["label"] for event in listener.events("utterance")]


@pytest.mark.parametrize("name", LISTENERS)
def test_clips_with_pauses_are_utterances_with_the_labels_of_the_files(
    sound_server, wait_until, clips: list[tuple[Path, str]], tmp_path: Path, name: str
) -> None:
    (tmp_path / "pulse").mkdir()
    sound = with_pauses([path for path, _ in clips])
    soundfile.write(tmp_path / "clips.wav", sound, RATE)
    with sound_server(tmp_path / "pulse") as server:
        if name == "sounddevice" and not server.hears_through_portaudio():
            pytest.skip("PortAudio lists no input: install libportaudio2 and libasound2-plugins")
        listener = server.listen(tmp_path / name, "--utterances", *LISTENERS[name])
        assert server.run("paplay", tmp_path / "clips.wav").returncode == 0
        wait_until(lambda: len(labels(listener)) >= len(clips), "every clip has its utterance")
        listener.stop()
    assert listener.process.returncode == 130, listener.errors.read_text()
    assert labels(listener) == [label for _, label in clips]
    events = listener.events("utterance")
    assert {(event["dropped"], event["overruns"]) for event in events} == {(0, 0)}
    lengths = [event["end_s"] - event["start_s"] for event in events]
    spoken = [soundfile.info(path).duration for path, _ in clips]
    assert lengths == pytest.approx(spoken, abs=0.6), "an utterance is its clip, with a little silence before it"
    latencies = [event["latency_ms"] for event in events]
    print(f"answers {np.median(latencies):.1f} ms after the gate closed (median of {len(latencies)})")
    assert np.median(latencies) <= 150


@pytest.mark.parametrize("name", LISTENERS)
def test_a_sound_server_that_dies_and_returns_is_told_and_later_clips_are_right(
    sound_server, wait_until, clips: list[tuple[Path, str]], tmp_path: Path, name: str
) -> None:
    (tmp_path / "pulse").mkdir()
    for number, (path, _) in enumerate(clips):
        soundfile.write(tmp_path / f"{number}.wav", with_pauses([path]), RATE)
    with sound_server(tmp_path / "pulse") as server:
        if name == "sounddevice" and not server.hears_through_portaudio():
            pytest.skip("PortAudio lists no input: install libportaudio2 and libasound2-plugins")
        listener = server.listen(tmp_path / name, "--utterances", "--retry", *LISTENERS[name])
        assert server.run("paplay", tmp_path / "0.wav").returncode == 0
        wait_until(lambda: len(labels(listener)) == 1, "the first clip has its utterance")
        server.kill()
        killed_at = time.monotonic()
        wait_until(lambda: len(listener.events("interruption")) == 1, "the loss is told")
        told_s = time.monotonic() - killed_at
        time.sleep(1)
        server.__enter__()
        wait_until(lambda: listener.events("interruption")[-1]["lost_s"] is not None, "it listens again", 60)
        for number in (1, 2):
            assert server.run("paplay", tmp_path / f"{number}.wav").returncode == 0
        wait_until(lambda: len(labels(listener)) == len(clips), "every clip has its utterance")
        listener.stop()
    assert labels(listener) == [label for _, label in clips]
    lost, *_, back = listener.events("interruption")
    assert lost["lost_s"] is None and back["lost_s"] > 1 and back["reason"]
    assert lost["at_s"] == back["at_s"] <= listener.events("utterance")[1]["start_s"], "the stream's time goes on"
    print(f"{name}: told {told_s:.1f} s after the server died")
    assert told_s < 5, "a loss is told within 3 s, on a machine that is not too busy"
    assert "Traceback" not in listener.errors.read_text()


@pytest.mark.parametrize("name", LISTENERS)
def test_a_sound_server_that_is_starved_is_told_and_heard_again(
    sound_server, wait_until, clips: list[tuple[Path, str]], tmp_path: Path, name: str
) -> None:
    (tmp_path / "pulse").mkdir()
    path, label = clips[0]
    soundfile.write(tmp_path / "clip.wav", with_pauses([path]), RATE)
    with sound_server(tmp_path / "pulse") as server:
        if name == "sounddevice" and not server.hears_through_portaudio():
            pytest.skip("PortAudio lists no input: install libportaudio2 and libasound2-plugins")
        listener = server.listen(tmp_path / name, "--utterances", "--retry", *LISTENERS[name])
        server.process.send_signal(signal.SIGSTOP)
        stopped_at = time.monotonic()
        wait_until(lambda: listener.events("interruption"), "the silence is told")
        told_s = time.monotonic() - stopped_at
        server.process.send_signal(signal.SIGCONT)
        wait_until(lambda: listener.events("interruption")[-1]["lost_s"] is not None, "it listens again", 60)
        assert server.run("paplay", tmp_path / "clip.wav").returncode == 0
        wait_until(lambda: labels(listener), "the clip has its utterance")
        listener.stop()
    print(f"{name}: told {told_s:.1f} s after the server stopped")
    assert "no audio for 2 s" in listener.events("interruption")[0]["reason"]
    assert labels(listener) == [label]
    assert told_s < 5, "a loss is told within 3 s, on a machine that is not too busy"
