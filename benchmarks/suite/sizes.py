"""Bytes of every file, and the work that its network does: figures that are the same on every machine."""

from typing import Any

from sernet.benchmarks.suite.job import Job
from sernet.training.result import Result


def measure(job: Job) -> Result:
    """File, flatbuffer and gzip bytes of all files."""
    values: list[dict[str, Any]] = [
        {"model": model, "format": variant.name, "metric": metric, "unit": "bytes", "value": size, "kind": "exact"}
        for model, variants in job.models.items()
        for variant in variants
        for metric, size in (
            ("file", variant.path.stat().st_size),
            ("flatbuffer", variant.flatbuffer_bytes),
            ("gzip", variant.gzip_bytes),
        )
    ]
    return Result("sizes", job.main, "none: cost alone", job.corpus["title"], len(values), 0, values, {"left_out": {}})
