"""What goes wrong around the program while it runs: full disks, models that change, standard input that stutters."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

RATE = 16000
PROGRAM = [sys.executable, "-m", "sernet.runtime.cli"]


@pytest.fixture(scope="module")
def pcm(speech: np.ndarray) -> bytes:
    """About 7 s, s16le."""
    return np.rint(speech * 32767).astype("<i2").tobytes()


def listen(bundle: Path, pcm: bytes, **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [*PROGRAM, "mic", "--device", "-", "--json", "--model", bundle]
    return subprocess.run(command, input=pcm, stderr=subprocess.PIPE, timeout=60, **options)


def answers(output: bytes) -> list[dict[str, Any]]:
    """The lines, without what differs from one run to the next."""
    return [{**json.loads(line), "latency_ms": None} for line in output.splitlines()]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 8 KB."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", tmp_path], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def is_full(done: subprocess.CompletedProcess[bytes]) -> bool:
    lines = [line for line in done.stderr.decode().splitlines() if not line.startswith("listening to ")]
    return done.returncode == 2 and len(lines) == 1 and "No space left on device" in lines[0]


def test_a_full_disk_is_one_line_and_an_exit_code(bundle: Path, pcm: bytes) -> None:
    with Path("/dev/full").open("wb") as full:
        done = listen(bundle, pcm, stdout=full)
    assert is_full(done), done


def test_a_disk_that_fills_up_keeps_what_was_told_before(bundle: Path, pcm: bytes, small_disk: Path) -> None:
    with (small_disk / "answers.jsonl").open("wb") as file:
        done = listen(bundle, 20 * pcm, stdout=file)
    assert is_full(done), done
    *whole, _ = (small_disk / "answers.jsonl").read_bytes().split(b"\n")
    assert len(whole) > 10 and all(json.loads(line)["event"] == "window" for line in whole)


def replace(model: Path) -> None:
    other = model.with_name("other")
    other.write_bytes(b"not a model at all")
    other.replace(model)


def truncate(model: Path) -> None:
    os.truncate(model, 0)


def overwrite(model: Path) -> None:
    model.write_bytes(bytes(model.stat().st_size))


@pytest.mark.parametrize("change", [replace, truncate, overwrite])
def test_a_model_that_changes_on_the_disk_is_still_the_one_that_was_loaded(
    bundle: Path, pcm: bytes, tmp_path: Path, change: Any
) -> None:
    undisturbed = answers(listen(bundle, pcm, stdout=subprocess.PIPE).stdout)
    model = tmp_path / "model.tflite"
    model.write_bytes(bundle.read_bytes())
    command = [*PROGRAM, "mic", "--device", "-", "--json", "--model", model]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as live:
        assert live.stdin and live.stdout
        half = 3 * 2 * RATE
        live.stdin.write(pcm[:half])
        live.stdin.flush()
        first = live.stdout.readline()
        change(model)
        rest, stderr = live.communicate(pcm[half:], timeout=60)
    assert live.returncode == 0, stderr
    assert answers(first + rest) == undisturbed and len(undisturbed) > 10


def test_half_a_sample_at_the_end_is_not_heard(bundle: Path, pcm: bytes) -> None:
    whole, odd = (listen(bundle, data, stdout=subprocess.PIPE) for data in (pcm, pcm + b"\x7f"))
    assert whole.returncode == odd.returncode == 0
    assert answers(odd.stdout) == answers(whole.stdout)


def test_pieces_of_odd_lengths_are_put_together(bundle: Path, pcm: bytes) -> None:
    """As from a network: no piece holds whole samples or blocks."""

    def dribble(pipe: IO[bytes]) -> None:
        with pipe:
            for start in range(0, len(pcm), 977):
                pipe.write(pcm[start : start + 977])
                pipe.flush()

    command = [*PROGRAM, "mic", "--device", "-", "--json", "--model", bundle]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as live:
        assert live.stdin and live.stdout
        threading.Thread(target=dribble, args=(live.stdin,), daemon=True).start()
        output = live.stdout.read()
    assert answers(output) == answers(listen(bundle, pcm, stdout=subprocess.PIPE).stdout)


def test_a_byte_a_second_is_no_audio(bundle: Path) -> None:
    command = [*PROGRAM, "mic", "--device", "-", "--json", "--model", bundle]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as live:
        assert live.stdin and live.stdout and live.stderr
        deadline = time.monotonic() + 60
        while live.poll() is None and time.monotonic() < deadline:
            try:
                live.stdin.write(b"\0")
                live.stdin.flush()
            except BrokenPipeError:
                break
            time.sleep(1)
        assert live.wait(timeout=20) == 4
        (line,) = [line for line in live.stderr.read().decode().splitlines() if not line.startswith("listening to ")]
        assert line.startswith("sernet-infer: error: standard input: no audio for 5 s")
        assert live.stdout.read() == b""


def test_four_gigabytes_of_wav_are_refused_before_they_are_read(tmp_path: Path) -> None:
    """37 hours, by a header that is right; the file has holes and takes no room."""
    path = tmp_path / "long.wav"
    size = 2**32 - 2**17
    sizes = [(size - 8).to_bytes(4, "little"), (size - 44).to_bytes(4, "little")]
    middle = b"WAVEfmt \x10\0\0\0\x01\0\x01\0" + RATE.to_bytes(4, "little") + (2 * RATE).to_bytes(4, "little")
    path.write_bytes(b"RIFF" + sizes[0] + middle + b"\x02\0\x10\0data" + sizes[1])
    try:
        os.truncate(path, size)
    except OSError as error:
        pytest.skip(f"no file of 4 GB with holes: {error}")
    limited = f"ulimit -v {2 * 2**20}; exec {sys.executable} -m sernet.runtime.cli file {path}"
    done = subprocess.run(["sh", "-c", limited], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "lasts longer than the 14400 s that are taken" in done.stderr
