"""A real clip to speak, a small network that tells its parts from one another, and a sound server of our own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sernet.runtime.audio_file import read_audio
from sernet.runtime.bundle import Manifest, pack_bundle
from sernet.runtime.front_end import FrontEnd

RATE = 16000
LABELS = ("anger", "fear", "happiness", "neutral", "sadness")


def wait_until(condition: Callable[[], bool], what: str, patience_s: float = 20) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {patience_s:g} s in vain until {what}"
        time.sleep(0.05)


class SoundServer:
    """A private PulseAudio daemon with one null sink, whose monitor is the default source; a context manager.

    `environment` is that in which programs find it.
    """

    MONITOR = "speaker.monitor"

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o700)
        self._folder, self._socket = folder, folder / "socket"
        own = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "PULSE_SERVER": f"unix:{self._socket}"}
        self.environment = os.environ | own

    def __enter__(self) -> "SoundServer":
        modules = (
            f"module-null-sink sink_name=speaker rate={RATE} channels=2 format=s16le",
            f"module-native-protocol-unix socket={self._socket} auth-anonymous=1",
        )
        options = ["--daemonize=no", "-n", "--use-pid-file=no", "--exit-idle-time=-1", "--disable-shm=yes"]
        command = ["pulseaudio", *options, *(word for module in modules for word in ("-L", module))]
        with (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        wait_until(lambda: self.run("pactl", "info").returncode == 0, "PulseAudio answers")
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def kill(self) -> None:
        """As a crash would; entering starts another daemon in the same place."""
        self.process.kill()
        self.process.wait()
        self._socket.unlink(missing_ok=True)

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60)

    def listen(self, place: Path, *options: str | Path) -> "Listener":
        """`sernet-infer mic --json` with these options, listening; it writes beside `place`."""
        return Listener(place, self.environment, *options)

    def hears_through_portaudio(self) -> bool:
        command = [sys.executable, "-m", "sernet.runtime.cli", "devices", "--json"]
        return bool(json.loads(self.run(*command).stdout)["inputs"])


class Listener:
    """A running `sernet-infer mic`."""

    def __init__(self, place: Path, environment: dict[str, str], *options: str | Path) -> None:
        self.output, self.errors = place.with_suffix(".jsonl"), place.with_suffix(".err")
        command = [sys.executable, "-m", "sernet.runtime.cli", "mic", "--json", *options]
        with self.output.open("wb") as output, self.errors.open("wb") as errors:
            self.process = subprocess.Popen(command, env=environment, stdout=output, stderr=errors)
        wait_until(lambda: "listening" in self.errors.read_text() or self.process.poll() is not None, "it listens")
        assert self.process.poll() is None, self.errors.read_text()

    def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """What it has told so far; with `kind`, of that kind."""
        lines = self.output.read_text().splitlines(keepends=True)
        events = [json.loads(line) for line in lines if line.endswith("\n")]
        return [event for event in events if kind in (None, event["event"])]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=20)


@pytest.fixture(scope="session")
def sound_server() -> type[SoundServer]:
    """What starts a sound server in a folder."""
    if not all(map(shutil.which, ("pulseaudio", "pactl", "parec", "paplay"))):
        pytest.skip("needs the Debian packages pulseaudio, pulseaudio-utils, libportaudio2 and libasound2-plugins")
    return SoundServer


@pytest.fixture(scope="session", name="wait_until")
def waiting() -> Callable[..., None]:
    """``wait_until(condition, what)``: fails when it waits in vain."""
    return wait_until


@pytest.fixture(scope="session")
def speech(request: pytest.FixtureRequest) -> np.ndarray:
    """About 3 s at 16 kHz, with 2 s of silence at both ends: an EMO-DB clip, else a voice-like signal."""
    try:
        corpus: Path = request.getfixturevalue("emodb")
        voice = read_audio(corpus / "wav" / "03a01Fa.wav")
    except pytest.skip.Exception:
        voice = _voice_like(3 * RATE)
    silence = np.zeros(2 * RATE, np.float32)
    return np.concatenate([silence, voice, silence])


def _voice_like(samples: int) -> np.ndarray:
    time = np.arange(samples) / RATE
    phase = 2 * np.pi * np.cumsum(170 + 60 * np.sin(2 * np.pi * 0.7 * time)) / RATE
    harmonics = sum(np.sin(k * phase) / k for k in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * 2.3 * time), 0, None) * (0.3 + 0.7 * time / time[-1])
    return (0.4 * syllables * harmonics).astype(np.float32)


@pytest.fixture(scope="session")
def bundle(speech: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with a window of 1 s. Its random network is centred on `speech`, so that the windows' labels differ."""
    import keras
    import tensorflow as tf

    front_end = FrontEnd()
    features = np.stack([front_end.features(speech[k : k + RATE]) for k in range(0, len(speech) - RATE, RATE // 4)])
    keras.utils.set_random_seed(1)
    inputs = keras.Input((*features.shape[1:], 1))
    hidden = keras.layers.Conv2D(16, (5, 5), activation="relu")(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(hidden)
    means = keras.Model(inputs, pooled).predict(features[..., None], verbose=0)
    weights = np.random.default_rng(1).standard_normal((16, len(LABELS))) / means.std(axis=0).mean()
    dense = keras.layers.Dense(len(LABELS), activation="softmax")
    model = keras.Model(inputs, dense(pooled))
    dense.set_weights([weights, -means.mean(axis=0) @ weights])

    path = tmp_path_factory.mktemp("bundle") / "windows.tflite"
    manifest = Manifest("windows", LABELS, front_end, window_s=1.0, quantisation="float32")
    path.write_bytes(pack_bundle(tf.lite.TFLiteConverter.from_keras_model(model).convert(), manifest))
    return path
