"""Latency in every runtime: all answer the same question, and figures are those of the samples."""

import dataclasses
import shutil
import statistics
from pathlib import Path

import numpy as np
import pytest

from sernet.benchmarks.suite import latency
from sernet.benchmarks.suite.contenders import (
    ENGINE,
    LITERT,
    MICRO,
    STREAMING,
    contenders,
    file_of,
    in_engine,
    in_micro,
)
from sernet.benchmarks.suite.predecessor import RUNTIME, in_predecessor, predecessor_python
from sernet.benchmarks.suite.stock import STOCK, stock_variant
from sernet.benchmarks.variant import find_variants
from sernet.export.flatbuffer import operators
from sernet.runtime.errors import SernetError
from sernet.runtime.network import Network
from sernet.training.network_inputs import network_inputs
from sernet.training.result import Result
from sernet.training.run import Run
from tests.benchmarks.suite.made_job import NANO, check_contract, make_job, only

REPOSITORY = Path(__file__).resolve().parents[3]
TURNS = 3


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latency, "_FEW_TURNS", TURNS)
        return latency.measure(make_job(tmp_path_factory.mktemp("latency")))


def test_values_keep_the_contract(measured: Result) -> None:
    check_contract(measured)
    runtimes = {value.get("runtime") for value in measured.values}
    assert runtimes >= {LITERT, STREAMING}
    assert set(measured.details["left_out"]) >= {STOCK, RUNTIME}


def test_figures_are_those_of_the_samples(measured: Result) -> None:
    keys = {"model": NANO, "format": "int8-float-io", "runtime": LITERT, "threads": 1}
    kept = measured.details["samples"][f"{NANO} int8-float-io, LiteRT, 1 thread"]
    found = only(measured, "latency median", **keys)
    assert TURNS <= found["n"] == len(kept) <= 10 * TURNS
    assert found["value"] == pytest.approx(statistics.median(kept), rel=1e-3), "kept to four digits"
    assert not [value for value in measured.values if value["metric"] == "latency p99"], "30 calls make no hundredth"


def test_the_reference_takes_as_long_as_itself(measured: Result) -> None:
    found = only(measured, "latency ratio", model=NANO, format="int8", runtime=LITERT, threads=1)
    assert (found["low"], found["value"], found["high"]) == (1, 1, 1)


def test_microcontrollers_runtimes_answer_the_question_that_is_timed(tmp_path: Path) -> None:
    job = make_job(tmp_path)
    file = file_of(job, NANO, job.variant(NANO, "int8"))
    expected = Network(file.variant.bundle, reference_kernels=True).raw_output(file.window)
    np.testing.assert_array_equal(in_engine(job, file)(), expected)
    np.testing.assert_array_equal(in_micro(file)(), expected)


def test_what_is_missing_is_left_out_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None)
    job, left_out = make_job(tmp_path), {}
    files = [file_of(job, NANO, job.variant(NANO, "int8"))]
    found = list(contenders(job, files, 0.1, left_out))
    assert left_out == {f"{NANO} int8, {ENGINE}": "cc missing: sudo apt install gcc"}
    assert {one.runtime for one in found} == {LITERT, MICRO}


def test_the_stock_conversion_is_not_rewritten_and_answers_as_keras(exported_run: Path, tmp_path: Path) -> None:
    run = Run.open(exported_run)
    clip = run.split.test[0]
    job = make_job(tmp_path, run=run, models={"tiny": find_variants(run)}, clips=[clip])
    stock = stock_variant(job)
    kinds = operators(stock.bundle.model)
    assert kinds["AVERAGE_POOL_2D"] and not kinds["DEPTHWISE_CONV_2D"]
    file = file_of(job, "tiny", stock)
    assert file.window.dtype == np.float32, "floats in, as the converter has it"
    (inputs,) = network_inputs([clip], run.front_end, run.config.input_duration)
    expected = run.model.predict(inputs[None, ..., None], verbose=0)[0]
    np.testing.assert_allclose(file.in_litert(1)(), expected, atol=0.1, err_msg="int8 differs by at most 0.1")


def test_the_predecessor_takes_turns_in_its_own_process(tmp_path: Path) -> None:
    try:
        python = predecessor_python(REPOSITORY / "build")  # it is kept for the next time
    except SernetError as error:
        pytest.skip(str(error))
    job, left_out = make_job(tmp_path), {}
    files = [file_of(job, NANO, variant) for variant in job.models[NANO]]
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"no model")
    files[1] = dataclasses.replace(files[1], variant=dataclasses.replace(files[1].variant, path=broken))
    with in_predecessor(python, files, 5.0, left_out) as (one,):
        assert one.keys == {"model": NANO, "format": "int8", "runtime": RUNTIME, "threads": 1}
        times = one.turn(4)
    assert len(times) == 4 and min(times) > 0
    assert list(left_out) == [f"{NANO} int8-float-io, {RUNTIME}"]
