"""Jobs for the engines' tests, in a module that worker processes can import too."""

import os
import signal
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sernet.benchmarks.evaluation.engine import ONE_THREAD
from sernet.benchmarks.evaluation.job import FoldJob, run_fold
from sernet.runtime.errors import SernetError


@dataclass(frozen=True)
class MarkedJob:
    """Leaves a file in `marks` each time it is started, so that a test can count the attempts."""

    number: int
    marks: Path
    seconds: float = 0.0
    """How long it works at least."""
    gate: Path | None = None
    """It does not end before this file is there."""
    deaths: int = 0
    """How many attempts end by SIGKILL."""

    @property
    def name(self) -> str:
        return f"job {self.number}"


def mark(folder: Path, name: str) -> int:
    """Leave the mark of one more attempt; returns how many there are."""
    node = "here"
    if "ray" in sys.modules:
        import ray

        node = ray.get_runtime_context().get_node_id() if ray.is_initialized() else node
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{uuid.uuid4().hex}"
    temporary.write_text(node)
    temporary.rename(folder / f"{name}-{os.getpid()}-{temporary.name[1:]}")
    return len(attempts(folder, name))


def attempts(folder: Path, name: str = "") -> list[Path]:
    """The marks of a job; without a name, of all jobs."""
    return sorted(folder.glob(f"{name}-*" if name else "[!.]*"))


def nodes(folder: Path, name: str = "") -> list[str]:
    """The nodes that have started a job; without a name, any job."""
    return [path.read_text() for path in attempts(folder, name)]


def multiply(job: MarkedJob) -> dict[str, Any]:
    """Real work of numpy's: the trace of a product of random matrices."""
    number = mark(job.marks, job.name)
    matrices = np.random.default_rng(job.number).standard_normal((2, 300, 300))
    trace = float(np.trace(matrices[0] @ matrices[1]))
    time.sleep(job.seconds)
    while job.gate and not job.gate.exists():
        time.sleep(0.05)
    if number <= job.deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"trace": trace}


def marked_fold(job: FoldJob) -> dict[str, Any]:
    """A real fold's training and answers; the marks lie beside the run folders."""
    mark(job.work / "marks", job.fold.name)
    return run_fold(job)


def environment(job: MarkedJob) -> dict[str, Any]:
    """Which process this is, and how many threads its libraries take."""
    return {"pid": os.getpid(), "threads": {name: os.environ.get(name) for name in ONE_THREAD}}


def meet(job: MarkedJob) -> dict[str, Any]:
    """Wait until another job is at work too."""
    mark(job.marks, job.name)
    while len(attempts(job.marks)) < 2:
        time.sleep(0.01)
    return {}


def refuse(job: MarkedJob) -> dict[str, Any]:
    raise SernetError("clip.wav is silent: record it again")


def divide(job: MarkedJob) -> dict[str, Any]:
    return {"quotient": 1 / (job.number - job.number)}
