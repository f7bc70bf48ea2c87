"""Our front end, in numpy, beside those of other packages: how long each takes for three seconds of speech."""

import contextlib
import importlib
import importlib.metadata
import multiprocessing
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import ModuleType
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from sernet.benchmarks.latency import BLOCK, Samples, interleaved_latency
from sernet.benchmarks.peers import front_ends
from sernet.benchmarks.peers.clips import SECONDS, clips_near
from sernet.benchmarks.peers.front_ends import Features
from sernet.benchmarks.peers.peer import EXTRA
from sernet.benchmarks.peers.timings import timing_values
from sernet.benchmarks.suite.job import Job
from sernet.benchmarks.tracking import untracked
from sernet.runtime.audio_file import read_audio
from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import FrontEnd
from sernet.training.result import Result

MODULES = {
    "sernet": "own",
    "librosa": "librosa",
    "python_speech_features": "python_speech",
    "kaldi-native-fbank": "kaldi",
    "tf.signal": "tf_signal",
}
"""Front ends by the name that tables give them."""
STREAMING = ("sernet", "kaldi-native-fbank")
"""Those that take a waveform in packets."""
MODES = {"batch": tuple(MODULES), "streaming": STREAMING}
"""Ways to take a waveform, and which take it so."""
SAME_FEATURES = ("librosa", "tf.signal")
"""Those that can be set to the very definition of ours."""

PACKET_MS = 10
"""Of a stream, as a microphone delivers it."""
TURNS, FEW_TURNS = 20, 4

NOTES = (
    f"A time is that of all frames of {SECONDS:g} s of speech, samples in memory; streaming, the sum over all packets "
    f"of {PACKET_MS} ms.",
    "librosa and python_speech_features make their mel bands anew in each call, as their own functions do.",
    "python_speech_features and kaldi-native-fbank take powers where ours takes magnitudes: their features differ by "
    "definition.",
    "tf.signal runs as a graph in a session of one thread.",
)


def measure(job: Job) -> Result:
    """Latency of all front ends, batch and streaming, and how far the features of those alike lie from ours."""
    front_end = job.variant(job.main, "int8").bundle.manifest.front_end
    waveform = _speech(job, front_end)
    modules, left_out, versions = _modules()
    batch = {name: module.batch(front_end) for name, module in modules.items()}
    values: list[dict[str, Any]] = [
        _worst_difference(name, batch, waveform) for name in SAME_FEATURES if name in modules
    ]
    samples = {}
    repetitions = BLOCK * (FEW_TURNS if job.few_turns else TURNS)
    for mode in job.track(list(MODES), "front ends"):
        names = [name for name in MODES[mode] if name in modules]
        turns = samples[mode] = _in_fresh_process(mode, names, front_end, waveform, repetitions)
        for name, timed in timing_values(turns, "sernet", "latency").items():
            values += [{"front_end": name, "mode": mode} | value for value in timed]
    left_out |= {f"{name}, streaming": "it takes whole waveforms only" for name in modules if name not in STREAMING}
    details = {
        "left_out": left_out,
        "versions": versions,
        "notes": list(NOTES),
        "clip_s": len(waveform) / front_end.sample_rate,
        "samples": samples,
    }
    return Result("front_ends", job.main, "none: cost alone", job.corpus["title"], len(values), 0, values, details)


def _in_fresh_process(
    mode: str, names: Sequence[str], front_end: FrontEnd, waveform: np.ndarray, repetitions: int
) -> Samples:
    """Times in a process that has done nothing else.

    In one that has trained a network, numpy may take three times as long: where other arrays lie decides whether the
    allocator gives each array's memory back to the system, or keeps it for the next.
    """
    with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(_timed, mode, names, front_end, waveform, repetitions).result()
        except BrokenProcessPool:
            raise SernetError(f"front ends, {mode}: their process ended in its midst") from None


def _timed(mode: str, names: Sequence[str], front_end: FrontEnd, waveform: np.ndarray, repetitions: int) -> Samples:
    modules = {name: _module(name) for name in names}
    if mode == "batch":
        computing = {name: module.batch(front_end) for name, module in modules.items()}
    else:
        packet = front_end.sample_rate * PACKET_MS // 1000
        computing = {name: module.streaming(front_end, packet) for name, module in modules.items()}
    calls = {name: lambda features=features: features(waveform) for name, features in computing.items()}
    with threadpool_limits(1):
        return interleaved_latency(calls, repetitions, untracked, mode)


def _speech(job: Job, front_end: FrontEnd) -> np.ndarray:
    """Three seconds of a recording, (samples,): of the one that is nearest to that length."""
    (clip,) = clips_near(job.clips, SECONDS, 1)
    return front_end.fit(read_audio(clip.path, front_end.sample_rate), front_end.sample_count(SECONDS))


def _modules() -> tuple[dict[str, ModuleType], dict[str, str], dict[str, str]]:
    """Front ends whose package is here, the reason for those whose is not, and versions."""
    modules, left_out, versions = {}, {}, _installed(["numpy"])
    for name in MODULES:
        found = _module(name)
        if installed := _installed(found.PACKAGES):
            modules[name] = found
            versions |= installed
        else:
            left_out[name] = f"{found.PACKAGES[0]} is not installed: {EXTRA}"
    return modules, left_out, versions


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{front_ends.__name__}.{MODULES[name]}")


def _installed(packages: Sequence[str]) -> dict[str, str]:
    """Versions of those of the packages that are here."""
    versions = {}
    for package in packages:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    return versions


def _worst_difference(name: str, batch: Mapping[str, Features], waveform: np.ndarray) -> dict[str, Any]:
    ours, theirs = batch["sernet"](waveform), batch[name](waveform)
    worst = float(np.abs(ours - theirs).max())
    value = {"metric": "worst difference", "value": worst, "kind": "machine", "n": ours.size}
    return {"front_end": name, "mode": "batch"} | value
