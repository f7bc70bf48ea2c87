"""A run that is killed, interrupted or out of room goes on, and ends with the very bytes of an undisturbed one."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

COMMAND = [sys.executable, "-m", "sernet.runtime.cli", "file"]


@pytest.fixture
def copy(talks: Path, tmp_path: Path) -> Path:
    """The talks, to be changed."""
    return Path(shutil.copytree(talks, tmp_path / "talks"))


def arguments(folder: Path, output: Path) -> list[str]:
    return ["--folder", str(folder), "--windows", "--output", str(output), "--jobs", "2"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_stopped_run_goes_on_without_doing_anything_twice(
    number: int, copy: Path, undisturbed: Path, infer: Any, tmp_path: Path, answered: Any, stop_midway: Any, spoil: Any
):
    output = tmp_path / "out.csv"
    process = stop_midway(copy, output, number)
    told = process.communicate()[1]
    if number == signal.SIGINT:
        assert process.returncode == 130 and "give the same command again to go on" in told
    assert "Traceback" not in told
    kept = answered(output)
    spoil(copy, kept)
    done = infer(*arguments(copy, output))
    assert done.returncode == 0 and f"going on: {len(kept)} of 12 files are answered" in done.stderr, done.stderr
    assert output.read_bytes() == undisturbed.read_bytes(), "same bytes, and no spoiled file was looked at again"
    assert names_in(tmp_path) == ["out.csv", "talks"]


def test_a_file_that_has_changed_is_answered_again_and_one_that_has_gone_is_left_out(
    copy: Path, infer: Any, tmp_path: Path, answered: Any, stop_midway: Any
):
    output, whole = tmp_path / "out.csv", tmp_path / "whole.csv"
    stop_midway(copy, output, signal.SIGKILL)
    changed, gone, *_ = answered(output)
    shutil.copy(copy / "talk-11.wav", copy / changed)
    os.utime(copy / changed, (1, 1))
    (copy / gone).unlink()
    assert infer(*arguments(copy, output)).returncode == 0
    assert infer(*arguments(copy, whole)).returncode == 0
    assert output.read_bytes() == whole.read_bytes()
    assert gone not in output.read_text() and changed in output.read_text()


def test_a_run_of_other_settings_is_refused_until_told_to_start_afresh(
    copy: Path, infer: Any, tmp_path: Path, answered: Any, stop_midway: Any
):
    output = tmp_path / "out.csv"
    stop_midway(copy, output, signal.SIGKILL)
    kept = answered(output)
    other = ["--folder", copy, "--output", output]
    done = infer(*other)
    assert done.returncode == 2 and "was begun with another windows" in done.stderr and done.stderr.count("\n") == 1
    assert answered(output) == kept and not output.exists()
    assert infer(*other, "--overwrite").returncode == 0
    assert len(output.read_text().splitlines()) == 1 + 12


def test_a_worker_that_is_killed_costs_nothing(copy: Path, undisturbed: Path, tmp_path: Path, answered: Any):
    output = tmp_path / "out.csv"
    process = subprocess.Popen([*COMMAND, *arguments(copy, output)], stdout=subprocess.PIPE, text=True)
    wait_for(lambda: len(answered(output)) >= 3 or process.poll() is not None)
    victim = workers(process.pid)[0]
    os.kill(victim, signal.SIGKILL)
    assert process.wait(120) == 0
    assert output.read_bytes() == undisturbed.read_bytes()


def wait_for(condition: Any, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.002)


def workers(pid: int) -> list[int]:
    """The process's children that answer files."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def test_a_file_that_kills_its_workers_is_told_and_the_others_answered(
    clips: Path, voice: Any, infer: Any, tmp_path: Path
):
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in ("a.wav", "z.wav"):
        shutil.copy(clips / "a.wav", folder / name)
    soundfile.write(folder / "m.wav", np.tile(voice(20), 90), 16000)

    def at_most_4_s_of_computing() -> None:  # the kernel ends a process that computes for longer
        resource.setrlimit(resource.RLIMIT_CPU, (4, 60))

    options = ["--folder", folder, "--windows", "--hop", "0.1", "--output", tmp_path / "out.csv"]
    done = infer("--json", *options, "--jobs", 1, preexec_fn=at_most_4_s_of_computing)
    assert done.returncode == 2, done.stderr
    assert done.stderr == "m.wav: its worker died 2 times, at last by SIGXCPU\n"
    files = {line.split(",")[0] for line in (tmp_path / "out.csv").read_text().splitlines()[1:]}
    assert files == {"a.wav", "z.wav"}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for a part of the answers."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_is_told_in_one_line_and_the_run_goes_on_when_there_is_room(
    talks: Path, undisturbed: Path, infer: Any, small_disk: Path, answered: Any
):
    output = small_disk / "out.csv"
    done = infer(*arguments(talks, output))
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and not output.exists(), done.stderr
    assert f"cannot write {output}.partial.jsonl: No space left on device" in done.stderr
    assert 0 < len(answered(output)) < 12
    subprocess.run(["mount", "-o", "remount,size=1m", small_disk], check=True)
    done = infer(*arguments(talks, output))
    assert done.returncode == 0 and "going on: " in done.stderr
    assert output.read_bytes() == undisturbed.read_bytes() and names_in(small_disk) == ["out.csv"]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_when_the_table_itself_finds_no_room_the_answers_are_kept(
    suffix: str, clips: Path, talks: Path, infer: Any, tmp_path: Path, answered: Any
):
    output = tmp_path / f"out.{suffix}"
    options = arguments(talks, output) if suffix == "csv" else ["--folder", clips, "--output", output]
    assert infer(*options).returncode == 0
    content, largest = output.read_bytes(), output.stat().st_size - 1  # which is more than the kept answers take
    output.unlink()

    def no_file_as_large_as_that() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    done = infer(*options, preexec_fn=no_file_as_large_as_that)
    assert done.returncode == 2 and f"cannot write {output}: File too large" in done.stderr, done.stderr
    assert names_in(tmp_path) == [f"out.{suffix}.partial.jsonl"] and answered(output)
    assert infer(*options).returncode == 0 and output.read_bytes() == content


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
