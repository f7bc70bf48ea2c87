"""`sernet-infer file --folder`: the rows that the files alone would get, whatever the table and the workers."""

import csv
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import sernet
from sernet.runtime import load_bundle
from sernet.runtime.cli import main


def rows_of(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [
            {name: value if name in TEXTS else float(value) for name, value in row.items()}
            for row in csv.DictReader(file)
        ]


TEXTS = {"file", "label", "model", "fingerprint", "sernet_version"}


def expected_rows(folder: Path, names: list[str], infer: Any, *options: str) -> list[dict[str, Any]]:
    """What `sernet-infer file --json` says of the files, one after the other."""
    done = infer("--json", *options, *(folder / name for name in names))
    assert done.returncode == 0, done.stderr
    bundle = load_bundle()
    rows = []
    for line in map(json.loads, done.stdout.splitlines()):
        probabilities = {f"p_{label}": value for label, value in line.pop("probabilities").items()}
        line["file"] = Path(line["file"]).relative_to(folder).as_posix()
        model = {"model": bundle.manifest.name, "fingerprint": bundle.fingerprint}
        rows.append(line | probabilities | model | {"sernet_version": sernet.__version__})
    return rows


@pytest.mark.parametrize("options", [[], ["--windows", "--hop", "0.25"]], ids=["whole", "windows"])
def test_rows_are_those_of_the_files_one_by_one(options: list[str], clips: Path, infer: Any, tmp_path: Path):
    names = ["B.flac", "a-b.wav", "a.wav", "b.wav", "below/a.wav", "below/more/a.ogg", "ä ö, ü.wav"]
    output = tmp_path / "new folder" / "out.csv"
    done = infer("--folder", clips, "--recursive", "--output", output, "--jobs", 2, *options)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert done.stdout == f"{output}: 7 files answered; not audio by their names: 1 (.txt 1)\n"
    rows = rows_of(output)
    assert rows == expected_rows(clips, names, infer, *options)
    assert [*rows[0]][:4] == ["file", "start_s", "end_s", "label"]
    assert names_in(output.parent) == ["out.csv"]


def test_real_speech_gets_the_rows_of_the_files_one_by_one(emodb: Path, infer: Any, tmp_path: Path):
    names = [path.name for path in sorted((emodb / "wav").iterdir())[:12]]
    (tmp_path / "clips").mkdir()
    for name in names:
        (tmp_path / "clips" / name).symlink_to(emodb / "wav" / name)
    assert main(["file", "--folder", str(tmp_path / "clips"), "--output", str(tmp_path / "out.csv")]) == 0
    assert rows_of(tmp_path / "out.csv") == expected_rows(tmp_path / "clips", names, infer)


def test_one_worker_and_three_and_every_kind_of_table_agree(clips: Path, tmp_path: Path):
    parquet = pytest.importorskip("pyarrow.parquet")

    def table(name: str, jobs: str) -> Path:
        assert main(["file", "--folder", str(clips), "--output", str(tmp_path / name), "--jobs", jobs]) == 0
        return tmp_path / name

    one = table("one.csv", "1")
    assert table("three.csv", "3").read_bytes() == one.read_bytes()
    assert table("other.parquet", "1").read_bytes() == table("out.parquet", "3").read_bytes()
    read = parquet.read_table(tmp_path / "out.parquet")
    assert read.to_pylist() == rows_of(one)
    kinds = {name: "string" if name in TEXTS else "double" for name in rows_of(one)[0]}
    assert {field.name: str(field.type) for field in read.schema} == kinds
    lines = table("out.jsonl", "2").read_text().splitlines()
    assert list(map(json.loads, lines)) == rows_of(one)


@pytest.fixture
def mixed(clips: Path, tmp_path: Path) -> Path:
    """Two good clips, and files that cannot be answered."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    shutil.copy(clips / "a.wav", folder / "a.wav")
    shutil.copy(clips / "b.wav", folder / os.fsdecode(b"b\xe9.wav"))
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.wav").write_text("this is not audio\n" * 20)
    (folder / "cut.wav").write_bytes((clips / "a.wav").read_bytes()[:5000])
    (folder / "phone.m4a").write_bytes(b"\0" * 100)
    soundfile.write(folder / "nan.wav", np.array([0.0, np.nan]), 16000, "FLOAT")
    soundfile.write(folder / "tiny.wav", np.zeros(10), 16000)
    soundfile.write(folder / "long.wav", np.zeros(61 * 16000, np.int16), 16000)
    os.mkfifo(folder / "pipe.wav")
    (folder / "gone.wav").symlink_to("nothing.wav")
    return folder


REASONS = {
    "cut.wav": "is cut short",
    "empty.wav": "is empty (0 bytes)",
    "gone.wav": "No such file or directory",
    "long.wav": "61 s are too long for one answer",
    "nan.wav": "not finite",
    "phone.m4a": ".m4a files are not read",
    "pipe.wav": "not a regular file",
    "text.wav": "not audio that can be read",
    "tiny.wav": "10 samples are fewer than a frame's",
}


def test_bad_files_are_told_at_the_end_and_the_others_answered(mixed: Path, infer: Any, tmp_path: Path):
    done = infer("--folder", mixed, "--output", tmp_path / "out.csv", "--jobs", 2)
    assert done.returncode == 2 and f"2 files answered, {len(REASONS)} could not be answered\n" in done.stdout
    lines = done.stderr.splitlines()
    assert len(lines) == len(REASONS)
    for line, (name, reason) in zip(lines, REASONS.items(), strict=True):
        assert line.startswith(f"{name}: ") and reason in line and str(mixed) not in line
    assert [row["file"] for row in rows_of(tmp_path / "out.csv")] == ["a.wav", r"b\xe9.wav"]
    assert not list(tmp_path.glob("out.csv.*"))


def test_json_sums_the_run_up_in_one_document(mixed: Path, infer: Any, tmp_path: Path):
    done = infer("--json", "--folder", mixed, "--output", tmp_path / "out.jsonl")
    summary = json.loads(done.stdout)
    assert done.returncode == 2 and summary["answered"] == 2 and summary["output"] == str(tmp_path / "out.jsonl")
    assert set(summary["failed"]) == set(REASONS)


def test_when_no_file_can_be_answered_there_is_no_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a.wav").write_bytes(b"")
    arguments = ["--folder", str(tmp_path / "clips"), "--output", str(tmp_path / "out.csv")]
    assert main(["file", *arguments]) == 2
    told = capsys.readouterr().err
    assert told.startswith("a.wav: is empty") and "none of 1 files could be answered" in told
    assert names_in(tmp_path) == ["clips"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--folder", "{clips}"], "--folder needs --output"),
        (["--folder", "{clips}", "--output", "out.xls"], "must end in .csv, .jsonl, .parquet"),
        (["--folder", "{clips}", "--output", "out.csv", "a.wav"], "give --folder or files, not both"),
        (["--folder", "{clips}", "--output", "out.csv", "--address", "a:1"], "--address belongs to --engine ray"),
        (["--folder", "{clips}", "--output", "out.csv", "--windows", "--hop", "9"], "the hop must be above 0"),
        (["--folder", "nowhere", "--output", "out.csv"], "nowhere: no such folder"),
        (["--output", "out.csv", "a.wav"], "--output belongs to --folder"),
        (["--engine", "ray", "a.wav"], "--engine belongs to --folder"),
        ([], "give audio files, or a folder of them"),
    ],
)
def test_options_that_cannot_be_get_one_line_and_leave_nothing(
    arguments: list[str],
    message: str,
    clips: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(tmp_path)
    assert main(["file", *(argument.format(clips=clips) for argument in arguments)]) == 2
    told = capsys.readouterr()
    assert message in told.err and told.err.count("\n") == 1 and told.out == ""
    assert names_in(tmp_path) == []


def test_a_table_that_is_there_is_replaced_only_when_told_to(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    output = tmp_path / "out.csv"
    output.write_text("mine")
    arguments = ["file", "--folder", str(clips), "--output", str(output)]
    assert main(arguments) == 2 and output.read_text() == "mine"
    assert f"{output} is there already: give --overwrite" in capsys.readouterr().err
    assert main([*arguments, "--overwrite"]) == 0 and len(rows_of(output)) == 5


def test_without_pyarrow_the_extra_is_named_before_any_work(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # as if it were not installed
    assert main(["file", "--folder", str(clips), "--output", str(tmp_path / "out.parquet")]) == 2
    told = capsys.readouterr().err
    assert 'pip install "sernet[bulk]"' in told and told.count("\n") == 1 and names_in(tmp_path) == []


def test_csv_and_json_lines_need_the_base_install_alone(clips: Path, infer: Any, tmp_path: Path):
    blocked = tmp_path / "path"
    for package in ("pyarrow", "rich", "ray", "pandas", "soundfile", "soxr"):
        (blocked / package).mkdir(parents=True)
        (blocked / package / "__init__.py").write_text("raise ImportError('not installed')\n")
    (tmp_path / "clips").mkdir()
    shutil.copy(clips / "a.wav", tmp_path / "clips")
    for suffix in ("csv", "jsonl"):
        arguments = ["--folder", tmp_path / "clips", "--output", tmp_path / f"out.{suffix}"]
        done = infer(*arguments, env=os.environ | {"PYTHONPATH": str(blocked)})
        assert done.returncode == 0, done.stderr


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
