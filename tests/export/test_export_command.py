"""`sernet export`: what it prints, what it refuses, and that a kill leaves nothing that loads."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sernet.cli import main
from sernet.export.formats import parse_formats
from sernet.runtime.bundle import BundleError, load_bundle


def test_json_lines_name_path_and_agreement(tiny_run: Path, tmp_path: Path, capsys):
    assert main(["export", str(tiny_run), "--format", "dynamic", "--out", str(tmp_path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["path"] == str(tmp_path / "model-dynamic.tflite")
    assert any(item["metric"] == "agreement with Keras" for item in document["values"])


def test_formats_are_listed_with_spaces_or_commas():
    assert [f.name for f in parse_formats(["int8,float32", "dynamic"])] == ["float32", "dynamic", "int8"]
    assert len(parse_formats(["all"])) == 6
    assert "int16x8" not in {f.name for f in parse_formats(["all"], stream=True)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{run}", "--format", "int4"], "unknown format int4"),
        (["{run}/nothing"], "is not a training run"),
        (["{unfinished}"], "has not been trained to its end"),
        (["{unreadable}"], "cannot be read"),
    ],
)
def test_bad_input_gets_one_line_and_code_2(arguments, message, tiny_run: Path, tmp_path: Path, capsys):
    for name in ("unfinished", "unreadable"):
        (tmp_path / name).mkdir()
        shutil.copy(tiny_run / "run.json", tmp_path / name)
    (tmp_path / "unreadable" / "run.json").write_text("{")
    places = {"run": tiny_run, "unfinished": tmp_path / "unfinished", "unreadable": tmp_path / "unreadable"}
    assert main(["export", *(argument.format(**places) for argument in arguments)]) == 2
    error = [line for line in capsys.readouterr().err.splitlines() if line.startswith("sernet: error:")]
    assert len(error) == 1 and message in error[0]


KILLED_IN = {
    "the middle of writing": "Path.write_bytes = lambda path, data: (write(path, data[: len(data) // 2]), die())",
    "the moment before renaming": "Path.replace = lambda a, b: (die if b.suffix == '.tflite' else rename)(a, b)",
}


@pytest.mark.parametrize("moment", KILLED_IN)
def test_a_kill_in_the_worst_moment_leaves_no_bundle_under_its_name(moment: str, tiny_run: Path, tmp_path: Path):
    program = f"""
import os, signal, sys
from pathlib import Path
from sernet.cli import main
write, rename = Path.write_bytes, Path.replace
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
{KILLED_IN[moment]}
sys.exit(main(["export", {str(tiny_run)!r}, "--format", "dynamic", "--out", {str(tmp_path)!r}]))
"""
    child = subprocess.run([sys.executable, "-c", program], capture_output=True)
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()
    assert any(tmp_path.iterdir()), "it was killed before it wrote anything: this test shows nothing"
    assert list(tmp_path.glob("model-*.tflite")) == []
    for left_over in tmp_path.glob(".*.tflite"):
        with pytest.raises(BundleError, match="never published"):
            load_bundle(left_over)
    assert main(["export", str(tiny_run), "--format", "dynamic", "--out", str(tmp_path)]) == 0
    assert load_bundle(tmp_path / "model-dynamic.tflite").manifest.accuracy
    assert not list(tmp_path.glob(".*.tflite")), "the next export removes what the killed one left"
