"""Folders of generated clips, and the command that answers them in a process of its own."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile

RATE = 16000
Infer = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def clips(voice: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven clips of about a second, two of them in a folder below, and what is no clip. Not to be changed."""
    folder = tmp_path_factory.mktemp("clips")
    (folder / "below" / "more").mkdir(parents=True)
    names = ["b.wav", "a.wav", "B.flac", "ä ö, ü.wav", "a-b.wav", "below/a.wav", "below/more/a.ogg"]
    for number, name in enumerate(names):
        soundfile.write(folder / name, voice(0.8 + 0.1 * number, pitch=120.0 + 20 * number, seed=number), RATE)
    (folder / "notes.txt").write_text("not audio\n")
    (folder / ".hidden.wav").write_bytes(b"not audio")
    return folder


@pytest.fixture(scope="session")
def talks(voice: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve clips of 12 s: as windows, a second or more of work. Not to be changed."""
    folder = tmp_path_factory.mktemp("talks")
    for number in range(12):
        soundfile.write(folder / f"talk-{number:02}.wav", voice(12, pitch=110.0 + 10 * number, seed=number), RATE)
    return folder


@pytest.fixture(scope="session")
def infer() -> Infer:
    """`infer(*arguments, **options)`: what `sernet-infer file` did; options are of `subprocess.run`."""

    def run(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=300, **options)

    return run


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "sernet.runtime.cli", "file", *map(str, arguments)]


@pytest.fixture(scope="session")
def undisturbed(talks: Path, infer: Infer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The talks' windows in a table, from a run that nothing befell."""
    output = tmp_path_factory.mktemp("undisturbed") / "out.csv"
    done = infer("--folder", talks, "--windows", "--output", output, "--jobs", 2)
    assert done.returncode == 0, done.stderr
    return output
