"""Recordings on a Ray cluster, by Ray Data."""

import contextlib
import json
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Self

from sernet.runtime.bulk.local_engine import LocalEngine
from sernet.runtime.bulk.work import Answer, Work
from sernet.runtime.errors import SernetError
from sernet.runtime.ray_cluster import import_ray, joined_cluster

LARGEST_BLOCK = 16
"""Recordings of a block, whose answers arrive together: an interruption loses at most the blocks in work."""

MOST_BLOCKS = 2000
"""Ray keeps books on each block; of more recordings, blocks are larger."""


class RayEngine:
    """Answers recordings by actors of one core each, as many as the cluster has cores; a context manager.

    Ray starts the block of a lost node or a killed actor again elsewhere. Every node needs sernet[cluster,audio] in the
    same version, and the folder under the same path; the bundle travels with the work. Nodes with another kind of
    processor may round otherwise.
    """

    def __init__(self, work: Work, address: str | None = None, jobs: int | None = None) -> None:
        """Use at most `jobs` actors of the cluster at `address`, ``host:port``; None: of one of this machine.

        Raises SernetError when Ray Data is not installed; entering, when the cluster cannot be joined.
        """
        import_ray_data()
        self._work, self._address, self._jobs = work, address, jobs
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._ray = self._stack.enter_context(joined_cluster(self._address, cpus=self._jobs))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def answers(self, names: Sequence[str]) -> Iterator[Answer]:
        """As `Engine.answers`; also raises SernetError when the cluster gives up."""
        data = import_ray_data()
        data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        cores = int(self._ray.cluster_resources().get("CPU", 1))
        actors = max(1, min(cores, self._jobs or cores, len(names)))
        blocks = min(len(names), MOST_BLOCKS, max(4 * actors, len(names) // LARGEST_BLOCK))
        # Names as bytes: Arrow's text is UTF-8, and a file's name need not be
        recordings = data.from_items([{"name": os.fsencode(name)} for name in names], override_num_blocks=blocks)
        answered = recordings.map_batches(
            Worker,
            fn_constructor_args=(self._work,),
            batch_size=None,
            batch_format="pyarrow",
            compute=data.ActorPoolStrategy(min_size=1, initial_size=actors, max_size=actors),
            num_cpus=1,
        )
        try:
            for row in answered.iter_rows():
                yield Answer(**json.loads(row["answer"]))
        except self._ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None) or error
            said = next(iter(str(cause).strip().splitlines()), "")
            raise SernetError(f"the Ray cluster gave up: {type(cause).__name__}: {said}") from error


class Worker:
    """An actor: a worker process of its own keeps a codec's death from being the actor's, which Ray would repeat."""

    def __init__(self, work: Work) -> None:
        self._engine = LocalEngine(work, jobs=1)

    def __call__(self, batch: Any) -> Any:
        """Answers to a table of names, as a table; both are of pyarrow."""
        import pyarrow

        names = [os.fsdecode(name) for name in batch["name"].to_pylist()]
        answers = [json.dumps(asdict(answer)) for answer in self._engine.answers(names)]
        return pyarrow.table({"answer": pyarrow.array(answers, pyarrow.string())})


def import_ray_data() -> Any:
    """The module `ray.data`; raises SernetError when it, or pandas and pyarrow, which it needs, are not installed."""
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # or it warns of our actors' arguments on standard error
    import_ray()
    try:
        import ray.data
    except ImportError as error:
        raise SernetError(f"Ray Data cannot be used ({error}): pip install 'sernet[cluster]'") from None
    return ray.data
