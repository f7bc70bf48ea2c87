"""Sections one after the other, each kept as soon as it is measured: a benchmark that was stopped goes on."""

import dataclasses
import hashlib
import json
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sernet.benchmarks.suite.job import Job
from sernet.benchmarks.suite.sections import RESULTS, Section
from sernet.training.result import machine


def measure_sections(job: Job, folder: Path, sections: Sequence[Section], *, again: bool = False) -> Iterator[Path]:
    """Measure what is not there yet, and yield the path of each section's Result as soon as it is.

    A Result counts as there when it was measured on this machine, of the same files, clips and code, as quickly.

    Args:
        job: what is measured.
        folder: the benchmark's.
        sections: in their order.
        again: measure all anew.

    Raises SernetError as a section does.
    """
    circumstances = _circumstances(job)
    for section in job.track(sections, "sections"):
        path = folder / RESULTS / f"{section.name}.json"
        if again or not _holds(path, circumstances):
            result = section.measure(job)
            provenance = circumstances | {
                "date": datetime.now(UTC).isoformat(timespec="seconds"),
                "command": f"sernet bench --only {section.name}{' --quick' if job.quick else ''}",
            }
            dataclasses.replace(result, details=result.details | {"provenance": provenance}).save(path)
        yield path


def _circumstances(job: Job) -> dict[str, Any]:
    return {
        "quick": job.quick,
        "machine": machine(),
        "commit": _commit(),
        "clips": len(job.clips),
        "models": {
            f"{model} {variant.name}": hashlib.sha256(variant.bundle.model).hexdigest()
            for model, variants in job.models.items()
            for variant in variants
        },
    }


def _commit() -> str:
    """The code that measures: commit, with ``+`` where files differ from it; ``unknown`` outside a clone."""
    said = subprocess.run(
        ["git", "describe", "--always", "--abbrev=12", "--dirty=+"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
    )
    return said.stdout.strip() if said.returncode == 0 else "unknown"


def _holds(path: Path, circumstances: dict[str, Any]) -> bool:
    try:
        provenance = json.loads(path.read_text(encoding="utf-8"))["details"]["provenance"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return circumstances.items() <= provenance.items()
