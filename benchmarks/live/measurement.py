"""The program `sernet-infer` as a device runs it: processor time per second of audio, and time to the first answer."""

import os
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sernet.benchmarks.firmware.clips import waveforms
from sernet.export.stream_graph import streaming_bundle
from sernet.runtime.bundle import Bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.stream_plan import BLOCK

PAUSE_S = 0.5
"""Silence between the recordings that are heard live."""

# Starting takes time of its own: the difference between a long stream and a short one is what counts.
SHORT_S, LONG_S = 30, 150

PROGRAM = (sys.executable, "-P", "-m", "sernet.runtime.cli")


@dataclass
class LiveCosts:
    """What was measured, repetition by repetition."""

    corpus: str
    shares: dict[str, list[float]] = field(default_factory=dict)
    """Processor time by second of audio, by way of listening: 0.01 is one hundredth of a core."""
    starts: list[float] = field(default_factory=list)
    """Seconds from starting `sernet-infer file` to its end, which is when the answer is there."""


def measure(bundle: Bundle, repetitions: int, tell: Callable[[], None]) -> LiveCosts:
    """Measure sliding windows and the streaming form of the same bundle, in turns, at equal hop.

    Args:
        bundle: one that does not stream.
        repetitions: of each.
        tell: called once a repetition is done.

    Raises:
        SernetError: the bundle streams already, or the program failed.
    """
    if bundle.manifest.stream is not None:
        raise SernetError("the model streams already: name the one that it was made of, both ways are measured")
    front_end = bundle.manifest.front_end
    rate = front_end.sample_rate
    corpus, clips = waveforms(rate, None)
    pcm = stream_of(clips, LONG_S * rate, round(PAUSE_S * rate))
    costs = LiveCosts(corpus, {"sliding windows": [], "streaming": []})
    with tempfile.TemporaryDirectory(prefix="sernet-live-") as folder:
        whole, streaming, clip = (Path(folder) / name for name in ("whole.tflite", "streaming.tflite", "clip.wav"))
        whole.write_bytes(bundle.model)
        streaming.write_bytes(streaming_bundle(bundle).model)
        _write_wave(clip, pcm[: 3 * rate], rate)
        hop = str(BLOCK * front_end.frame_step / rate)
        ways = {"sliding windows": ["--model", str(whole), "--hop", hop], "streaming": ["--model", str(streaming)]}
        for repetition in range(repetitions + 1):
            shares = {way: _processor_share(options, pcm, rate) for way, options in ways.items()}
            start_s = _seconds_to_answer(whole, clip)
            tell()
            if repetition > 0:  # the first one fills the file cache
                costs.starts.append(start_s)
                for way, share in shares.items():
                    costs.shares[way].append(share)
    return costs


def stream_of(clips: Sequence[np.ndarray], samples: int, pause: int) -> np.ndarray:
    """Recordings with pauses between them, over and over: (samples,), int16."""
    spoken = np.concatenate([np.pad(clip, (0, pause)) for clip in clips])
    return np.rint(32767 * np.resize(spoken, samples)).astype("<i2")


def medians(costs: LiveCosts) -> Mapping[str, float]:
    """Median share of each way."""
    return {way: float(np.median(shares)) for way, shares in costs.shares.items()}


def _processor_share(options: list[str], pcm: np.ndarray, rate: int) -> float:
    short, long = (_processor_seconds(options, pcm[: seconds * rate]) for seconds in (SHORT_S, LONG_S))
    return (long - short) / (LONG_S - SHORT_S)


def _processor_seconds(options: list[str], pcm: np.ndarray) -> float:
    """User's and system's time of the program that hears so much."""
    command = [*PROGRAM, "mic", "--device", "-", "--json", "--no-profile", *options]
    with tempfile.TemporaryFile() as heard, tempfile.TemporaryFile() as said:
        heard.write(pcm.tobytes())
        heard.seek(0)
        process = subprocess.Popen(command, stdin=heard, stdout=subprocess.DEVNULL, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        _check(process.returncode, said.read().decode(errors="replace"))
    return used.ru_utime + used.ru_stime


def _seconds_to_answer(model: Path, clip: Path) -> float:
    started = time.perf_counter()
    command = [*PROGRAM, "file", "--no-profile", "--model", str(model), str(clip)]
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    _check(done.returncode, done.stderr)
    return seconds


def _check(code: int, said: str) -> None:
    if code != 0:
        reason = (said.strip().splitlines() or [f"exit code {code}"])[-1]
        raise SernetError(f"sernet-infer failed: {reason}")


def _write_wave(path: Path, pcm: np.ndarray, rate: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.tobytes())
