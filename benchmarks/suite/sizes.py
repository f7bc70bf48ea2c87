"""Bytes of every file, and the work that its network does: figures that are the same on every machine."""

from typing import Any

from sernet.benchmarks.suite.job import Job
from sernet.benchmarks.suite.layers import layers
from sernet.benchmarks.suite.material import released_file
from sernet.training.result import Result

PLAIN = "int8"
"""Format whose layers are counted: it is there of every network, and has the convolutions as they were trained."""


def measure(job: Job) -> Result:
    """File, flatbuffer and gzip bytes of all files; parameters and multiplications of all networks, by layer of one.

    Parameters are weights and biases that are stored, batch normalisation folded into them. Multiplications are those
    of a window. Details name the file of a network and format where it is released.
    """
    files = [
        {"model": model, "format": variant.name, "metric": metric, "unit": "bytes", "value": size, "kind": "exact"}
        for model, variants in job.models.items()
        for variant in variants
        for metric, size in (
            ("file", variant.path.stat().st_size),
            ("flatbuffer", variant.flatbuffer_bytes),
            ("gzip", variant.gzip_bytes),
        )
    ]
    values = [*files, *(value for model in job.models for value in _work(job, model))]
    released = [(f"{m} {v.name}", released_file(m, v.name)) for m, variants in job.models.items() for v in variants]
    details = {"left_out": {}, "files": {name: path.name for name, path in released if path.is_file()}}
    return Result("sizes", job.main, "none: cost alone", job.corpus["title"], len(files), 0, values, details)


def _work(job: Job, model: str) -> list[dict[str, Any]]:
    variant = job.variant(model, PLAIN)
    found = layers(variant.bundle.model)
    shared = {"model": model, "kind": "exact"}
    totals = [
        shared | {"metric": "parameters", "value": sum(layer.parameters for layer in found)},
        shared
        | {
            "metric": "multiplications",
            "window_s": variant.bundle.manifest.window_s,
            "value": sum(layer.multiplications for layer in found),
        },
    ]
    if model != job.main:
        return totals
    by_layer = [
        shared | {"layer": layer.name, "metric": metric, "value": value} | unit
        for layer in found
        for metric, value, unit in (
            ("layer multiplications", layer.multiplications, {}),
            ("layer bytes", layer.bytes, {"unit": "bytes"}),
        )
    ]
    return [*totals, *by_layer]
