"""A benchmark keeps each section as soon as it is measured, and measures it again only when it has reason to."""

import dataclasses
import json
from pathlib import Path

import pytest

from sernet.benchmarks.suite.job import Job
from sernet.benchmarks.suite.measured import measure_sections
from sernet.benchmarks.suite.sections import SECTIONS
from sernet.benchmarks.variant import Variant
from sernet.cli import main
from sernet.runtime.bundle import load_bundle

NANO = Path(__file__).resolve().parents[3] / "models" / "emodb-nano-int8.tflite"
CORPUS = {"name": "none", "title": "no corpus", "language": "", "licence": "", "note": ""}


def unseen(items, name):
    return iter(items)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    models = {"sernet-nano": [Variant("int8", NANO, load_bundle(NANO))]}
    return Job(tmp_path / "work", False, models, None, CORPUS, [], unseen)


def measured(job: Job, folder: Path, **options: bool) -> dict:
    (path,) = measure_sections(job, folder, [SECTIONS["sizes"]], **options)
    return json.loads(path.read_text())


def test_a_section_is_kept_with_what_it_was_measured_of(job: Job, tmp_path: Path):
    provenance = measured(job, tmp_path)["details"]["provenance"]
    assert provenance["command"] == "sernet bench --only sizes" and not provenance["quick"]
    assert list(provenance["models"]) == ["sernet-nano int8"]


def test_what_was_measured_is_not_measured_again_unless_asked_for(job: Job, tmp_path: Path):
    path = tmp_path / "results" / "sizes.json"
    first = measured(job, tmp_path)
    first["n"] = -1
    path.write_text(json.dumps(first))
    assert measured(job, tmp_path)["n"] == -1
    assert measured(job, tmp_path, again=True)["n"] > 0


@pytest.mark.parametrize("change", ["quick", "model", "damaged"])
def test_another_measurement_is_no_measurement_of_this(job: Job, tmp_path: Path, change: str):
    path = tmp_path / "results" / "sizes.json"
    first = measured(job, tmp_path)
    path.write_text(json.dumps(first | {"n": -1}))
    if change == "quick":
        job = dataclasses.replace(job, quick=True)
    elif change == "model":
        other = NANO.with_name("emodb-small-int8.tflite")
        job = dataclasses.replace(job, models={"sernet-nano": [Variant("int8", other, load_bundle(other))]})
    else:
        path.write_text(path.read_text()[:-20])
    assert measured(job, tmp_path)["n"] > 0


def test_an_unknown_section_is_told_in_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    assert main(["bench", "--only", "sizes", "siezs", "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "unknown section siezs" in line and "latency" in line
    assert not (tmp_path / "out").exists()
