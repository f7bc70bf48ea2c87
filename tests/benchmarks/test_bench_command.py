"""`sernet bench` on what cannot be measured: one line, exit code 2, and no file."""

import json
import shutil
from pathlib import Path

import pytest

from sernet.benchmarks.variant import find_variants
from sernet.cli import main
from sernet.training.run import Run


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a refused command prints."""
    capsys.readouterr()
    assert main(["bench", "run", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.strip().splitlines()
    return line


@pytest.fixture
def run(exported_run: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    shutil.copytree(exported_run, tmp_path / "run", ignore=shutil.ignore_patterns("bench", "checkpoints"))
    return tmp_path / "run"


def test_a_folder_that_is_no_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "is not a training run" in complaint(capsys, str(tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_run_without_exports(capsys: pytest.CaptureFixture[str], run: Path) -> None:
    shutil.rmtree(run / "export")
    line = complaint(capsys, str(run))
    assert f"no exported variants in {run / 'export'}" in line and "sernet export" in line
    assert not (run / "bench").exists()


def test_a_bundle_without_description(capsys: pytest.CaptureFixture[str], run: Path) -> None:
    path = run / "export" / "model-int8.tflite"
    path.write_bytes(path.read_bytes()[:100_000])
    assert str(path) in complaint(capsys, str(run))
    assert not (run / "bench").exists()


def test_a_bundle_whose_model_is_broken(capsys: pytest.CaptureFixture[str], run: Path) -> None:
    path = run / "export" / "model-float32.tflite"
    content = bytearray(path.read_bytes())
    content[8:2000] = bytes(1992)
    path.write_bytes(content)
    assert str(path) in complaint(capsys, str(run), "--json")
    assert not (run / "bench").exists()


def test_a_bundle_of_another_run(capsys: pytest.CaptureFixture[str], run: Path) -> None:
    settings = json.loads((run / "run.json").read_text())
    settings["labels"] = [f"other {label}" for label in settings["labels"]]
    (run / "run.json").write_text(json.dumps(settings))
    assert "other labels" in complaint(capsys, str(run))


def test_the_reference_is_the_most_exact_variant(run: Path) -> None:
    for name in ("dynamic", "custom"):
        shutil.copy(run / "export" / "model-int8.tflite", run / "export" / f"model-{name}.tflite")
    assert [variant.name for variant in find_variants(Run.open(run))] == ["float32", "dynamic", "int8", "custom"]


def test_numbers_below_one(capsys: pytest.CaptureFixture[str], run: Path) -> None:
    assert "at least 1" in complaint(capsys, str(run), "--repetitions", "0")


def test_a_test_clip_that_is_gone(capsys: pytest.CaptureFixture[str], run: Path) -> None:
    settings = json.loads((run / "run.json").read_text())
    gone = settings["split"]["test"][0]["path"] = str(run / "gone.wav")
    (run / "run.json").write_text(json.dumps(settings))
    assert gone in complaint(capsys, str(run), "--json")
    assert not (run / "bench").exists()


def test_json_is_the_document_and_the_page(capsys: pytest.CaptureFixture[str], run: Path, tmp_path: Path) -> None:
    for path in (run / "export").glob("model-[fd]*"):
        path.unlink()  # a run of which only int8 was exported
    out = tmp_path / "out"
    capsys.readouterr()
    numbers = ["--repetitions", "1", "--processes", "1", "--threads", "1"]
    assert main(["bench", "run", str(run), "--out", str(out), "--json", *numbers]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed.pop("path") == str(out / "report.html")
    assert printed == json.loads((out / "result.json").read_text())
    assert printed["details"]["reference"] == "int8"
    assert sorted(path.name for path in out.iterdir()) == ["report.html", "report.md", "result.json"]
