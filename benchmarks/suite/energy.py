"""Energy of an answer, where the processor counts it: Intel's and AMD's RAPL as Linux shows it. Never estimated."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sernet.benchmarks.suite.contenders import LITERT, file_of
from sernet.benchmarks.suite.job import Job
from sernet.runtime.errors import SernetError
from sernet.training.result import Result

POWERCAP = Path("/sys/class/powercap")
FORMAT = "int8-float-io"
_TURNS, _FEW_TURNS = 10, 3
_TURN_S = 1.0
"""Of work, and of idling before it: RAPL's counters step about once in a millisecond."""


@dataclass(frozen=True)
class Counter:
    """Energy of one processor package."""

    folder: Path

    def read(self) -> int:
        """Microjoules since some time; they begin again behind `limit`. Raises SernetError where it is forbidden."""
        try:
            return int((self.folder / "energy_uj").read_text())
        except OSError as error:
            raise SernetError(f"{self.folder / 'energy_uj'}: {error.strerror}: root may read it") from None

    @property
    def limit(self) -> int:
        """Largest number that it shows."""
        return int((self.folder / "max_energy_range_uj").read_text())

    def since(self, before: int) -> int:
        """Microjoules since `read` gave `before`, less than one round of the counter ago."""
        return (self.read() - before) % (self.limit + 1)


def counters(powercap: Path = POWERCAP) -> list[Counter]:
    """One a package: their parts, cores and memory, count inside of them.

    Raises:
        SernetError: there is none, or it may not be read.
    """
    found = [Counter(folder) for folder in sorted(powercap.glob("intel-rapl:*")) if folder.name.count(":") == 1]
    packages = [one for one in found if (one.folder / "name").read_text().startswith("package")]
    if not packages:
        raise SernetError(f"the processor's energy counters (RAPL) are not below {powercap}")
    for one in packages:
        one.read()
    return packages


def joules(packages: list[Counter], work: Callable[[], object]) -> tuple[float, float]:
    """Energy of all packages while `work` is done, in J, and how long it took, in s."""
    before, started = [one.read() for one in packages], time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    return sum(one.since(then) for one, then in zip(packages, before, strict=True)) / 1e6, seconds


def measure(job: Job) -> Result:
    """Joules of an inference in LiteRT, above those that the machine takes while it idles; absent where not counted."""
    values: list[dict[str, Any]] = []
    left_out: dict[str, str] = {}
    try:
        packages = counters()
    except SernetError as error:
        left_out["energy"] = str(error)
    else:
        values.append(_per_inference(job, packages))
    return Result(
        what="energy",
        subject=job.main,
        protocol="none: cost alone",
        corpus=job.corpus["title"],
        n=len(values),
        seed=0,
        values=values,
        details={"left_out": left_out, "versions": {}},
    )


def _per_inference(job: Job, packages: list[Counter]) -> dict[str, Any]:
    infer = file_of(job, job.main, job.variant(job.main, FORMAT)).in_litert(1)
    found = []
    for _ in job.track(range(_FEW_TURNS if job.few_turns else _TURNS), "energy"):
        idle, idle_s = joules(packages, lambda: time.sleep(_TURN_S))
        done = 0

        def work() -> None:
            nonlocal done
            end = time.perf_counter() + _TURN_S
            while time.perf_counter() < end:
                infer()
                done += 1

        busy, busy_s = joules(packages, work)
        found.append((busy - idle / idle_s * busy_s) / done)
    low, high = np.percentile(found, (5, 95))
    shared = {"model": job.main, "format": FORMAT, "runtime": LITERT, "threads": 1, "n": len(found)}
    figures = {"value": float(np.median(found)), "low": float(low), "high": float(high)}
    return shared | {"metric": "energy of an inference", "unit": "J", "kind": "machine"} | figures
