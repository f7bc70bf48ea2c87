"""`sernet-infer mic` with every output at once: all tell the same, and trouble with one does not stop the others."""

import csv
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sernet.runtime.cli import VERBS
from sernet.runtime.command_line import program_parser

RATE = 16000
SERVICE = Path(__file__).resolve().parents[2] / "docs" / "sernet-infer.service"
PROGRAM = [sys.executable, "-m", "sernet.runtime.cli", "mic"]


@pytest.fixture(scope="module")
def recording(speech: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recording") / "speech.wav"
    soundfile.write(path, np.rint(speech * 32767).astype("<i2"), RATE)
    return path


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, timeout=60)


def test_each_output_gets_all_of_it_though_the_broker_is_away(bundle: Path, recording: Path, tmp_path: Path) -> None:
    table, folder = tmp_path / "t.csv", tmp_path / "heard"
    beside = ["--csv", table, "--save-wav", folder, "--keep-minutes", "5", "--mqtt", "mqtt://127.0.0.1:1/a"]
    done = run("--model", bundle, "--file", recording, *beside, "--mqtt-queue", "3")
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(answers) > 5
    assert [(row["event"], float(row["end_s"]), row["label"]) for row in rows] == [
        (answer["event"], answer["end_s"], answer["label"]) for answer in answers
    ]
    (heard,) = folder.iterdir()
    np.testing.assert_array_equal(soundfile.read(heard, dtype="int16")[0], soundfile.read(recording, dtype="int16")[0])
    told = [line for line in done.stderr.splitlines() if line.startswith("mqtt:")]
    assert "cannot be reached: Connection refused; trying again" in told[0] or "cannot be reached" in told[1]
    assert told[-1] == f"mqtt://127.0.0.1:1: events not delivered: {len(answers)}"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--keep-minutes", "5"], "--keep-minutes is of use with --save-wav only"),
        (["--mqtt-queue", "5"], "--mqtt-queue is of use with --mqtt only"),
        (["--mqtt-queue", "0", "--mqtt", "mqtt://host"], "give at least 1"),
        (["--save-wav", "heard", "--keep-minutes", "nan"], "give minutes above 0"),
        (["--mqtt", "host"], "write it like mqtt://user@host:1883/topic/prefix"),
        (["--mqtt", "mqtt://me@host", "--mqtt-password-file", "/nowhere"], "cannot use /nowhere: No such file"),
        (["--csv", "/nowhere/t.csv"], "cannot use /nowhere/t.csv: No such file"),
        (["--save-wav", "/dev/null/heard"], "cannot use /dev/null/heard: Not a directory"),
    ],
)
def test_an_output_that_cannot_be_is_one_line(bundle: Path, recording: Path, options: list[str], says: str) -> None:
    done = run("--model", bundle, "--file", recording, *options)
    assert done.returncode == 2
    assert says in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr and not done.stdout


def test_another_model_s_table_is_refused(bundle: Path, recording: Path, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("time,label\n")
    done = run("--model", bundle, "--file", recording, "--csv", tmp_path / "t.csv")
    assert (done.returncode, done.stdout) == (2, "")
    assert "holds other columns" in done.stderr.splitlines()[-1]


SERVICE = Path(__file__).resolve().parents[2] / "docs" / "sernet-infer.service"


def test_the_example_service_starts_what_exists() -> None:
    lines = re.findall(r"^(?:# +)?ExecStart=(\S.*(?:\n# +--.*)?)", SERVICE.read_text(), re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        program, *arguments = shlex.split(line.replace("\\\n#", " "))
        assert Path(program).name == "sernet-infer"
        assert program_parser("sernet-infer", "", VERBS, "mic").parse_args(arguments).retry


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_the_example_service_is_sound(tmp_path: Path) -> None:
    unit = tmp_path / SERVICE.name
    unit.write_text(SERVICE.read_text().replace("/opt/sernet/bin/sernet-infer", sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
