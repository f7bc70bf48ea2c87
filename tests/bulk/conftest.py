"""Folders of generated clips, and the command that answers them in a process of its own."""

import contextlib
import os
import subprocess
import sys
import time
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


@pytest.fixture(scope="session")
def answered() -> Callable[[Path], list[str]]:
    """`answered(output)`: names of the files whose answers an unfinished run keeps, in the order they came."""

    def names(output: Path) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            text = output.with_name(f"{output.name}.partial.jsonl").read_text()
            return [line.split('"')[3] for line in text.splitlines(keepends=True)[1:] if line.endswith("\n")]
        return []

    return names


@pytest.fixture(scope="session")
def stop_midway(answered: Callable[[Path], list[str]]) -> Callable[..., subprocess.Popen[str]]:
    """`stop_midway(folder, output, number)`: send a run over the talks that signal when some of them are answered.

    Returns what is left of it.
    """

    def stop(folder: Path, output: Path, number: int) -> subprocess.Popen[str]:
        run = command("--folder", folder, "--windows", "--output", output, "--jobs", 2)
        process = subprocess.Popen(run, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        end = time.monotonic() + 120
        while len(answered(output)) < 3 and process.poll() is None:
            assert time.monotonic() < end, "nothing is answered"
            time.sleep(0.002)
        process.send_signal(number)
        process.wait(60)
        assert not output.exists() and 3 <= len(answered(output)) < 12
        return process

    return stop


@pytest.fixture(scope="session")
def spoil() -> Callable[[Path, list[str]], None]:
    """`spoil(folder, names)`: whoever answers these files again will not get the same answers.

    They keep size and time, and have another content.
    """

    def overwrite(folder: Path, names: list[str]) -> None:
        for name in names:
            status = (folder / name).stat()
            (folder / name).write_bytes(b"\0" * status.st_size)
            os.utime(folder / name, ns=(status.st_atime_ns, status.st_mtime_ns))

    return overwrite
