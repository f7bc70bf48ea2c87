"""Figures that are the same on every machine, and cheap: what the released files weigh, what the C engine takes.

The engine runs under QEMU, on inputs of noise in whole numbers: no corpus, and no floating point, has a part in them.
"""

import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sernet.benchmarks.firmware.boards import BOARDS, PACKAGES, check_installed
from sernet.benchmarks.firmware.clips import write_rows, write_samples
from sernet.benchmarks.firmware.image import FIRMWARE, Images
from sernet.benchmarks.tracking import Tracker
from sernet.benchmarks.trust.network_work import network_work
from sernet.benchmarks.variant import Variant
from sernet.export.c_engine.golden_source import reference_answers
from sernet.export.c_engine.writer import write_c
from sernet.runtime.bundle import load_bundle
from sernet.runtime.errors import SernetError
from sernet.training.result import Result

Values = list[dict[str, Any]]

EXACT = "noise answered as the reference kernels do"
"""The metric that counts inputs; of `INPUTS`."""

INPUTS = (40, 45, 96, 184)
"""Rows of the inputs: odd heights in every pool, whole blocks, and a window of 3 s."""

AUDIO_S = 1.0
"""Length of the input of samples."""


@dataclass(frozen=True)
class Engine:
    """A released model on a board."""

    model: str
    """File name in `models`, without its suffix."""
    board: str
    ram_bytes: int
    """That it is linked for."""


ENGINES = (Engine("emodb-int8", "mps2-an386", 32768), Engine("emodb-nano-int8", "mps2-an385-m0plus", 16384))


def measure(models: Path, track: Tracker) -> Result:
    """All of them.

    Args:
        models: folder of the released files.
        track: shows how far it is.

    Raises:
        SernetError: there are no such files, or a compiler or emulator is missing; the line names Debian's packages.
    """
    paths = sorted(models.glob("*.tflite"))
    if not paths:
        raise SernetError(f"{models} holds no models: run this in a clone of the repository")
    check_installed(BOARDS[engine.board] for engine in ENGINES)
    values: Values = []
    for path in track(paths, "files"):
        values += file_values(path)
    for engine in track(ENGINES, "engines"):
        values += engine_values(engine, models)
    programs = sorted({program for engine in ENGINES for program in BOARDS[engine.board].programs})
    return Result(
        what="deterministic",
        subject="released files and the C engine",
        protocol="none: cost, and bit for bit comparison",
        corpus=f"noise: {len(INPUTS)} inputs of rows, {AUDIO_S:g} s of samples",
        n=len(values),
        seed=0,
        values=values,
        details={"versions": {program: _version(program) for program in programs}, "left_out": {}},
    )


def file_values(path: Path) -> Values:
    """What a file weighs, and its network does."""
    variant = Variant(path.stem, path, load_bundle(path))
    work = network_work(variant.bundle.model)
    figures = {
        ("file", "bytes"): path.stat().st_size,
        ("flatbuffer", "bytes"): variant.flatbuffer_bytes,
        ("gzip", "bytes"): variant.gzip_bytes,
        ("multiplications", "a window"): work.multiplications,
        ("parameters", "weights"): work.parameters,
    }
    return list(_named(figures, model=path.stem))


def engine_values(engine: Engine, models: Path, source: Path = FIRMWARE) -> Values:
    """What the engine takes on a board with a model, and whether it is exact.

    Args:
        engine: which.
        models: folder of the released files.
        source: folder of the engine and its programs.

    Raises:
        SernetError: it cannot be built or run.
    """
    path = models / f"{engine.model}.tflite"
    bundle = load_bundle(path)
    front_end, random = bundle.manifest.front_end, np.random.default_rng(0)
    inputs = [random.integers(-128, 128, (rows, front_end.feature_count), np.int8) for rows in INPUTS]
    audio = random.integers(-3000, 3001, round(AUDIO_S * front_end.sample_rate), np.int16)
    with tempfile.TemporaryDirectory() as temporary:
        folder, clips = Path(temporary), Path(temporary) / "clips"
        written = write_c(path, folder / "model")
        images = Images(BOARDS[engine.board], written, folder / "build", engine.ram_bytes, source)
        write_rows(inputs, clips)
        network = images.answers("rows", clips)
        write_samples([audio], clips)
        everything = images.answers("samples", clips)
        # the weights are those of the file: a share of what remains is a share of what compilers and we decide
        code = images.flash_bytes("samples") - network_work(bundle.model).weight_bytes
    exact = sum(
        ours.logits is not None
        and np.array_equal(ours.logits, logits)
        and np.array_equal(ours.probabilities, probabilities)
        for ours, (logits, probabilities) in zip(network.answers, reference_answers(bundle.model, inputs), strict=True)
    )
    stack = everything.memory["stack"]
    figures = {
        (EXACT, "inputs"): exact,
        ("RAM without stack", "bytes"): sum(everything.memory.values()) - stack,
        ("stack", "bytes"): stack,
        ("flash without weights", "bytes"): code,
        ("network", "instructions"): sum(answer.instructions for answer in network.answers),
        ("samples to label", "instructions"): everything.answers[0].instructions,
    }
    return list(_named(figures, model=engine.model, board=engine.board))


def _named(figures: dict[tuple[str, str], int], **what: str) -> Iterator[dict[str, Any]]:
    for (metric, unit), value in figures.items():
        yield {**what, "metric": metric, "unit": unit, "value": value, "kind": "exact"}


def _version(program: str) -> str:
    """The first line that a program says of its version."""
    assert program in PACKAGES, program
    return subprocess.run([program, "--version"], capture_output=True, text=True).stdout.splitlines()[0]
