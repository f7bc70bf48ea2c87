"""Cold start and peak memory: a new process for every answer, as on a device that has just been switched on."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sernet.benchmarks.tracking import Tracker
from sernet.runtime.errors import SernetError


@dataclass(frozen=True)
class FreshStart:
    """One process, from nothing to its answer."""

    seconds: float
    """From starting the process to its first answer."""
    peak_bytes: int
    """Its largest resident memory."""
    probabilities: list[float]
    """The answer; empty without a model."""


def fresh_starts(
    models: Mapping[str, Path | None], waveform: np.ndarray, processes: int, track: Tracker
) -> dict[str, list[FreshStart]]:
    """Start every model in turn, `processes` times each, after one untimed turn that fills the file cache.

    Args:
        models: bundles by name; None is a process that opens no interpreter.
        waveform: (samples,), the clip to answer.
        processes: measured processes for each model.
        track: shows how far it is.

    Raises:
        SernetError: a process ended without an answer.
    """
    starts: dict[str, list[FreshStart]] = {name: [] for name in models}
    with tempfile.TemporaryDirectory(prefix="sernet-bench-") as folder:
        clip = Path(folder) / "clip.npy"
        np.save(clip, waveform)
        for turn in track(range(processes + 1), "cold start"):
            for name, model in models.items():
                start = _start(clip, model)
                if turn > 0:
                    starts[name].append(start)
    return starts


def _start(clip: Path, model: Path | None) -> FreshStart:
    # -P: the folder that the user stands in is none of the process's import path
    command = [sys.executable, "-P", "-m", "sernet.benchmarks.first_answer", str(clip)]
    started = time.perf_counter()
    with subprocess.Popen(
        [*command, *([str(model)] if model else [])], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        answer = process.stdout.readline()
        seconds = time.perf_counter() - started
        peak, problem = process.stdout.read(), process.stderr.read()
    if process.returncode != 0:
        reason = (problem.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
        raise SernetError(f"{model or clip}: a fresh process gave no answer: {reason}")
    return FreshStart(seconds, int(peak), json.loads(answer))
