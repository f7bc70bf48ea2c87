"""One benchmark of the tiny run, measured by the command itself and looked at from many sides."""

import contextlib
import io
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sernet.cli import main

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
    printed = io.StringIO()
    numbers = ["--repetitions", str(REPETITIONS), "--processes", str(PROCESSES)]
    with contextlib.redirect_stdout(printed):
        assert main(["bench", str(exported_run), *numbers]) == 0
    return Bench(exported_run, printed.getvalue(), json.loads((exported_run / "bench" / "result.json").read_text()))
