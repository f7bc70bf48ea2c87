"""Shared fixtures: the real corpora, where they are to be had."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 16000
REPOSITORY = Path(__file__).resolve().parent.parent


def real_corpus(name: str) -> Path:
    """Folder of a real corpus, or skip the test with a message that says how to give one."""
    root = Path(os.environ.get("SERNET_DATA", REPOSITORY.parent / "shared" / "data")).resolve()
    if not (root / name).is_dir():
        pytest.skip(f"{name} is not at {root / name}: point SERNET_DATA at a folder that holds it")
    return root / name


@pytest.fixture(scope="session")
def emodb() -> Path:
    """EMO-DB: `wav/` and `SHA256SUMS`."""
    return real_corpus("emodb")


@pytest.fixture(scope="session")
def ravdess() -> Path:
    """RAVDESS speech, 16 kHz FLAC: `Actor_01/` to `Actor_24/`."""
    return real_corpus("ravdess")


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
