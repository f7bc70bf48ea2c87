"""Who takes turns when latency is measured: networks' files in every runtime, on one window of a recording."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from sernet.benchmarks.firmware.library import build_library
from sernet.benchmarks.latency import Turn, timed_turn
from sernet.benchmarks.suite.job import Job
from sernet.benchmarks.variant import Variant
from sernet.export.microcontroller import MicroInterpreter
from sernet.export.stream_graph import streaming_bundle
from sernet.runtime.c_engine import CEngine
from sernet.runtime.errors import SernetError
from sernet.runtime.interpreter import quantise
from sernet.runtime.stream_plan import BLOCK
from sernet.runtime.streaming_network import StreamingNetwork

LITERT, STREAMING, MICRO, ENGINE = "LiteRT", "LiteRT streaming", "TensorFlow Lite Micro", "C engine"

Call = Callable[[], Any]
"""One inference."""


@dataclass(frozen=True)
class File:
    """A network in a format, and the window that it is asked."""

    model: str
    variant: Variant
    window: np.ndarray
    """(frames, feature_count), as the input tensor holds it."""

    def in_litert(self, threads: int) -> Call:
        """One inference, after opening it anew."""
        network = self.variant.network(threads)
        return lambda: network.raw_output(self.window)


@dataclass(frozen=True)
class Contender:
    """A file in a runtime."""

    model: str
    format: str
    runtime: str
    threads: int
    turn: Turn

    @property
    def keys(self) -> dict[str, Any]:
        """What its values are named by."""
        return {"model": self.model, "format": self.format, "runtime": self.runtime, "threads": self.threads}

    @property
    def name(self) -> str:
        """The same for people."""
        return f"{self.model} {self.format}, {self.runtime}, {self.threads} thread{'s' * (self.threads > 1)}"


def file_of(job: Job, model: str, variant: Variant) -> File:
    """A file with one window of the first clip."""
    return File(model, variant, quantise(variant.window_input(job.clips[0]), variant.network().input_tensor))


def contenders(job: Job, files: list[File], limit_s: float, left_out: dict[str, str]) -> Iterator[Contender]:
    """Every file in LiteRT, the first with one thread first; then in what else takes it.

    Args:
        job: whose files they are.
        files: what is timed.
        limit_s: of a turn, where calls are slow.
        left_out: is told what this machine lacks.
    """
    for threads in (1, 2):
        for file in files:
            turn = partial(timed_turn, file.in_litert(threads), limit_s=limit_s)
            yield Contender(file.model, file.variant.name, LITERT, threads, turn)
    for file in files:
        for runtime, form, opened in (
            (STREAMING, "int8-float-io", in_stream),
            (MICRO, "int8", in_micro),
            (ENGINE, "int8", partial(in_engine, job)),
        ):
            if file.variant.name != form:
                continue
            try:
                turn = partial(timed_turn, opened(file), limit_s=limit_s)
            except SernetError as error:
                left_out[f"{file.model} {form}, {runtime}"] = str(error)
            else:
                yield Contender(file.model, form, runtime, 1, turn)


def in_stream(file: File) -> Call:
    """A block of a stream that has filled its window, and the window's answer."""
    network = StreamingNetwork(streaming_bundle(file.variant.bundle, len(file.window)))
    while network.rows < network.window_rows:
        network.accept(file.window[:BLOCK])

    def answer() -> np.ndarray:
        network.accept(file.window[:BLOCK])
        return network.last_window()

    return answer


def in_micro(file: File) -> Call:
    """An inference in TensorFlow Lite Micro; raises SernetError where it is not here, or refuses the file."""
    interpreter = MicroInterpreter(file.variant.bundle.model)
    return lambda: interpreter.run(file.window)


def in_engine(job: Job, file: File) -> Call:
    """A clip of one window in the C engine, from its rows to its probabilities.

    Raises SernetError where it cannot be compiled.
    """
    engine = CEngine(build_library(file.variant.path, job.work / "engine" / file.model))

    def answer() -> np.ndarray:
        engine.reset()
        engine.push_features(file.window)
        return engine.finish()

    return answer
