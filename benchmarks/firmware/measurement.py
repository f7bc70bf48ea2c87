"""One model on many boards: is it exact, what memory does it take, how many instructions?"""

import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sernet.benchmarks.firmware.boards import Board
from sernet.benchmarks.firmware.clips import Recording, recordings, write_rows, write_samples
from sernet.benchmarks.firmware.image import Images
from sernet.export.c_engine.golden_source import reference_answers
from sernet.export.c_engine.writer import write_c
from sernet.export.microcontroller import MicroInterpreter, MicroUnavailableError
from sernet.export.stream_graph import streaming_bundle
from sernet.runtime.bundle import Bundle, load_bundle
from sernet.runtime.stream_recognizer import StreamRecognizer


@dataclass(frozen=True)
class Measured:
    """A board's figures."""

    board: Board
    kernel: str
    clips: int
    exact: int
    """Clips whose logits and probabilities all equal those of the reference kernels."""
    labels: int
    """Recordings that get the label which `sernet-infer file` gives them with the streaming model."""
    memory: dict[str, int]
    """Bytes: state, audio, scratch, stack; of a stream of samples."""
    flash_bytes: int
    network: float | None
    """Instructions per second of audio, from rows to probabilities; None where they are not counted."""
    front_end: float | None
    """The same from samples to rows."""
    worst: int | None
    """Instructions of the packet of 10 ms that took the most."""

    @property
    def ram_bytes(self) -> int:
        """From samples to probabilities, stack included."""
        return sum(self.memory.values())


@dataclass(frozen=True)
class Measurement:
    """All boards' figures."""

    name: str
    corpus: str
    clips: int
    boards: list[Measured]
    arena_bytes: int | None
    """Of TensorFlow Lite Micro for the model's window, as its own interpreter tells; None where it is not here."""


def measure(
    path: Path,
    boards: Sequence[Board],
    folder: Path,
    clips: int | Sequence[np.ndarray],
    ram_bytes: int,
    tell: Callable[[str], None],
) -> Measurement:
    """Build, run and compare.

    Args:
        path: an int8 bundle.
        boards: which.
        folder: where things are built.
        clips: recordings for an emulated board, how many or the waveforms themselves, (samples,), float32; this
            machine is asked all of EMO-DB.
        ram_bytes: RAM that a program may use, stack included.
        tell: is told of a board when it is done; from another thread.
    """
    model = write_c(path, folder / "model")
    bundle = load_bundle(path)
    few = _questions(bundle, clips)
    many = _questions(bundle, None) if any(not board.emulator for board in boards) else few

    def one(board: Board) -> Measured:
        images = Images(board, model, folder / board.name, ram_bytes)
        images.output("golden")
        measured = _measure_board(board, images, few if board.emulator else many)
        tell(board.name)
        return measured

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(one, boards))
    try:
        arena = MicroInterpreter(bundle.model).arena_bytes
    except MicroUnavailableError:
        arena = None
    return Measurement(bundle.manifest.name, few.corpus, len(few.recordings), found, arena)


@dataclass(frozen=True)
class _Questions:
    """What boards are asked, and what they should answer."""

    corpus: str
    recordings: list[Recording]
    answers: list[tuple[np.ndarray, np.ndarray]]
    labels: list[int]
    seconds: float


def _questions(bundle: Bundle, clips: int | Sequence[np.ndarray] | None) -> _Questions:
    corpus, asked = recordings(bundle, clips)
    return _Questions(
        corpus,
        asked,
        reference_answers(bundle.model, [recording.rows for recording in asked]),
        live_labels(bundle, asked),
        sum(len(recording.samples) for recording in asked) / bundle.manifest.front_end.sample_rate,
    )


def _measure_board(board: Board, images: Images, asked: _Questions) -> Measured:
    with tempfile.TemporaryDirectory() as temporary:
        clips = Path(temporary) / "clips"
        write_rows([recording.rows for recording in asked.recordings], clips)
        rows = images.answers("rows", clips)
        write_samples([recording.samples for recording in asked.recordings], clips)
        samples = images.answers("samples", clips)
    exact = sum(
        ours.logits is not None
        and np.array_equal(ours.logits, logits)
        and np.array_equal(ours.probabilities, probabilities)
        for ours, (logits, probabilities) in zip(rows.answers, asked.answers, strict=True)
    )
    counted = bool(board.emulator)
    network = sum(answer.instructions for answer in rows.answers) / asked.seconds
    everything = sum(answer.instructions for answer in samples.answers) / asked.seconds
    return Measured(
        board=board,
        kernel=rows.kernel,
        clips=len(asked.recordings),
        exact=exact,
        labels=sum(ours.label == label for ours, label in zip(samples.answers, asked.labels, strict=True)),
        memory=samples.memory,
        flash_bytes=images.flash_bytes("samples"),
        network=network if counted else None,
        front_end=everything - network if counted else None,
        worst=max(answer.worst_instructions for answer in samples.answers) if counted else None,
    )


def live_labels(bundle: Bundle, asked: Sequence[Recording]) -> list[int]:
    """Indices of the labels that the streaming model gives recordings; -1 where it is uncertain."""
    recognizer, labels, found = StreamRecognizer(streaming_bundle(bundle), whole=True), bundle.manifest.labels, []
    for recording in asked:
        recognizer.reset()
        recognizer.accept(recording.samples.astype(np.float32) / 32768)
        recognizer.finish()
        label = recognizer.pop().label
        found.append(labels.index(label) if label in labels else -1)
    return found
