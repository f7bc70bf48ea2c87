"""Runs in the pages of TensorBoard and MLflow: their settings, the figures of every epoch, and what is measured last.

TensorBoard's event files lie in ``FOLDER/tensorboard``, wherever `tensorboard` is installed. MLflow is told when it was
asked for. Either only looks on: when a disk is full or a database is locked, one line says so, and training goes on.
"""

import contextlib
import importlib.util
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sernet.training.mlflow_run import MlflowRun


@contextlib.contextmanager
def run_log(folder: Path, settings: Mapping[str, Any], store: str | None, kind: str, name: str) -> Iterator["RunLog"]:
    """The log of a run while it lasts; one that goes on in the same folder with the same settings goes on here.

    Args:
        folder: the run's.
        settings: JSON values; what is nested is named ``outer.inner``.
        store: what `mlflow_store` gives.
        kind, name: MLflow's experiment, and its name for the run.
    """
    log, status, flat = RunLog(), "FAILED", dict(_flat(settings))
    if importlib.util.find_spec("tensorboard") is not None:
        log.open("TensorBoard", lambda: _TensorBoard(folder / "tensorboard", flat))
    if store is not None:
        log.open("MLflow", lambda: MlflowRun(folder, flat, store, kind, name))
    try:
        yield log
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        raise
    finally:
        log.each(lambda page: page.end(status, log.files))


class RunLog:
    """Tells every page what it is told; one that fails is told nothing more."""

    def __init__(self) -> None:
        self.files: Sequence[Path] = ()
        """That MLflow keeps with the run."""
        self._pages: dict[str, Any] = {}
        self._epochs = 0

    def epoch(self, done: int, figures: Mapping[str, float]) -> None:
        """The figures of an epoch, counted from 1; those of all epochs so far are told when a training goes on."""
        self._epochs = done
        self.each(lambda page: page.log(done, figures))

    def measured(self, values: Sequence[Mapping[str, Any]]) -> None:
        """The values of a Result, after the last epoch."""
        self.each(lambda page: page.log(self._epochs, {v["metric"]: v["value"] for v in values if "label" not in v}))

    def open(self, name: str, page: Callable[[], Any]) -> None:
        """One more page."""
        with self._told(name):
            self._pages[name] = page()

    def each(self, tell: Callable[[Any], None]) -> None:
        """Tell all pages."""
        for name, page in list(self._pages.items()):
            with self._told(name):
                tell(page)

    @contextlib.contextmanager
    def _told(self, name: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # whatever a database can have: the training is worth more
            self._pages.pop(name, None)
            said = next(iter(str(error).strip().splitlines()), type(error).__name__)
            print(f"warning: {name} is told nothing more, all else goes on: {said}", file=sys.stderr)


class _TensorBoard:
    """A file of events. Every start writes all of them again, and those before it expire."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        from tensorboard.compat.proto.event_pb2 import SessionLog
        from tensorboard.plugins.hparams.summary_v2 import hparams_pb
        from tensorboard.summary.writer.record_writer import RecordWriter

        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{time.time():017.6f}.{socket.gethostname()}.{os.getpid()}"
        self._file = RecordWriter((folder / name).open("wb"))
        self._write(file_version="brain.Event:2")
        self._write(session_log=SessionLog(status=SessionLog.START))
        self._write(summary=hparams_pb(settings))

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        scalars = [Summary.Value(tag=name, simple_value=value) for name, value in figures.items()]
        self._write(step=step, summary=Summary(value=scalars))

    def end(self, status: str, files: Sequence[Path]) -> None:
        self._file.close()

    def _write(self, **content: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self._file.write(Event(wall_time=time.time(), **content).SerializeToString())
        self._file.flush()


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings under dotted names; what is neither a number nor a text as JSON."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value if isinstance(value, bool | int | float | str) else json.dumps(value)
