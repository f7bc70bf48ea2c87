"""Recordings on this machine's cores: worker processes that have the bundle open."""

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Self

from sernet.runtime.bulk.work import Answer, Work, answer
from sernet.runtime.errors import SernetError
from sernet.runtime.processes import cores, environment_of_children

ATTEMPTS = 2
"""How often a recording is tried before a worker's death is taken for its fault."""

PATIENCE = 5.0
"""Seconds that a worker has to end before it is killed."""

_ONE_THREAD: dict[str, str] = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


class LocalEngine:
    """Answers several recordings at a time, each in a worker process; a context manager.

    A worker has one recording at a time: when it is killed, by the kernel or by a codec's error, it is known whose
    fault it may be, and no other recording is lost. The dead are replaced.
    """

    def __init__(self, work: Work, jobs: int | None = None) -> None:
        """`jobs` workers; None: one a core that this process may use. They start when there is something to do."""
        self._work = work
        self._jobs = jobs or cores()
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._workers:
            worker.end()
        self._workers = []

    def answers(self, names: Sequence[str]) -> Iterator[Answer]:
        """As `Engine.answers`."""
        waiting = deque((name, 1) for name in names)
        while waiting or any(worker.busy for worker in self._workers):
            while len(self._workers) < min(self._jobs, len(waiting) + sum(worker.busy for worker in self._workers)):
                self._workers.append(_Worker(self._work))
            for worker in self._workers:
                if waiting and worker.ready and not worker.busy:
                    worker.ask(*waiting.popleft())
            expected = {worker.pipe: worker for worker in self._workers if worker.busy or not worker.ready}
            for pipe in wait(list(expected)):
                worker = expected[pipe]  # pyright: ignore[reportArgumentType]
                name, attempt = worker.name, worker.attempt
                if worker.receive():
                    if worker.answer is not None:
                        yield worker.answer
                    continue
                self._workers.remove(worker)
                if name is None:
                    self._go_on_without(worker)
                elif attempt < ATTEMPTS:
                    waiting.append((name, attempt + 1))
                else:
                    yield Answer(name, problem=f"its worker died {ATTEMPTS} times, at last {worker.death()}")

    def _go_on_without(self, worker: "_Worker") -> None:
        """There is no room for so many workers."""
        self._jobs -= 1
        if self._jobs == 0:
            raise SernetError(f"no worker process can start: it ends {worker.death()}")


class _Worker:
    """A process that answers recordings one by one."""

    def __init__(self, work: Work) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy the locks of other threads, held for ever
        self.pipe, child_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(child_end, work), daemon=True)
        with environment_of_children(_ONE_THREAD):  # the cores are taken by its siblings
            self._process.start()
        child_end.close()  # so that the child's death ends the pipe
        self.ready = False
        self.name: str | None = None
        self.attempt = 0
        self.answer: Answer | None = None

    @property
    def busy(self) -> bool:
        return self.name is not None

    def ask(self, name: str, attempt: int) -> None:
        self.name, self.attempt = name, attempt
        with contextlib.suppress(OSError):  # it has died: `receive` will tell
            self.pipe.send(name)

    def receive(self) -> bool:
        """Take what the process sent, its readiness or an answer; False when it has died instead."""
        try:
            self.answer = self.pipe.recv()
        except (EOFError, OSError):
            self._process.join(PATIENCE)
            self.end()
            return False
        self.ready, self.name = True, None
        return True

    def end(self) -> None:
        """End the process, whatever it does."""
        self.pipe.close()
        self._process.terminate()
        self._process.join(PATIENCE)
        self._process.kill()
        self._process.join()

    def death(self) -> str:
        """How it died, in words."""
        code = self._process.exitcode or 0
        if code == -signal.SIGKILL:
            return "by SIGKILL; if memory is short, give fewer --jobs"
        return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"


def _serve(pipe: Connection, work: Work) -> None:
    """The process's program: say that the bundle is open, then answer names until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches parent and children; the parent ends its children
    recognizer = work.open()
    with contextlib.suppress(EOFError, OSError):  # the parent has gone
        pipe.send(None)
        while True:
            pipe.send(answer(recognizer, work.folder, pipe.recv()))
