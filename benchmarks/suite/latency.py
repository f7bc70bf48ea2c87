"""How long one answer of the network takes, in every runtime that takes its files, all in turns."""

import importlib.metadata
import os
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from sernet.benchmarks.fresh_process import fresh_starts
from sernet.benchmarks.latency import (
    BLOCK,
    Samples,
    interleaved_turns,
    median,
    noise,
    percentile_90,
    ratio_value,
    timed_turn,
)
from sernet.benchmarks.measurement import interpreter_version
from sernet.benchmarks.suite.contenders import ENGINE, LITERT, MICRO, STREAMING, Contender, File, contenders, file_of
from sernet.benchmarks.suite.job import Job
from sernet.benchmarks.suite.predecessor import PACKAGES, RUNTIME, in_predecessor, predecessor_python
from sernet.benchmarks.suite.stock import STOCK, stock_variant
from sernet.runtime.errors import SernetError
from sernet.training.features import clip_waveform
from sernet.training.result import Result

AGAIN = "the reference again"
_TURNS, _FEW_TURNS = 20, 10
_LIMIT_S = 0.3
"""Of a turn, where calls are slow: ten of 20 ms fit."""
_OPENED = 5
"""Times that a file is opened for its first call, and that a process is started."""
_KEPT = 200
"""Samples of each that are kept."""

Values = list[dict[str, Any]]


def measure(job: Job) -> Result:
    """Latency of a 3 s window's features to probabilities, and of a block of 32 frames where it streams.

    Ratios are to the main network's first file in LiteRT with one thread. A percentile is told where there are as many
    calls as make it: 10 for p90, 100 for p99. ``first call`` is the first inference of an interpreter that has just
    been opened, ``cold start`` is from nothing to an answer of a new process.
    """
    load_average, left_out = os.getloadavg(), {}
    variants = [(model, variant) for model, variants in job.models.items() for variant in variants]
    if job.run is None:
        left_out[STOCK] = "it is made of the float network, which is not here"
    else:
        variants.append((job.main, stock_variant(job)))
    files = [file_of(job, model, variant) for model, variant in job.track(variants, "files")]
    with ExitStack() as stack:
        found = list(contenders(job, files, _LIMIT_S, left_out))
        if job.quick:
            left_out[RUNTIME] = "a quick benchmark installs nothing"
        else:
            try:
                found += stack.enter_context(in_predecessor(predecessor_python(job.work), files, _LIMIT_S, left_out))
            except SernetError as error:
                left_out[RUNTIME] = str(error)
        turns = {one.name: one.turn for one in found} | {AGAIN: found[0].turn}
        samples = interleaved_turns(turns, [BLOCK] * (_FEW_TURNS if job.few_turns else _TURNS), job.track, "latency")
    values = [value for one in found for value in _latencies(one, samples, samples[found[0].name])]
    for one in found:
        if one.runtime == STREAMING:
            values.append(_block_to_window(one, samples))
    reference = found[0]
    values.append(
        reference.keys | {"metric": "noise", "value": noise(samples[reference.name], samples[AGAIN]), "kind": "machine"}
    )
    values += [*_first_calls(job, files), *_cold_starts(job)]
    return Result(
        what="latency",
        subject=job.main,
        protocol="none: cost alone",
        corpus=job.corpus["title"],
        n=len(found),
        seed=0,
        values=values,
        details={
            "left_out": left_out,
            "versions": _versions(found),
            "reference": reference.name,
            "load_average": load_average,
            "samples": {name: _kept(turns) for name, turns in samples.items()},
        },
    )


def _latencies(one: Contender, samples: Samples, reference: list[list[float]]) -> Values:
    turns = samples[one.name]
    calls = np.concatenate(turns)
    shared = one.keys | {"n": len(calls)}
    times = [("latency median", median(turns))]
    if len(calls) >= 10:
        times.append(("latency p90", percentile_90(turns)))
    if len(calls) >= 100:
        times.append(("latency p99", float(np.percentile(calls, 99))))
    values = [shared | {"metric": metric, "unit": "ms", "value": value, "kind": "machine"} for metric, value in times]
    return [*values, shared | ratio_value("latency ratio", turns, reference)]


def _block_to_window(one: Contender, samples: Samples) -> dict[str, Any]:
    """What a stream saves beside windows that answer as often: each of them is computed whole, in LiteRT."""
    window = Contender(one.model, one.format, LITERT, one.threads, one.turn)
    turns = samples[one.name]
    return one.keys | {"n": sum(map(len, turns))} | ratio_value("block to window ratio", turns, samples[window.name])


def _first_calls(job: Job, files: Sequence[File]) -> Values:
    found: dict[int, list[float]] = {number: [] for number in range(len(files))}
    for _ in job.track(range(_OPENED), "first calls"):
        for number, file in enumerate(files):
            call = file.in_litert(1)
            found[number] += timed_turn(call, 1, untimed=0)
    return [
        {"model": file.model, "format": file.variant.name, "runtime": LITERT, "threads": 1}
        | {"metric": "first call", "unit": "ms", "value": float(np.median(times)), "n": len(times), "kind": "machine"}
        for file, times in zip(files, found.values(), strict=True)
    ]


def _cold_starts(job: Job) -> Values:
    """Of the main network's files."""
    variants = job.models[job.main]
    manifest = variants[0].bundle.manifest
    waveform = clip_waveform(job.clips[0], manifest.front_end, manifest.window_s)
    started = fresh_starts({v.name: v.path for v in variants}, waveform, 3 if job.quick else _OPENED, job.track)
    return [
        {"model": job.main, "format": name, "runtime": LITERT, "metric": "cold start", "unit": "s", "n": len(starts)}
        | {"value": float(np.median([start.seconds for start in starts])), "kind": "machine"}
        for name, starts in started.items()
    ]


def _kept(turns: list[list[float]]) -> list[float]:
    """Evenly over all turns, to four digits."""
    calls = np.concatenate(turns)
    chosen = calls[np.linspace(0, len(calls) - 1, min(len(calls), _KEPT)).astype(int)]
    return [float(f"{call:.4g}") for call in chosen]


def _versions(found: Sequence[Contender]) -> dict[str, str]:
    package, version = interpreter_version().split()
    versions, runtimes = {package: version}, {one.runtime for one in found}
    if MICRO in runtimes:
        versions["tflite-micro"] = importlib.metadata.version("tflite-micro")
    if ENGINE in runtimes:
        said = subprocess.run([str(shutil.which("cc")), "--version"], capture_output=True, text=True).stdout
        versions["cc"] = said.splitlines()[0]
    if RUNTIME in runtimes:
        versions[RUNTIME] = PACKAGES[0].split("==")[1]
    if STOCK in {one.format for one in found}:
        import tensorflow as tf

        versions["tensorflow"] = tf.__version__
    return versions
