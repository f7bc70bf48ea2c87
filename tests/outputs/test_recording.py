"""The last minutes of sound: read back by soundfile, an independent reader."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sernet.runtime.live.events import Interruption
from sernet.runtime.outputs.recording import Recording

RATE = 16000
BLOCK = 800


def stream(seconds: float, seed: int = 0) -> np.ndarray:
    """Samples as a 16-bit source gives them, no piece like another."""
    return np.random.default_rng(seed).integers(-(2**15), 2**15, round(seconds * RATE)).astype(np.float32) / 2**15


def hear(recording: Recording, samples: np.ndarray) -> None:
    for start in range(0, len(samples), BLOCK):
        recording.samples(samples[start : start + BLOCK])


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("sernet-*.wav"))


def heard(folder: Path) -> np.ndarray:
    """All that the folder holds, in order."""
    pieces = []
    for path in files(folder):
        samples, rate = soundfile.read(path, dtype="float32")
        assert rate == RATE and samples.ndim == 1
        pieces.append(samples)
    return np.concatenate(pieces)


def test_what_was_heard_is_kept_to_the_last_sample(tmp_path: Path) -> None:
    samples = stream(7.33)
    with Recording(tmp_path / "new" / "folder", RATE, 1.0) as recording:
        hear(recording, samples)
    np.testing.assert_array_equal(heard(tmp_path / "new" / "folder"), samples)
    assert soundfile.info(files(tmp_path / "new" / "folder")[0]).subtype == "PCM_16"


def test_samples_beyond_full_scale_are_clipped(tmp_path: Path) -> None:
    with Recording(tmp_path, RATE, 1.0) as recording:
        recording.samples(np.array([1.5, 1.0, -1.0, -1.5], np.float32))
    np.testing.assert_array_equal(heard(tmp_path) * 2**15, [32767, 32767, -32768, -32768])


def test_at_least_the_last_minutes_are_kept_and_little_more(tmp_path: Path) -> None:
    samples = stream(200)
    kept = 30 * RATE
    (tmp_path / "mine.wav").write_bytes(b"not ours")
    with Recording(tmp_path, RATE, 0.5) as recording:
        for start in range(0, len(samples), 5 * RATE):
            hear(recording, samples[start : start + 5 * RATE])
            now = heard(tmp_path)
            so_far = samples[: start + 5 * RATE]
            np.testing.assert_array_equal(now, so_far[-len(now) :])
            assert min(kept, len(so_far)) <= len(now) <= 1.2 * kept
    assert (tmp_path / "mine.wav").read_bytes() == b"not ours"


def test_a_restart_goes_on_where_the_last_run_ended_whatever_the_clock_says(tmp_path: Path) -> None:
    samples = stream(50)
    for start in range(0, len(samples), 10 * RATE):
        with Recording(tmp_path, RATE, 0.5) as recording:
            hear(recording, samples[start : start + 10 * RATE])
        for path in files(tmp_path):  # as if the clock had been wrong: names that sort the other way by time
            year = 2099 - int(path.name[7:15])
            path.rename(path.with_name(f"{path.name[:16]}{year}0101T000000Z.wav"))
    now = heard(tmp_path)
    np.testing.assert_array_equal(now, samples[-len(now) :])
    assert 30 * RATE <= len(now) <= 37 * RATE


def test_after_an_interruption_a_new_file_starts(tmp_path: Path) -> None:
    samples = stream(4)
    with Recording(tmp_path, RATE, 1.0) as recording:
        hear(recording, samples[: 2 * RATE + 5])
        recording.event(Interruption(2.0, "gone", None))
        hear(recording, samples[2 * RATE + 5 :])
    assert [soundfile.info(path).frames for path in files(tmp_path)] == [2 * RATE + 5, 2 * RATE - 5]


def test_a_killed_program_leaves_files_that_can_be_played(tmp_path: Path) -> None:
    np.save(tmp_path / "samples.npy", samples := stream(5.5))
    program = f"""
import os, signal
from pathlib import Path
import numpy as np
from sernet.runtime.outputs.recording import Recording
samples = np.load({str(tmp_path / "samples.npy")!r})
with Recording(Path({str(tmp_path)!r}), {RATE}, 1.0) as recording:
    for block in np.split(samples, range({BLOCK}, len(samples), {BLOCK})):
        recording.samples(block)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == -9
    np.testing.assert_array_equal(heard(tmp_path), samples[: 5 * RATE])


def test_a_full_disk_is_told_once_and_recording_goes_on_when_there_is_room(
    on_small_disk: Callable[[str], subprocess.CompletedProcess],
) -> None:
    done = on_small_disk(f"""
import numpy as np, soundfile, time
from pathlib import Path
from sernet.runtime.outputs.recording import Recording
samples = np.random.default_rng(0).integers(-2**15, 2**15, 30 * {RATE}).astype(np.float32) / 2**15
folder, later = Path("/mnt/wav"), 0.0
now = time.monotonic
time.monotonic = lambda: now() + later
with Recording(folder, {RATE}, 10.0) as recording:
    for second in range(30):
        if second == 20:
            for path in folder.iterdir():
                assert np.array_equal(soundfile.read(path, dtype="float32")[0], samples[:soundfile.info(path).frames])
                print(soundfile.info(path).frames)
                path.unlink()
            later = 60.0
        for start in range(second * {RATE}, (second + 1) * {RATE}, {BLOCK}):
            recording.samples(samples[start : start + {BLOCK}])
        if second == 24:
            (path,) = folder.iterdir()
            assert np.array_equal(soundfile.read(path, dtype="float32")[0], samples[20 * {RATE} : 25 * {RATE}])
""")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == 6 * RATE
    assert done.stderr.splitlines()[:2] == [
        "/mnt/wav: No space left on device; nothing is recorded until there is room",
        "/mnt/wav: records again; 14 s were not recorded",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    tmp_path.chmod(0o500)
    with Recording(tmp_path, RATE, 1.0) as recording:
        hear(recording, stream(3))
    assert capfd.readouterr().err == f"{tmp_path}: Permission denied; nothing is recorded until there is room\n"
