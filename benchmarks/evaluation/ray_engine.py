"""Jobs on a Ray cluster: on this machine, or on all the machines that have joined one."""

import logging
import os
import socket
from collections.abc import Iterator, Sequence
from typing import Any

from sernet.benchmarks.evaluation.engine import ATTEMPTS, AnyJob, Work, attempt, one_line
from sernet.runtime.errors import SernetError

OBJECT_STORE_BYTES = 100 * 2**20
"""Shared memory of a cluster of this machine: answers are small, and Ray would take a third of the memory."""

CONNECT_S = 5.0
"""Seconds that the head of a cluster has to answer."""


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
        ray = _import_ray()
        _connect(ray, self.address)
        try:
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
        finally:
            ray.shutdown()


def _connect(ray: Any, address: str | None) -> None:
    options: dict[str, Any] = {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
    if address is not None:
        _check_reachable(address)
        options = {}
    # Ray prints the deaths of workers on standard output, which belongs to our caller; the last one arrives as an error
    ray._private.worker._worker_logs_enabled = False
    try:
        ray.init(address=address or "local", logging_level=logging.ERROR, log_to_driver=False, **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        place = f"join the Ray cluster at {address}" if address else "start a Ray cluster"
        raise SernetError(f"cannot {place}: {' '.join(str(error).split())}") from error


def _check_reachable(address: str) -> None:
    """Ask first: Ray itself would go on asking for a quarter of an hour."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
    except (ValueError, OverflowError):
        raise SernetError(f"{address!r} is no address of a Ray cluster: give its head's, host:port") from None
    except OSError as error:
        raise SernetError(f"no Ray cluster answers at {address}: {error.strerror or error}") from None


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # or each start warns of a coming change
    try:
        import ray
    except ImportError:
        raise SernetError("Ray is not installed: pip install 'sernet[cluster]'") from None
    return ray
