"""The engines of an evaluation: what runs its independent jobs, and what all of them owe each other.

A job's answer depends on the job alone, whichever engine and machine runs it. With more threads TensorFlow and BLAS add
in another order and train other weights: so every engine computes with one thread, and is fast by jobs side by side.
"""

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from threadpoolctl import threadpool_limits

from sernet.runtime.errors import SernetError

ATTEMPTS = 3
"""How often a job is started before its worker's death is taken for its own fault."""

ONE_THREAD: dict[str, str] = dict.fromkeys(
    ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"
)
"""Environment of a process that computes with one thread; BLAS reads it when loaded, TensorFlow when it starts."""


class Job(Protocol):
    """A frozen dataclass that can be pickled, and says everything that its answer depends on."""

    @property
    def name(self) -> str:
        """Unique among the jobs; errors call it by this name."""
        ...


AnyJob = TypeVar("AnyJob", bound=Job)

Work = Callable[[AnyJob], dict[str, Any]]
"""A module-level function from a job to its answer, plain values."""


class Engine(Protocol):
    """Runs jobs."""

    def run(self, work: Work[AnyJob], jobs: Sequence[AnyJob]) -> Iterator[tuple[AnyJob, dict[str, Any]]]:
        """Yield each job with what `work` returned for it, as they are done, in any order.

        A job whose worker was killed is started again, `ATTEMPTS` times in all.

        Raises:
            SernetError: the one that `work` raised, or one line that names the job whose worker failed for good. Jobs
                still running are ended; what has been yielded stays good.
        """
        ...


@dataclass(frozen=True)
class Outcome:
    """What a worker sends back: an answer, or why there is none."""

    answer: dict[str, Any]
    problem: str = ""
    """One line; empty when there is an answer."""
    trace: str = ""
    """The worker's traceback, when the problem is not the user's."""

    def result(self) -> dict[str, Any]:
        """The answer; raises SernetError when there is none."""
        if not self.problem:
            return self.answer
        error = SernetError(self.problem)
        if self.trace:
            error.add_note(self.trace)
        raise error


def attempt(work: Work[AnyJob], job: AnyJob) -> Outcome:
    """Do a job in this process, with one thread (unless `limit_to_one_thread` cannot have that any more)."""
    limit_to_one_thread()
    try:
        with threadpool_limits(1):  # of BLAS where it was loaded before
            return Outcome(work(job))
    except SernetError as error:
        return Outcome({}, str(error))
    except Exception as error:
        return Outcome({}, one_line(job, error), traceback.format_exc())


def one_line(job: Job, error: Exception) -> str:
    """A line for an error that is not a SernetError."""
    first = next(iter(str(error).strip().splitlines()), "")
    return f"{job.name} failed: {type(error).__name__}" + (f": {first}" if first else "")


def limit_to_one_thread() -> bool:
    """Make this process compute with one thread; False when TensorFlow already computes with more."""
    if all(os.environ.get(name) == value for name, value in ONE_THREAD.items()):
        return True
    if "tensorflow" in sys.modules:
        import tensorflow as tf

        try:
            tf.config.threading.set_intra_op_parallelism_threads(1)
            tf.config.threading.set_inter_op_parallelism_threads(1)
        except RuntimeError:  # it has started
            return False
    os.environ.update(ONE_THREAD)
    return True
