"""`sernet bench pareto`: several runs and formats side by side, what beats what, and who should take which."""

import itertools
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sernet.benchmarks.pareto.comparison import SAVED, Compared, front
from sernet.benchmarks.pareto.device_classes import CLASSES, TOLERANCE, advise
from sernet.cli import main
from sernet.training.network import multiply_accumulates
from sernet.training.run import Run


def variant(name: str, form: str = "int8", **figures: float) -> Compared:
    """A made-up one, of the int8 network of a microcontroller unless told otherwise."""
    metrics = {"UA": 0.8, "gzip": 1e5, "multiplications": 3e7, "latency median": 1.0, "weights": 6e4, "engine RAM": 9e3}
    items = {metric: {"value": value, "low": value, "high": value} for metric, value in (metrics | figures).items()}
    return Compared(name, name, form, "none", items)


def test_the_front_is_what_nothing_beats_in_all_four_at_once():
    generator = np.random.default_rng(0)
    made = [
        variant(str(number), UA=float(row[0]), **dict(zip(SAVED, map(float, row[1:]), strict=True)))
        for number, row in enumerate(generator.integers(0, 4, (30, 4)))
    ]

    def points(one: Compared) -> np.ndarray:
        return np.array([-one.figure("UA"), *(one.figure(metric) for metric in SAVED)])

    beaten = {
        one.name
        for one, other in itertools.permutations(made, 2)
        if (points(other) <= points(one)).all() and (points(other) < points(one)).any()
    }
    assert front(made) == [one.name for one in made if one.name not in beaten]
    assert 0 < len(beaten) < len(made)


def test_a_device_is_told_the_cheapest_of_about_the_most_accurate_that_fit():
    large = variant("large", UA=0.80, multiplications=160e6, weights=460e3)
    near = variant("near", UA=0.80 - 0.9 * TOLERANCE, multiplications=40e6, weights=120e3)
    tiny = variant("tiny", UA=0.70, multiplications=23e6, weights=55e3)
    found = {one.device.name.split(",")[0]: one for one in advise([large, near, tiny], 3.0)}
    chosen = {name: one.variant.name if one.variant else None for name, one in found.items()}
    assert chosen["Cortex-M7"] == chosen["Cortex-M55"] == chosen["Cortex-M4"] == "near"
    assert chosen["Cortex-M0+"] == "tiny"
    assert chosen["Raspberry Pi 4"] is None, "a Pi takes floats at both ends"
    assert "1 of 3 fit" in found["Cortex-M0+"].why and "0.9 points behind large" in found["Cortex-M7"].why


@pytest.mark.parametrize("device", [one for one in CLASSES if one.flash], ids=lambda one: one.name)
def test_limits_bind(device: Any):
    assert device.can_run(variant("fits", multiplications=1e6, weights=1e4), 3.0)
    for figures in ({"weights": device.flash + 1}, {"engine RAM": device.ram + 1}):
        large: dict[str, float] = {"multiplications": 1e6, "weights": 1e4} | figures
        assert not device.can_run(variant("too large", "int8", **large), 3.0)
    assert not device.can_run(variant("too slow", multiplications=3.1 * device.macs_per_s, weights=1e4), 3.0)
    assert not device.can_run(variant("floats", "float32", multiplications=1e6, weights=1e4), 3.0)


@pytest.fixture(scope="module")
def pruned(exported_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pareto") / "narrow"
    words = ["prune", str(exported_run), "--max-macs", "4e6", "--epochs", "1", "--quiet", "--out", str(folder)]
    assert main(words) == 0 and main(["export", str(folder), "--format", "float32,int8"]) == 0
    return folder


def test_every_variant_of_every_run_is_measured_and_shown(exported_run: Path, pruned: Path, tmp_path: Path, capsys):
    capsys.readouterr()
    words = [str(exported_run), str(pruned), "--repetitions", "3", "--out", str(tmp_path)]
    assert main(["bench", "pareto", *words]) == 0
    printed = capsys.readouterr().out
    content = json.loads((tmp_path / "pareto.json").read_text())
    names = [f"{run} {form}" for run in ("tiny", "narrow") for form in ("float32", "int8")]
    assert [one["name"] for one in content["details"]["candidates"]] == names
    page, text = ((tmp_path / f"pareto.{kind}").read_text() for kind in ("html", "md"))
    assert all(name in page and name in text and name in printed for name in names)
    assert page.count("<svg") == 5 and "Cortex-M0+" in text
    values = {(item["variant"], item["metric"]): item for item in content["values"]}
    for folder, name in ((exported_run, "tiny"), (pruned, "narrow")):
        run, file = Run.open(folder), folder / "export" / "model-int8.tflite"
        assert values[f"{name} int8", "multiplications"]["value"] == multiply_accumulates(run.model)
        assert values[f"{name} int8", "file"]["value"] == file.stat().st_size
        own = json.loads(file.with_suffix(".json").read_text())["values"]
        ua = next(item for item in own if item["metric"] == "UA")
        assert values[f"{name} int8", "UA"]["value"] == ua["value"]
        assert (f"{name} float32", "engine RAM") not in values
    assert values["tiny float32", "latency ratio"]["value"] == 1
    assert [one["method"] for one in content["details"]["candidates"]] == ["none", "none", "channels", "channels"]


def test_runs_that_cannot_be_compared_are_told_in_one_line(exported_run: Path, tmp_path: Path, capsys):
    def complaint(*words: str) -> str:
        capsys.readouterr()
        assert main(["bench", "pareto", *words, "--out", str(tmp_path / "out")]) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert not (tmp_path / "out").exists()
        return line

    assert "two of the runs have the same name" in complaint(str(exported_run), str(exported_run))
    other = shutil.copytree(exported_run, tmp_path / "other")
    settings = json.loads((other / "run.json").read_text())
    settings["config"]["input_duration"] = 2.0
    (other / "run.json").write_text(json.dumps(settings))
    assert "has other labels or another input" in complaint(str(exported_run), str(other))
