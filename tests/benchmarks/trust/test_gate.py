"""The regression gate, on what is committed and on engines and files that were made worse on purpose."""

import contextlib
import dataclasses
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sernet.benchmarks.firmware.boards import BOARDS, check_installed
from sernet.benchmarks.trust import deterministic
from sernet.benchmarks.trust.deterministic import ENGINES, EXACT, INPUTS, Engine, engine_values, file_values
from sernet.benchmarks.trust.document import read_result
from sernet.benchmarks.trust.gate import Judgement, judge
from sernet.benchmarks.trust.gate_command import BASELINE
from sernet.benchmarks.trust.network_work import network_work
from sernet.cli import main
from sernet.runtime.bundle import load_bundle, pack_bundle
from sernet.runtime.errors import SernetError
from sernet.training.budget import cost
from sernet.training.config import load_preset
from sernet.training.result import Result

ROOT = Path(__file__).resolve().parents[3]
MODELS = ROOT / "models"
NANO = ENGINES[1]

Values = list[dict[str, Any]]


@pytest.fixture(scope="module")
def tools() -> None:
    try:
        check_installed(BOARDS[engine.board] for engine in ENGINES)
    except SernetError as error:
        pytest.skip(str(error))


def committed() -> dict[str, Any]:
    return read_result(BASELINE)


def changed(values: Values, factor: float, **what: str) -> Values:
    """Values, of which one is multiplied."""
    (place,) = [place for place, value in enumerate(values) if what.items() <= value.items()]
    return [*values[:place], values[place] | {"value": values[place]["value"] * factor}, *values[place + 1 :]]


def instead(values: Values, others: Values, **what: str) -> Values:
    """Values, with others in the place of those of a file or an engine."""
    return [value for value in values if not what.items() <= value.items()] + others


def of_engine(engine: Engine) -> dict[str, str]:
    return {"model": engine.model, "board": engine.board}


@pytest.fixture
def engine_source(tmp_path: Path) -> Callable[[str, str], Path]:
    """A copy of the engine's sources, with one line of network.c changed."""

    def change(line: str, into: str) -> Path:
        copy = shutil.copytree(ROOT / "firmware_example", tmp_path / "firmware_example")
        path = copy / "engine" / "network.c"
        source = path.read_text()
        assert source.count(line) == 1, f"the engine has changed: choose another line than {line!r}"
        path.write_text(source.replace(line, into))
        return copy

    return change


@pytest.fixture(scope="module")
def measured(tools: None) -> tuple[int, dict[str, Any]]:
    """Exit code and document of `sernet bench gate`."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        code = main(["bench", "gate", "--json"])
    return code, json.loads(printed.getvalue())


def test_nothing_is_worse_than_the_committed_baseline(measured: tuple[int, dict[str, Any]]) -> None:
    code, document = measured
    assert (code, document["regressions"]) == (0, [])


def test_an_engine_that_is_two_percent_slower_shuts_the_gate(
    tools: None, engine_source: Callable[[str, str], Path]
) -> None:
    line = "  const unsigned count = (unsigned)(rows * columns);\n"
    waste = "  for (volatile unsigned waste = 0; waste < 200; ++waste) {}\n"
    values = engine_values(NANO, MODELS, engine_source(line, line + waste))
    baseline = committed()
    (slower,) = [v["value"] for v in values if v["metric"] == "network"]
    (before,) = [
        v["value"] for v in baseline["values"] if of_engine(NANO).items() <= v.items() and v["metric"] == "network"
    ]
    assert 1.01 < slower / before < 1.03, "the deliberate waste should be about 2 %"
    verdict = judge(baseline, instead(baseline["values"], values, **of_engine(NANO)))
    assert any("network (mps2-an385-m0plus, emodb-nano-int8)" in said for said in verdict.regressions), verdict


def test_an_engine_that_rounds_otherwise_shuts_the_gate(tools: None, engine_source: Callable[[str, str], Path]) -> None:
    source = engine_source("(count > 1 ? sum >> 31 : 0)", "(count > 1 ? 0 : 0)")  # halves up, not away from zero
    baseline = committed()
    values = engine_values(NANO, MODELS, source)
    verdict = judge(baseline, instead(baseline["values"], values, **of_engine(NANO)))
    (said,) = [said for said in verdict.regressions if EXACT in said]
    assert f"{len(INPUTS)} became " in said


def test_the_waste_of_one_percent_and_less_is_the_compilers() -> None:
    baseline = committed()
    name = of_engine(NANO) | {"metric": "network"}
    assert judge(baseline, changed(baseline["values"], 1.009, **name)) == Judgement([], [])
    assert len(judge(baseline, changed(baseline["values"], 1.011, **name)).regressions) == 1


def test_a_released_file_that_grows_shuts_the_gate(tmp_path: Path) -> None:
    path = MODELS / "emodb-nano-int8.tflite"
    bundle = load_bundle(path)
    longer = dataclasses.replace(bundle.manifest, name=bundle.manifest.name + " of autumn")
    grown = tmp_path / path.name
    grown.write_bytes(pack_bundle(bundle.model[: bundle.model.index(b"PK\x03\x04")], longer))
    baseline = committed()
    known = [v for v in baseline["values"] if v["model"] == path.stem and "board" not in v]
    same, more = ([v for v in baseline["values"] if v not in known] + file_values(file) for file in (path, grown))
    assert judge(baseline, same) == Judgement([], [])
    (said,) = judge(baseline, more).regressions
    assert said.startswith("file (emodb-nano-int8): ") and said.endswith("tolerance 0 %")


@pytest.mark.parametrize("metric", ["file", "flatbuffer", "multiplications", "parameters"])
def test_files_and_their_work_have_no_tolerance(metric: str) -> None:
    baseline = committed()
    name = {"model": "emodb-int8", "metric": metric}
    assert judge(baseline, changed(baseline["values"], 1 + 1e-6, **name)).regressions


def test_what_became_lighter_is_told_and_opens_the_gate() -> None:
    baseline = committed()
    verdict = judge(baseline, changed(baseline["values"], 0.9, **of_engine(NANO), metric="network"))
    assert not verdict.regressions and len(verdict.better) == 1 and "(-10.00 %)" in verdict.better[0]


def test_what_is_measured_no_more_or_not_in_the_baseline_shuts_the_gate() -> None:
    baseline = committed()
    fewer = [v for v in baseline["values"] if v["model"] != "emodb-small-int8"]
    assert all(said.endswith("is gone") for said in judge(baseline, fewer).regressions)
    assert len(judge(baseline, fewer).regressions) == 5
    assert len(judge(baseline | {"values": fewer}, baseline["values"]).regressions) == 5


def test_the_command_names_the_regression_with_exit_code_1(
    measured: tuple[int, dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = Result(**{field.name: measured[1][field.name] for field in dataclasses.fields(Result)})
    monkeypatch.setattr(deterministic, "measure", lambda *_: found)  # once is enough
    baseline = committed()
    baseline["values"] = changed(baseline["values"], 0.98, **of_engine(NANO), metric="network")
    path = tmp_path / "baseline.json"
    path.write_text(json.dumps(baseline))
    assert main(["bench", "gate", "--baseline", str(path)]) == 1
    (said,) = capsys.readouterr().out.strip().splitlines()
    assert said.startswith("regression: network (mps2-an385-m0plus, emodb-nano-int8): ") and "(+2.0" in said
    assert main(["bench", "gate", "--baseline", str(path), "--renew"]) == 0
    assert main(["bench", "gate", "--baseline", str(path)]) == 0


@pytest.mark.parametrize("content", [None, "", "{}", "[1]"])
def test_no_baseline_is_one_line(content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "baseline.json"
    if content is not None:
        path.write_text(content)
    assert main(["bench", "gate", "--baseline", str(path)]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert str(path) in line


def test_another_result_is_no_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "gate", "--baseline", str(ROOT / "results" / "emodb-sernet" / "loso-float.json")]) == 2
    assert "is of evaluation, no baseline" in capsys.readouterr().err


@pytest.mark.parametrize(("file", "preset"), [("emodb-int8", "sernet"), ("emodb-small-int8", "sernet-small")])
def test_work_counted_in_the_file_is_that_of_its_preset(file: str, preset: str) -> None:
    found = network_work(load_bundle(MODELS / f"{file}.tflite").model)
    expected = cost(load_preset(preset).widths, 184, 40, 7)
    assert (found.multiplications, found.weight_bytes) == (expected.macs, expected.weight_bytes)
