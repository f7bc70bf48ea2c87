"""Jobs on a Ray cluster: on this machine, or on all the machines that have joined one."""

from collections.abc import Iterator, Sequence
from typing import Any

from sernet.benchmarks.evaluation.engine import ATTEMPTS, AnyJob, Work, attempt, one_line
from sernet.runtime.errors import SernetError
from sernet.runtime.ray_cluster import joined_cluster


class RayEngine:
    """Runs each job as a task of one core, in a process of its own.

    Ray places the tasks, starts those of a killed worker or a lost node again, and gives a node that joins its share.

    Every node needs sernet[cluster] in the same version, and the corpora under the same path. Answers return by value:
    nodes need no common file system for anything else. Nodes with another kind of processor may round otherwise.
    """

    def __init__(self, address: str | None = None) -> None:
        """Join the cluster whose head listens at `address`, ``host:port``; None: one of this machine, for the run."""
        self.address = address

    def run(self, work: Work[AnyJob], jobs: Sequence[AnyJob]) -> Iterator[tuple[AnyJob, dict[str, Any]]]:
        """As `Engine.run`; also raises SernetError when Ray is not installed or the cluster cannot be joined."""
        with joined_cluster(self.address) as ray:
            # max_calls: a process for each job; it knows nothing of earlier ones and gives all its memory back
            task = ray.remote(num_cpus=1, max_retries=ATTEMPTS - 1, max_calls=1)(attempt)
            pending = {task.options(name=job.name).remote(work, job): job for job in jobs}
            while pending:
                (done, *_), _ = ray.wait(list(pending), num_returns=1)
                job = pending.pop(done)
                try:
                    outcome = ray.get(done)
                except ray.exceptions.RayError as error:
                    raise SernetError(one_line(job, getattr(error, "cause", None) or error)) from error
                yield job, outcome.result()
