"""`sernet train`: what it writes, what it refuses, and that it goes on after a kill."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, recall_score

from sernet.cli import main
from sernet.runtime.errors import SernetError
from sernet.training.run import Run

SETTINGS = ["--preset", "quick", "--epochs", "4", "-id", "1", "--batch-size", "8", "-v", "false"]


def command(corpus: Path, out: Path, *more: str) -> list[str]:
    return ["train", "--dataset", str(corpus), "--out", str(out), *SETTINGS, *more]


def weights(folder: Path) -> list[np.ndarray]:
    return Run.open(folder).model.get_weights()


def test_a_run_folder_holds_everything_a_user_looks_for(tiny_run: Path):
    figures = ("confusion_matrix", "confusion_matrix_normalised", "history")
    expected = {f"{name}{suffix}" for name in figures for suffix in (".png", ".pdf")}
    expected |= {"model.keras", "run.json", "labels.txt", "history.json", "classification_report.txt", "result.json"}
    assert expected <= {path.name for path in tiny_run.iterdir()}
    assert (tiny_run / "labels.txt").read_text().split() == ["high", "low"]
    assert len(json.loads((tiny_run / "history.json").read_text())) == 4
    assert (tiny_run / "confusion_matrix.png").read_bytes().startswith(b"\x89PNG")
    assert (tiny_run / "confusion_matrix.pdf").read_bytes().startswith(b"%PDF")


def test_the_result_is_what_scikit_learn_makes_of_the_models_own_answers(tiny_run: Path):
    from sernet.training.evaluation import predict

    run = Run.open(tiny_run)
    predictions = predict(run, run.split.test).argmax(axis=1)
    targets = run.targets(run.split.test)
    values = {item["metric"]: item["value"] for item in run.result["values"]}
    assert values["WA"] == pytest.approx(accuracy_score(targets, predictions))
    assert values["UA"] == pytest.approx(recall_score(targets, predictions, average="macro"))
    assert run.result["details"]["confusion"] == confusion_matrix(targets, predictions).tolist()
    assert run.result["n"] == len(run.split.test)


def test_no_speaker_stands_on_two_sides(tiny_run: Path):
    split = json.loads((tiny_run / "run.json").read_text())["split"]
    speakers = [{clip["speaker"] for clip in side} for side in split.values()]
    assert sum(len(side) for side in speakers) == len(set().union(*speakers)) == 4


def assert_same_weights(one: Path, other: Path) -> None:
    for first, second in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("cache", ["disk", "none"])
def test_the_same_seed_gives_the_same_weights_whatever_the_cache(
    cache: str, tiny_run: Path, tiny_corpus: Path, tmp_path: Path, monkeypatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert main(command(tiny_corpus, tmp_path / "run", "-c", cache)) == 0
    assert_same_weights(tiny_run, tmp_path / "run")
    assert len(list((tmp_path / "cache").rglob("*.npy"))) == (2 if cache == "disk" else 0)


def test_another_seed_gives_other_weights(tiny_run: Path, tiny_corpus: Path, tmp_path: Path):
    assert main(command(tiny_corpus, tmp_path / "run", "--seed", "6", "--epochs", "1")) == 0
    assert any(not np.array_equal(a, b) for a, b in zip(weights(tiny_run), weights(tmp_path / "run"), strict=True))


def test_a_killed_run_goes_on_and_ends_with_the_weights_of_an_undisturbed_one(
    tiny_run: Path, tiny_corpus: Path, tmp_path: Path
):
    killed = tmp_path / "killed"
    process = [sys.executable, "-m", "sernet.cli", *command(tiny_corpus, killed)]
    child = subprocess.Popen(process, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(killed.glob("checkpoints/epoch-000[1-3]")) and time.monotonic() < deadline:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert list(killed.glob("checkpoints/epoch-*")), "no checkpoint was written before the kill"
    assert not (killed / "model.keras").exists(), "the run ended before it was killed: this test shows nothing"
    assert main(command(tiny_corpus, killed)) == 0
    assert_same_weights(tiny_run, killed)


def test_a_finished_run_is_left_as_it_is(tiny_run: Path, tiny_corpus: Path, capsys: pytest.CaptureFixture):
    before = (tiny_run / "model.keras").stat().st_mtime_ns
    assert main(command(tiny_corpus, tiny_run, "--json")) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((tiny_run / "result.json").read_text())
    assert (tiny_run / "model.keras").stat().st_mtime_ns == before


def test_a_folder_with_a_run_of_other_settings_is_not_touched(tiny_run: Path, tiny_corpus: Path, capsys):
    assert main(command(tiny_corpus, tiny_run, "--epochs", "9")) == 2
    assert "another epochs" in capsys.readouterr().err


def test_a_split_that_leaks_speakers_prints_a_warning(tiny_corpus: Path, tmp_path: Path, capsys):
    assert main(command(tiny_corpus, tmp_path / "leaky", "--split", "random", "--epochs", "1")) == 0
    captured = capsys.readouterr()
    assert "warning: speakers s0" in captured.err
    assert "speakers leak" in captured.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "nosuch"], "neither a corpus"),
        (["--preset", "nosuch"], "no preset 'nosuch'"),
        (["-ln", "hinge"], "loss 'hinge' is unknown"),
        (["-it", "mfccs"], "input type 'mfccs' is unknown"),
        (["-c", "tape"], "cache 'tape' is unknown"),
        (["-id", "0.01"], "shorter than one frame"),
        (["--epochs", "0"], "epochs must be above 0"),
        (["--test-speakers", "nobody"], "no speaker nobody"),
    ],
)
def test_bad_input_gets_one_line_and_code_2(arguments, message, tiny_corpus: Path, tmp_path: Path, capsys):
    assert main([*command(tiny_corpus, tmp_path / "run"), *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_folder_that_cannot_be_written_gets_one_line(tiny_corpus: Path, capsys):
    assert main(command(tiny_corpus, Path("/dev/null/run"))) == 2
    error = capsys.readouterr().err
    assert "/dev/null" in error and "Not a directory" in error and error.count("\n") == 1


@pytest.mark.parametrize("name", ["model.keras", "result.json", "run.json"])
def test_a_damaged_run_says_which_file_and_what_to_do(name: str, tiny_run: Path, tmp_path: Path):
    shutil.copytree(tiny_run, tmp_path / "run")
    (tmp_path / "run" / name).write_bytes(b"damaged")
    with pytest.raises(SernetError, match=rf"{name} .*train") as error:
        run = Run.open(tmp_path / "run")
        _ = run.result, run.model
    assert "\n" not in str(error.value)


def test_a_run_that_lost_its_model_gets_it_back_from_the_checkpoint(tiny_run: Path, tiny_corpus: Path, tmp_path: Path):
    shutil.copytree(tiny_run, tmp_path / "run")
    (tmp_path / "run" / "model.keras").unlink()
    assert main(command(tiny_corpus, tmp_path / "run")) == 0
    assert_same_weights(tiny_run, tmp_path / "run")


def test_a_damaged_checkpoint_says_what_to_delete(tiny_run: Path, tiny_corpus: Path, tmp_path: Path, capsys):
    shutil.copytree(tiny_run, tmp_path / "run")
    (tmp_path / "run" / "model.keras").unlink()
    next((tmp_path / "run" / "checkpoints").glob("*/model.keras")).write_bytes(b"damaged")
    assert main(command(tiny_corpus, tmp_path / "run")) == 2
    assert "is damaged: delete" in capsys.readouterr().err


def test_a_label_and_a_path_may_hold_any_character(tiny_corpus: Path, tmp_path: Path):
    corpus = shutil.copytree(tiny_corpus, tmp_path / "corpus")
    manifest = (corpus / "manifest.csv").read_text().replace(",low,", ",$x_{$ [/b] \u00e4,")
    (corpus / "manifest.csv").write_text(manifest)
    assert main(command(corpus, tmp_path / "run [/x]", "--epochs", "1")) == 0
    assert main(["export", str(tmp_path / "run [/x]"), "--format", "dynamic"]) == 0


def test_a_boolean_really_is_one(tiny_corpus: Path, tmp_path: Path, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*command(tiny_corpus, tmp_path / "run"), "-m", "perhaps"])
    assert stop.value.code == 2
    assert "neither true nor false" in capsys.readouterr().err


def test_the_papers_own_options_mean_what_they_meant(emodb: Path, tmp_path: Path, monkeypatch):
    """The paper's command line: -dn EMO-DB -id 3 -at all -ln focal -v 1 -it mfcc."""
    monkeypatch.setenv("SERNET_DATA", str(emodb.parent))
    paper = ["-dn", "EMO-DB", "-id", "3", "-at", "all", "-ln", "focal", "-v", "0", "-it", "mfcc", "-c", "ram"]
    out = tmp_path / "run"
    assert main(["train", *paper, "--epochs", "1", "--batch-size", "128", "--out", str(out)]) == 0
    config = json.loads((out / "run.json").read_text())["config"]
    assert (config["dataset"], config["input_duration"], config["loss"]) == ("EMO-DB", 3.0, "focal")
    assert config["front_end"]["input_type"] == "mfcc" and config["front_end"]["level_percentile"] == 99.9
    split = json.loads((out / "run.json").read_text())["split"]
    assert sum(len(side) for side in split.values()) == 535
