"""Jobs on this machine's cores: one child process for each job."""

import multiprocessing
import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any

from sernet.benchmarks.evaluation.engine import (
    ATTEMPTS,
    ONE_THREAD,
    AnyJob,
    Job,
    Outcome,
    Work,
    attempt,
    limit_to_one_thread,
)
from sernet.runtime.errors import SernetError
from sernet.runtime.processes import cores, environment_of_children

PATIENCE = 5.0
"""Seconds that a child has to end before it is killed."""


class LocalEngine:
    """Runs each job in a process of its own, several at a time.

    A new process knows nothing of earlier jobs, gives all its memory back, and when it is killed takes no other job
    with it. One worker needs none: it is this process, unless TensorFlow already computes here with more threads.
    """

    def __init__(self, workers: int | None = None) -> None:
        """`workers` jobs at a time; None: as many as this process may use cores."""
        if workers is not None and workers < 1:
            raise SernetError(f"{workers} workers can do nothing: give 1 or more")
        self.workers = workers or cores()

    def run(self, work: Work[AnyJob], jobs: Sequence[AnyJob]) -> Iterator[tuple[AnyJob, dict[str, Any]]]:
        """As `Engine.run`."""
        if self.workers > 1 or not limit_to_one_thread():
            yield from self._run_in_children(work, jobs)
            return
        for job in jobs:
            yield job, attempt(work, job).result()

    def _run_in_children(self, work: Work, jobs: Sequence[AnyJob]) -> Iterator[tuple[AnyJob, dict[str, Any]]]:
        waiting = deque((job, 1) for job in jobs)
        running: dict[Any, _Child] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self.workers:
                    child = _Child.start(work, *waiting.popleft())
                    running[child.pipe] = child
                for pipe in wait(list(running)):
                    child = running.pop(pipe)
                    outcome = child.outcome()
                    if outcome is not None:
                        yield child.job, outcome.result()
                    elif child.number < ATTEMPTS:
                        waiting.appendleft((child.job, child.number + 1))
                    else:
                        raise SernetError(
                            f"{child.job.name}: its process died {ATTEMPTS} times, at last {child.death()}; if memory "
                            "is short, take fewer workers"
                        )
        finally:
            for child in running.values():
                child.end()


@dataclass(frozen=True)
class _Child:
    """A process that does one job."""

    job: Any
    number: int
    """Of the attempt, counted from 1."""
    process: BaseProcess
    pipe: Any
    """Its outcome comes through here."""

    @classmethod
    def start(cls, work: Work, job: Job, number: int) -> "_Child":
        context = multiprocessing.get_context("spawn")  # a fork would copy TensorFlow's locks, but not its threads
        pipe, child_end = context.Pipe(duplex=False)
        process = context.Process(target=_answer, args=(child_end, pickle.dumps((work, job))), daemon=True)
        with environment_of_children(ONE_THREAD):
            process.start()
        child_end.close()  # so that the child's death ends the pipe
        return cls(job, number, process, pipe)

    def outcome(self) -> Outcome | None:
        """What the process sent; None when it died before."""
        try:
            return self.pipe.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            self.process.join(PATIENCE)
            return None
        finally:
            self.end()

    def end(self) -> None:
        """End the process, whatever it does, and forget it."""
        self.process.terminate()
        self.process.join(PATIENCE)
        self.process.kill()
        self.process.join()
        self.pipe.close()

    def death(self) -> str:
        """How it died, in words."""
        code = self.process.exitcode or 0
        return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"


def _answer(pipe: Any, content: bytes) -> None:
    """The child's program: do the job that was pickled, send the outcome."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches parent and children; the parent ends its children
    threading.Thread(target=_end_with_parent, daemon=True).start()
    work, job = pickle.loads(content)  # only now: it may import TensorFlow
    pipe.send(attempt(work, job))


def _end_with_parent() -> None:
    """A killed parent cannot end its children: without it they would train on beside its successor's."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
