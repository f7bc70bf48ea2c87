"""Work in processes of its own: openSMILE crashes in one that has TensorFlow, and a benchmark's has it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from sernet.benchmarks.tracking import Tracker
from sernet.runtime.errors import SernetError

PROCESSES = 2

Found = TypeVar("Found")
Task = tuple[Any, ...]
"""Arguments of one call."""


def apart(function: Callable[..., Found], tasks: Sequence[Task], track: Tracker, name: str) -> Iterator[Found]:
    """Call a function with each task's arguments, in two other processes with one thread each.

    Args:
        function: of a module that does not import TensorFlow.
        tasks: arguments, picklable.
        track, name: show how many are done.

    Yields what it returned, in the order of the tasks.

    Raises:
        SernetError: as the function does, or a process ended in its midst.
    """
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import BrokenProcessPool

    # always as many, for with one alone joblib would stay in this process
    found = Parallel(n_jobs=PROCESSES, return_as="generator")(delayed(function)(*task) for task in tasks)
    try:
        for _, one in zip(track(tasks, name), found, strict=True):
            yield one
    except BrokenProcessPool as error:
        raise SernetError(f"{name}: a process ended in its midst: {error.args[0].strip().splitlines()[0]}") from None
