"""One benchmark of the tiny run, measured by the command itself and looked at from many sides."""

import contextlib
import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sernet.cli import main
from sernet.runtime.calibration import Calibration

VARIANTS = ["float32", "int8"]
REPETITIONS = 23
PROCESSES = 2


@dataclass(frozen=True)
class Bench:
    """A benchmarked run."""

    run: Path
    printed: str
    result: dict[str, Any]

    def value(self, variant: str, metric: str, threads: int | None = None) -> dict[str, Any]:
        """The only value of that name."""
        (found,) = [
            item
            for item in self.result["values"]
            if (item["variant"], item["metric"], item.get("threads")) == (variant, metric, threads)
        ]
        return found


@pytest.fixture(scope="session")
def exported_run(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tiny run with two variants."""
    run = tmp_path_factory.mktemp("bench") / "tiny"
    shutil.copytree(tiny_run, run)
    assert main(["export", str(run), "--format", *VARIANTS]) == 0
    return run


@pytest.fixture(scope="session")
def bench(exported_run: Path) -> Bench:
    """What `sernet bench` printed and wrote."""
    return benchmark(exported_run, "--repetitions", str(REPETITIONS), "--processes", str(PROCESSES))


def benchmark(run: Path, *numbers: str) -> Bench:
    """Run the command."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main(["bench", "run", str(run), *numbers]) == 0
    return Bench(run, printed.getvalue(), json.loads((run / "bench" / "result.json").read_text()))


PRESET = """
epochs = 3
batch_size = 8
learning_rate = 2e-3
input_duration = 1.0
keep = "last"

[front_end]
clip = 1000.0

[front_end.normalisation]
prior_frames = 100.0

[examples]
voices = 2
crop_s = 0.6
"""


def reached(metric: str, protocol: str, reading: str, value: float) -> dict[str, Any]:
    """A figure as a bundle carries it from `sernet evaluate`."""
    interval = {"low": value - 0.05, "high": value + 0.05, "resampled": "speakers"}
    of = {"protocol": protocol, "reading": reading, "corpus": "own recordings", "n": 64, "seeds": [0, 1]}
    return {"metric": metric, "value": value} | interval | of


@pytest.fixture(scope="session")
def released_run(tiny_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that normalises and held nothing out, with two variants that say what their settings reach."""
    from sernet.export.exporter import Exporter
    from sernet.export.formats import FORMATS
    from sernet.export.measured import Measured
    from sernet.training.run import Run

    folder = tmp_path_factory.mktemp("released")
    (folder / "causal.toml").write_text(PRESET)
    words = ["--dataset", str(tiny_corpus), "--preset", str(folder / "causal.toml"), "--split", "all", "-v", "false"]
    assert main(["train", *words, "--out", str(folder / "run")]) == 0
    run = Run.open(folder / "run")
    exporter, calibration = Exporter(run), Calibration(0.5, tuple(np.linspace(-0.3, 0.3, len(run.labels)).tolist()))
    for name, readings in (("float32", ("float",)), ("int8", ("int8", "float"))):
        values = {"float": 0.71, "int8": 0.69}
        figures = [
            *(reached(metric, "loso", reading, values[reading]) for reading in readings for metric in ("UA", "WA")),
            reached("UA", "loso-enrolled", "enrolled-60", 0.8),
            reached("UA", "text", readings[0], 0.5),
        ]
        exporter.export(FORMATS[name], measured=Measured(tuple(figures), calibration))
    return folder / "run"


@pytest.fixture(scope="session")
def released(released_run: Path) -> Bench:
    """What `sernet bench` printed and wrote of it."""
    return benchmark(released_run, "--repetitions", "5", "--processes", "1")
