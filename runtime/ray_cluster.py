"""A Ray cluster: one of this machine's, for a while, or one that many machines have joined."""

import contextlib
import logging
import os
import socket
from collections.abc import Iterator
from typing import Any

from sernet.runtime.errors import SernetError

OBJECT_STORE_BYTES = 100 * 2**20
"""Shared memory of a cluster of this machine: answers are small, and Ray would take a third of the memory."""

CONNECT_S = 5.0
"""Seconds that the head of a cluster has to answer."""


@contextlib.contextmanager
def joined_cluster(address: str | None = None, *, cpus: int | None = None) -> Iterator[Any]:
    """The module `ray`, joined to a cluster while the block runs.

    Args:
        address: where the cluster's head listens, ``host:port``; None: a cluster of this machine alone.
        cpus: cores of such a cluster; None: all.

    Raises:
        SernetError: Ray is not installed, or the cluster cannot be joined.
    """
    ray = import_ray()
    _connect(ray, address, cpus)
    try:
        yield ray
    finally:
        ray.shutdown()


def import_ray() -> Any:
    """The module; raises SernetError when it is not installed."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # or each start warns of a coming change
    try:
        import ray
    except ImportError:
        raise SernetError("Ray is not installed: pip install 'sernet[cluster]'") from None
    return ray


def _connect(ray: Any, address: str | None, cpus: int | None) -> None:
    options: dict[str, Any] = {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES, "num_cpus": cpus}
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
