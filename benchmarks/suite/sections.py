"""The parts of the benchmark, in the order in which they are measured and told.

A section is a module with `measure(job: Job) -> Result`. Its values follow these rules, by which the report, the
comparison of two benchmarks and the regression gate read them:

- ``metric``, ``value``, and ``unit`` where there is one; ``low`` and ``high`` are a 95 % interval where ``kind`` does
  not say otherwise; ``n`` is how many were measured.
- ``kind`` says what may be expected of another run:
  ``exact``: the same number (bytes, multiplications, RAM of the engine, clips that agree bit for bit);
  ``ratio``: ``low`` and ``high`` are the noise to expect. Of two times that were measured in turns, one divided by the
  other, they are the 5th and 95th percentile over the turns; of instructions, what the emulator's counter may be off;
  ``accuracy``: a share with its interval, and ``protocol`` where it is not the Result's;
  ``machine``: a time or a memory of this machine at this hour: never compared.
- Every other key names what was measured: ``model`` (``sernet``, ``sernet-small``, ``sernet-nano``, a peer's name),
  ``format``, ``runtime``, ``board``, ``threads``, ``window_s``, ``condition``. With the metric they are its name.

Details hold ``left_out``: what could not be measured here, each with its reason in a line; ``versions``: packages and
programs that took part; and raw samples where a plot shows a distribution.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sernet.benchmarks.suite.job import Job
    from sernet.training.result import Result


RESULTS = "results"
"""Folder of the sections' Results in that of a benchmark."""


@dataclass(frozen=True)
class Section:
    """One part."""

    name: str
    """Of its module, and of its Result's file."""
    title: str

    def measure(self, job: "Job") -> "Result":
        """Measure it: everything heavy is imported now."""
        measure: Callable[[Job], Result] = importlib.import_module(f"sernet.benchmarks.suite.{self.name}").measure
        return measure(job)


SECTIONS = {
    section.name: section
    for section in (
        Section("sizes", "Size and work"),
        Section("latency", "Latency of the network in every runtime"),
        Section("front_ends", "The front end beside others"),
        Section("memory", "Memory"),
        Section("boards", "Microcontrollers"),
        Section("browser", "In a browser"),
        Section("peers", "What people would use instead"),
        Section("energy", "Energy"),
        Section("answers", "Accuracy"),
    )
}
