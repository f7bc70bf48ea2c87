"""How much memory an answer takes: of a process on a computer, and of what a microcontroller keeps."""

import contextlib
import importlib.metadata
import sys
from pathlib import Path
from typing import Any

import numpy as np

from sernet.benchmarks.fresh_process import fresh_starts
from sernet.benchmarks.measurement import interpreter_version
from sernet.benchmarks.memory_timeline import memory_timeline
from sernet.benchmarks.suite.contenders import ENGINE, LITERT, MICRO
from sernet.benchmarks.suite.job import Job
from sernet.export.c_engine.graph_reader import row_streams
from sernet.export.c_engine.model_source import state_bytes
from sernet.export.microcontroller import MicroInterpreter
from sernet.runtime.errors import SernetError
from sernet.training.features import clip_waveform
from sernet.training.result import Result

BARE = "Python and numpy"
"""What a process takes before it opens an interpreter."""
_PROCESSES, _QUICK_PROCESSES = 3, 1
_FORMAT = "int8-float-io"
"""Whose memory is looked at while it grows."""

Values = list[dict[str, Any]]


def measure(job: Job) -> Result:
    """Peak memory of new processes, TensorFlow Lite Micro's arena, and the state of the row-streaming C engine.

    The arena and the state are those of int8 files. The state is computed: rows, sums and counters that the network
    keeps between two rows; a board's whole RAM is what the section of boards measures.
    """
    left_out: dict[str, str] = {}
    return Result(
        what="memory",
        subject=job.main,
        protocol="none: cost alone",
        corpus=job.corpus["title"],
        n=_PROCESSES if not job.quick else _QUICK_PROCESSES,
        seed=0,
        values=[*_peaks(job), *_on_microcontrollers(job, left_out)],
        details={"left_out": left_out, "versions": _versions(), "timeline": _timelines(job, left_out)},
    )


def _peaks(job: Job) -> Values:
    named: dict[str, dict[str, Any]] = {BARE: {"runtime": BARE}}
    paths: dict[str, Path | None] = {BARE: None}
    for model, variants in job.models.items():
        for variant in variants:
            named[f"{model} {variant.name}"] = {"model": model, "format": variant.name, "runtime": LITERT}
            paths[f"{model} {variant.name}"] = variant.path
    manifest = job.models[job.main][0].bundle.manifest
    waveform = clip_waveform(job.clips[0], manifest.front_end, manifest.window_s)
    starts = fresh_starts(paths, waveform, _QUICK_PROCESSES if job.quick else _PROCESSES, job.track)
    return [
        named[name]
        | {"metric": "peak memory", "unit": "bytes", "value": float(np.median([start.peak_bytes for start in found]))}
        | {"n": len(found), "kind": "machine"}
        for name, found in starts.items()
    ]


def _on_microcontrollers(job: Job, left_out: dict[str, str]) -> Values:
    values: Values = []
    for model in job.models:
        content = job.variant(model, "int8").bundle.model
        shared = {"model": model, "format": "int8", "unit": "bytes", "kind": "exact"}
        for metric, runtime, size in (
            ("arena", MICRO, lambda content=content: MicroInterpreter(content).arena_bytes),
            ("engine RAM", ENGINE, lambda content=content: state_bytes(row_streams(content))),
        ):
            try:
                values.append(shared | {"metric": metric, "runtime": runtime, "value": size()})
            except SernetError as error:
                left_out[f"{model}, {metric}"] = str(error)
    return values


def _timelines(job: Job, left_out: dict[str, str]) -> dict[str, list[tuple[float, float]]]:
    clip, model = job.clips[0].path, job.variant(job.main, _FORMAT).path
    python = [sys.executable, "-P"]
    programs = {
        f"{job.main} {_FORMAT}": [*python, "-m", "sernet.runtime.cli", "file", clip, "--model", model, "--no-profile"],
        BARE: [*python, "-c", "import numpy"],
    }
    found = {}
    for name, command in programs.items():
        try:
            found[name] = [(round(s, 4), round(size, 2)) for s, size in memory_timeline(command)]
        except SernetError as error:
            left_out[f"timeline of {name}"] = str(error)
    return found


def _versions() -> dict[str, str]:
    package, version = interpreter_version().split()
    versions = {package: version, "numpy": np.__version__}
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        versions["tflite-micro"] = importlib.metadata.version("tflite-micro")
    return versions
