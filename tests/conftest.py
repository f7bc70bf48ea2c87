"""Shared fixtures: the real corpora, where they are to be had."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

# Tests that run in the background inherit an ignored Ctrl-C, and so would the programs they interrupt.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

RATE = 16000
REPOSITORY = Path(__file__).resolve().parent.parent


def real_corpus(name: str) -> Path:
    """Folder of a real corpus, or skip the test with a message that says how to give one."""
    root = Path(os.environ.get("SERNET_DATA", REPOSITORY.parent / "shared" / "data")).resolve()
    if not (root / name).is_dir():
        pytest.skip(f"{name} is not at {root / name}: point SERNET_DATA at a folder that holds it")
    return root / name


@pytest.fixture(autouse=True)
def nobody_has_enrolled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the profile of whoever runs the tests out of them."""
    monkeypatch.setenv("SERNET_PROFILE", str(REPOSITORY / "build" / "nobody.json"))


@pytest.fixture(scope="session")
def emodb() -> Path:
    """EMO-DB: `wav/` and `SHA256SUMS`."""
    return real_corpus("emodb")


@pytest.fixture(scope="session")
def ravdess() -> Path:
    """RAVDESS speech, 16 kHz FLAC: `Actor_01/` to `Actor_24/`."""
    return real_corpus("ravdess")


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """Packages of the phone's page, as its lock file says; skips without node or npm, or where no registry answers."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: on Debian, apt install nodejs npm")
    web, lock = REPOSITORY / "runtime" / "web", REPOSITORY / "build" / "npm.lock"
    folder = web / "node_modules"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:  # two test processes share the folder
        fcntl.flock(file, fcntl.LOCK_EX)
        installed = folder / ".package-lock.json"
        if not installed.exists() or installed.stat().st_mtime < (web / "package-lock.json").stat().st_mtime:
            install = ["npm", "ci", "--no-audit", "--no-fund"]
            done = subprocess.run(install, cwd=web, capture_output=True, text=True, timeout=300)
            if done.returncode:
                pytest.skip(f"npm cannot install the page's packages: {done.stderr.strip().splitlines()[-1]}")
            installed.touch()
    return folder


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser's program, or skip the test."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return Path(found)
    pytest.skip("Chromium is not installed: on Debian, apt install chromium")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this tree but not inside it: an earlier or another build's files would get into it."""
    folder = tmp_path_factory.mktemp("wheel")
    places = folder / "places.cfg"
    places.write_text(f"[build]\nbuild_base = {folder}/build\n[egg_info]\negg_base = {folder}\n")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, REPOSITORY]
    subprocess.run(build, check=True, capture_output=True, env=os.environ | {"DIST_EXTRA_CONFIG": str(places)})
    return next(folder.glob("sernet-*.whl"))


TINY_LABELS = {"low": 200.0, "high": 900.0}
TINY_SETTINGS = ["--preset", "quick", "--epochs", "4", "-id", "1", "--batch-size", "8", "-v", "false"]


def write_tiny_corpus(folder: Path, *, speakers: int = 4, clips: int = 4, seconds: float = 1.0) -> Path:
    """Write a corpus of two "emotions" that differ in pitch, as WAV files with a manifest; returns the folder."""
    generator = np.random.default_rng(0)
    lines = ["path,label,speaker,sentence"]
    folder.mkdir(parents=True, exist_ok=True)
    for speaker in range(speakers):
        for label, pitch in TINY_LABELS.items():
            for clip in range(clips):
                length = round(RATE * seconds * generator.uniform(0.7, 1.3))
                phase = 2 * np.pi * pitch * (1 + 0.05 * speaker) * np.arange(length) / RATE
                waveform = 0.3 * np.sign(np.sin(phase)) + 0.02 * generator.standard_normal(length)
                name = f"s{speaker}_{label}_{clip}.wav"
                soundfile.write(folder / name, waveform, RATE, subtype="PCM_16")
                lines.append(f"{name},{label},s{speaker},{clip}")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="session")
def tiny_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 32 short clips of 4 speakers, 2 labels."""
    return write_tiny_corpus(tmp_path_factory.mktemp("tiny") / "corpus")


@pytest.fixture(scope="session")
def tiny_run(tiny_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished training run on the tiny corpus: 1 s clips, a few epochs."""
    from sernet.cli import main

    folder = tmp_path_factory.mktemp("tiny-run") / "run"
    assert main(["train", "--dataset", str(tiny_corpus), "--out", str(folder), *TINY_SETTINGS]) == 0
    return folder


Voice = Callable[..., np.ndarray]
"""`voice(seconds, pitch=170.0, seed=0)`: (samples,), float32, peak 0.4."""


@pytest.fixture(scope="session")
def voice() -> Voice:
    """Something like speech that needs no corpus: harmonics of a wandering pitch, three syllables a second, breath."""

    def speak(seconds: float, pitch: float = 170.0, seed: int = 0) -> np.ndarray:
        generator = np.random.default_rng(seed)
        time = np.arange(round(seconds * RATE)) / RATE
        knots = np.arange(0, seconds + 0.4, 0.3)
        wander = np.interp(time, knots, generator.normal(0, 0.15, len(knots)))
        phase = 2 * np.pi * np.cumsum(pitch * np.exp(wander)) / RATE
        tilt = np.exp(-np.arange(1, 21) / generator.uniform(3, 6))
        harmonics = sum(weight * np.sin(k * phase) for k, weight in enumerate(tilt, start=1))
        syllables = 0.02 + np.clip(np.sin(2 * np.pi * 3 * time + seed) + 0.5, 0, None)
        sound = syllables * (harmonics + 0.02 * generator.standard_normal(len(time)))
        return (0.4 * sound / np.abs(sound).max() + 1e-4 * generator.standard_normal(len(time))).astype(np.float32)

    return speak


@pytest.fixture(scope="session")
def normalising_bundle(voice: Voice, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Light-SERNet with a window of 1 s behind a front end that normalises.

    Its weights are random, and its last layer is centred on a voice, so that the windows' answers differ.
    """
    import keras

    from sernet.export.converter import convert
    from sernet.export.formats import FORMATS
    from sernet.runtime.bundle import Manifest, pack_bundle
    from sernet.runtime.front_end import FrontEnd
    from sernet.runtime.normalisation import Normalisation
    from sernet.training.network import light_sernet

    labels = ("anger", "fear", "happiness", "neutral")
    front_end = FrontEnd(input_type="mel_spectrogram", mel_bins=40)
    features = front_end.features(voice(10, pitch=120.0, seed=99))
    normalisation = Normalisation(tuple(features.mean(axis=0).tolist()), tuple(features.std(axis=0).tolist()))
    front_end = replace(front_end, normalisation=normalisation)
    frames = front_end.frame_count(RATE)
    examples = front_end.network_input(front_end.features(voice(10)))[: 8 * frames].reshape(8, frames, -1, 1)

    keras.utils.set_random_seed(1)
    model = light_sernet(frames, front_end.feature_count, len(labels))
    pooled = keras.Model(model.inputs, model.get_layer("average").output).predict(examples, verbose=0)
    weights = np.random.default_rng(1).standard_normal((pooled.shape[1], len(labels))) / np.linalg.norm(
        pooled.std(axis=0)
    )
    model.get_layer("logits").set_weights([weights, -pooled.mean(axis=0) @ weights])
    manifest = Manifest("normalising", labels, front_end, window_s=1.0, quantisation="float32")
    path = tmp_path_factory.mktemp("normalising") / "normalising.tflite"
    path.write_bytes(pack_bundle(convert(model, FORMATS["float32"]), manifest))
    return path
