"""`sernet data`, through the program's own entry."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from sernet.cli import main


@pytest.fixture(autouse=True)
def nothing_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SERNET_DATA", raising=False)


def copy_of_five(emodb: Path, target: Path) -> Path:
    (target / "wav").mkdir(parents=True)
    for path in sorted((emodb / "wav").iterdir())[:5]:
        shutil.copyfile(path, target / "wav" / path.name)
    return target


def test_list_shows_what_is_here_and_how_to_get_the_rest(
    emodb: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_of_five(emodb, tmp_path / "somewhere" / "emodb")
    assert main(["data", "list", "--data", str(folder.parent)]) == 0
    lines = capsys.readouterr().out.splitlines()
    (line,) = (line for line in lines if line.startswith("emodb"))
    assert "5 / 535" in line and "German" in line and "CC0" in line and str(folder) in line
    (line,) = (line for line in lines if line.startswith("crema_d"))
    assert "0 / 7442" in line and "91" in line and "ODbL" in line and "not here: clone" in line


def test_list_as_json(emodb: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "list", "--json", "--data", str(emodb)]) == 0
    entries = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert set(entries) == {"emodb", "iemocap", "ravdess", "crema_d", "savee", "tess", "synthetic"}
    assert entries["emodb"]["clips_found"] == entries["emodb"]["clips_published"] == 535
    assert entries["emodb"]["where"] == str(emodb)
    assert entries["synthetic"]["where"] is None and entries["synthetic"]["clips_published"] is None


def test_verify_of_the_real_corpus(emodb: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "verify", "EMO-DB", "--data", str(emodb)]) == 0
    assert "emodb: good: 535 clips, 535 with their SHA-256" in capsys.readouterr().out


def test_verify_names_what_is_wrong_and_ends_with_one(
    emodb: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third, *_ = sorted((copy_of_five(emodb, tmp_path / "emodb") / "wav").iterdir())
    samples, rate = soundfile.read(first, dtype="int16")
    samples[100] += 1
    soundfile.write(first, samples, rate)
    second.write_bytes(b"")
    third.unlink()
    assert main(["data", "verify", "--data", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "emodb: NOT GOOD: 4 clips" in out
    assert "4 of 535" in out
    assert f"1 broken: {second} (is empty (0 bytes))" in out
    assert f"2 not the original (SHA-256): {first.name}, {second.name}" in out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["fetch", "emovo"], "unknown corpus 'emovo': use one of emodb,"),
        (["fetch", "iemocap"], "ask for a licence"),
        (["verify", "tess"], "tess is not at"),
        (["verify"], "no corpus found"),
        (["list", "--data", "/nowhere/at/all"], "--data names /nowhere/at/all"),
        (["synthesize", "--takes", "0"], "take"),
        (["synthesize", "--speakers", "-1"], "speakers"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", *argv]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err and captured.err.count("\n") == 1


def test_synthesize_makes_a_corpus_that_list_and_verify_find(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "synthesize", "--speakers", "1", "--takes", "1"]) == 0
    manifest = Path("data/synthetic/manifest.csv").absolute()
    assert capsys.readouterr().out.strip() == str(manifest)
    assert main(["data", "list", "--json"]) == 0
    (entry,) = (entry for entry in json.loads(capsys.readouterr().out) if entry["name"] == "synthetic")
    assert (entry["clips_found"], entry["speakers"], entry["where"]) == (70, 1, str(manifest.parent))
    assert main(["data", "verify", "synthetic"]) == 0
    assert "synthetic: good: 70 clips" in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from sernet.cli import main\n"
        "try: main(['data', '--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'soundfile', 'rich', 'pooch', 'requests', 'scipy'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out.splitlines()[-1] == "[]"
    assert "sernet data fetch emodb" in out
