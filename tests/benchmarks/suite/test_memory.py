"""Memory: of fresh processes, of microcontrollers, and of a program while it runs."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from sernet.benchmarks.firmware.boards import BOARDS
from sernet.benchmarks.firmware.clips import write_samples
from sernet.benchmarks.firmware.image import Images
from sernet.benchmarks.memory_timeline import memory_timeline
from sernet.benchmarks.suite.memory import BARE, measure
from sernet.export.c_engine.writer import write_c
from sernet.runtime.errors import SernetError
from sernet.training.budget import cost
from sernet.training.config import load_preset
from sernet.training.result import Result
from tests.benchmarks.suite.made_job import MODELS, NANO, check_contract, make_job, only


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return measure(make_job(tmp_path_factory.mktemp("memory")))


def test_values_keep_the_contract(memory: Result) -> None:
    check_contract(memory)


def test_the_engines_state_is_what_its_program_for_this_machine_reports(memory: Result, tmp_path: Path) -> None:
    images = Images(BOARDS["host"], write_c(MODELS / "emodb-nano-int8.tflite", tmp_path / "model"), tmp_path / "b", 0)
    write_samples([np.zeros(16000, np.int16)], tmp_path / "clips")
    reported = images.answers("samples", tmp_path / "clips").memory["state"]
    ours = only(memory, "engine RAM", model=NANO, format="int8", runtime="C engine")["value"]
    assert ours == reported
    formula = cost(load_preset("sernet-nano").widths, 184, 40, 7).state_bytes
    assert abs(ours - formula) < 0.05 * formula, f"{ours} bytes, and {formula} by the budget's formula"


def test_an_interpreter_needs_more_memory_than_none(memory: Result) -> None:
    bare = only(memory, "peak memory", runtime=BARE)["value"]
    for form in ("int8", "int8-float-io"):
        assert only(memory, "peak memory", model=NANO, format=form, runtime="LiteRT")["value"] > bare > 5e6


def test_the_timeline_grows_from_nothing_to_the_programs_memory(memory: Result) -> None:
    timeline = memory.details["timeline"]
    assert set(timeline) == {f"{NANO} int8-float-io", BARE}
    for points in timeline.values():
        assert len(points) > 3 and np.all(np.diff([s for s, _ in points]) > 0)
    assert max(size for _, size in timeline[f"{NANO} int8-float-io"]) > max(size for _, size in timeline[BARE])
    assert json.loads(json.dumps(timeline[BARE]))[0] == list(timeline[BARE][0])


def test_memory_that_a_program_takes_is_seen() -> None:
    waste = "import time; held = bytearray(b'x' * 100_000_000); time.sleep(0.3)"
    assert max(size for _, size in memory_timeline([sys.executable, "-c", waste])) > 100


def test_a_program_that_fails_is_told_with_its_last_line() -> None:
    with pytest.raises(SernetError, match="ValueError: no such luck"):
        memory_timeline([sys.executable, "-c", "raise ValueError('no such luck')"])
