"""`sernet evaluate` on a tiny corpus: what it keeps, what it never trains twice, and what it refuses."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from sernet.cli import main

SPEAKERS = ("s0", "s1")
ALL = ("float", "int8", "snr20", "snr10", "snr5", "gain-20", "room", "telephone")  # of a front end that knows nobody
PRESET = """
epochs = 3
input_duration = 1.0
batch_size = 8
learning_rate = 1e-3
keep = "best"
precision = "float32"
"""


@pytest.fixture(scope="module")
def preset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("preset") / "small.toml"
    path.write_text(PRESET)
    return path


@pytest.fixture(scope="module")
def corpus(tiny_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two speakers of the tiny corpus: every training takes seconds."""
    folder = shutil.copytree(tiny_corpus, tmp_path_factory.mktemp("two") / "two")
    header, *lines = (folder / "manifest.csv").read_text().splitlines()
    kept = [line for line in lines if line.split(",")[2] in SPEAKERS]
    (folder / "manifest.csv").write_text("\n".join([header, *kept]) + "\n")
    return folder


def command(corpus: Path, preset: Path, out: Path, *more: str) -> list[str]:
    words = ["evaluate", "--corpus", str(corpus), "--preset", str(preset), "--out", str(out)]
    return [*words, "--work", str(out.parent / "work"), "--workers", "1", *more]


@pytest.fixture(scope="module")
def peeked(corpus: Path, preset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of results under loso-peek, both readings pooled; its work folder stands beside it."""
    out = tmp_path_factory.mktemp("evaluation") / "peek"
    reading = ["--protocol", "loso-peek", "--reading", "float,int8"]
    assert main(command(corpus, preset, out, *reading)) == 0
    return out


def records(out: Path) -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in sorted((out / "loso").glob("*.json"))}


def figure(path: Path, metric: str) -> float:
    return next(item["value"] for item in json.loads(path.read_text())["values"] if item["metric"] == metric)


def test_every_fold_has_a_record_with_every_answer(peeked: Path, corpus: Path):
    kept = records(peeked)
    assert list(kept) == [f"fold-{speaker}-seed0" for speaker in SPEAKERS]
    for speaker, record in zip(SPEAKERS, kept.values(), strict=True):
        assert set(record["readings"]) == {*ALL, "last", *(f"last-{name}" for name in ALL[1:])}
        assert all(
            np.sum(answers, axis=1) == pytest.approx(np.ones(8), abs=3e-4) for answers in record["readings"].values()
        )
        assert set(record["clips"]["speaker"]) == {speaker} and record["trained_on"]["clips"] == 8
        assert all((corpus / name).is_file() for name in record["clips"]["name"])
        assert [
            record["labels"][t] in name
            for t, name in zip(record["clips"]["target"], record["clips"]["name"], strict=True)
        ]
        assert [len(values) for values in record["history"].values()] == [3] * len(record["history"])


@pytest.mark.parametrize("reading", ["float", "int8"])
def test_the_pooled_result_is_scikit_learns_of_the_records(reading: str, peeked: Path):
    targets = np.concatenate([record["clips"]["target"] for record in records(peeked).values()])
    answers = np.concatenate([np.argmax(record["readings"][reading], axis=1) for record in records(peeked).values()])
    path = peeked / f"loso-peek-{reading}.json"
    assert figure(path, "UA") == pytest.approx(balanced_accuracy_score(targets, answers))
    assert figure(path, "WA") == pytest.approx(accuracy_score(targets, answers))
    assert json.loads(path.read_text())["n"] == 16


def test_the_answers_are_those_of_the_models_that_were_kept(peeked: Path, corpus: Path):
    """The oracle: the saved networks, asked by themselves for the clips that the record names."""
    import keras

    from sernet.runtime.audio_file import read_audio
    from sernet.training.config import TrainConfig

    record = records(peeked)["fold-s1-seed0"]
    (run,) = (peeked.parent / "work").glob("*/loso/fold-s1-seed0-*")
    front_end = TrainConfig.from_json(record["config"]).front_end
    features = [
        front_end.features(front_end.fit(read_audio(corpus / name, 16000), 16000)) for name in record["clips"]["name"]
    ]
    for file, reading in (("model.keras", "float"), ("last.keras", "last")):
        model = keras.saving.load_model(run / file, compile=False)
        answers = np.asarray(model(np.stack(features)[..., None], training=False))
        np.testing.assert_allclose(answers, record["readings"][reading], atol=2e-4)


def test_the_last_epoch_of_a_training_that_peeked_is_that_of_one_that_did_not(
    peeked: Path, corpus: Path, preset: Path, tmp_path: Path
):
    fold = ["--protocol", "loso", "--folds", "s1"]
    assert main(command(corpus, preset, tmp_path / "honest", *fold)) == 0
    honest, peek = (records(out)["fold-s1-seed0"] for out in (tmp_path / "honest", peeked))
    assert honest["config"]["keep"] == "last" and tuple(honest["readings"]) == ALL
    assert "val_accuracy" in peek["history"] and "val_accuracy" not in honest["history"]
    assert honest["readings"]["float"] == peek["readings"]["last"]
    assert honest["readings"]["int8"] == peek["readings"]["last-int8"]


def test_an_honest_protocol_is_read_from_a_training_that_peeked_without_training(
    peeked: Path, corpus: Path, preset: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    shutil.copytree(peeked, tmp_path / "copy")
    assert main(command(corpus, preset, tmp_path / "copy", "--protocol", "loso", "--json")) == 0
    captured = capsys.readouterr()
    result = json.loads(captured.out)
    last = np.concatenate([np.argmax(r["readings"]["last"], axis=1) for r in records(peeked).values()])
    targets = np.concatenate([r["clips"]["target"] for r in records(peeked).values()])
    assert result["values"][0]["value"] == pytest.approx(balanced_accuracy_score(targets, last))
    assert result["protocol"] == "loso" and not list((tmp_path / "work").rglob("run.json"))
    assert "leak audit, loso" in captured.err


def test_what_is_there_is_not_trained_again_on_another_machine_either(
    peeked: Path, corpus: Path, preset: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    shutil.copytree(peeked, tmp_path / "copy")
    moved = shutil.copytree(corpus, tmp_path / "elsewhere" / corpus.name)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "copy" / "loso").iterdir()}
    assert main(command(moved, preset, tmp_path / "copy", "--protocol", "loso-peek")) == 0
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "copy" / "loso").iterdir()}
    assert not list((tmp_path / "work").rglob("run.json"))
    output = capsys.readouterr().out
    assert "PEEKS" in output and "| UA |" in output and "loso-peek-float.json" in output


def test_a_reading_that_a_record_lacks_is_made_of_the_model_that_was_kept(
    peeked: Path, corpus: Path, preset: Path, tmp_path: Path
):
    shutil.copytree(peeked, tmp_path / "copy")
    shutil.copytree(peeked.parent / "work", tmp_path / "work")
    (model,) = (tmp_path / "work").glob("*/loso/fold-s1-seed0-*/model.keras")
    trained = model.stat().st_mtime_ns
    incomplete = tmp_path / "copy" / "loso" / "fold-s1-seed0.json"
    record = json.loads(incomplete.read_text())
    incomplete.write_text(json.dumps(record | {"readings": {"float": [], "last": []}}))  # made before there was int8
    assert main(command(corpus, preset, tmp_path / "copy", "--protocol", "loso", "--reading", "int8")) == 0
    assert model.stat().st_mtime_ns == trained
    assert records(tmp_path / "copy") == records(peeked)


def test_a_pruned_network_is_compared_with_the_one_that_it_was_pruned_from(
    corpus: Path, preset: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    dense, pruned = tmp_path / "dense.toml", tmp_path / "pruned.toml"
    dense.write_text(PRESET.replace('keep = "best"', 'keep = "last"'))
    narrow = f'pruned_from = "{dense}"\nwidths = [4, 4, 4, 6, 8, 8, 8, 12]\n'
    pruned.write_text(dense.read_text() + narrow)
    protocol = ["--protocol", "loso", "--folds", "s0"]
    assert main(command(corpus, dense, tmp_path / "dense", *protocol)) == 0
    assert main(command(corpus, pruned, tmp_path / "pruned", *protocol, "--reading", "float,wider,wider-int8")) == 0
    (alone,), (pair,) = (records(tmp_path / name).values() for name in ("dense", "pruned"))
    assert pair["readings"]["wider"] == alone["readings"]["float"]
    assert pair["readings"]["wider-int8"] == alone["readings"]["int8"]
    assert pair["readings"]["float"] != alone["readings"]["float"] and "wider" not in alone["readings"]
    capsys.readouterr()
    assert main(command(corpus, dense, tmp_path / "dense", *protocol, "--reading", "wider")) == 2
    assert "wider is of a network that was pruned" in capsys.readouterr().err


def test_a_killed_fold_goes_on_and_answers_as_an_undisturbed_one(
    peeked: Path, corpus: Path, preset: Path, tmp_path: Path
):
    killed = command(corpus, preset, tmp_path / "out", "--protocol", "loso-peek", "--folds", "s0")
    child = subprocess.Popen([sys.executable, "-m", "sernet.cli", *killed], stdout=subprocess.DEVNULL)
    started = time.monotonic()
    while not list((tmp_path / "work").glob("*/loso/*/checkpoints/epoch-*")):
        assert child.poll() is None and time.monotonic() - started < 240, "no checkpoint came"
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    (checkpoint,) = (tmp_path / "work").glob("*/loso/*/checkpoints/epoch-*")
    assert checkpoint.name != "epoch-0003", "the training ended before the kill: this test shows nothing"
    assert main(killed) == 0
    assert records(tmp_path / "out")["fold-s0-seed0"] == records(peeked)["fold-s0-seed0"]
    assert (tmp_path / "out" / "loso-peek-float-folds-s0.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--protocol", "loso-peek", "--epochs", "4"],
            "fold-s0-seed0.json was made with another epochs: choose another --out",
        ),
        (["--protocol", "losso"], "no protocol 'losso'"),
        (["--preset", "nosuch"], "no preset 'nosuch'"),
        (["--reading", "flaot"], "no reading flaot: use float, int8, wider"),
        (["--protocol", "loso-enrolled"], "enrolled-60 needs a front end that normalises"),
        (["--folds", "s9"], "loso has no fold s9: it has s0, s1"),
        (["--protocol", "group-kfold"], "at least 5 speakers"),
        (["--protocol", "cross-corpus"], "cross-corpus needs --test-corpus"),
        (["--test-corpus", "ravdess"], "cross-corpus needs --test-corpus, and no other protocol takes it"),
        (["--compare", "nowhere", "nowhere"], "nowhere holds no records of loso"),
    ],
)
def test_bad_input_gets_one_line_and_code_2(
    arguments: list[str], message: str, peeked: Path, corpus: Path, preset: Path, capsys: pytest.CaptureFixture
):
    before = records(peeked)
    assert main(command(corpus, preset, peeked, *arguments)) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert records(peeked) == before


def test_a_record_that_did_not_peek_is_not_overwritten_by_one_that_does(
    peeked: Path, corpus: Path, preset: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    shutil.copytree(peeked, tmp_path / "copy")
    path = tmp_path / "copy" / "loso" / "fold-s1-seed0.json"
    record = json.loads(path.read_text())
    record["config"]["keep"] = "last"
    path.write_text(json.dumps(record))
    assert main(command(corpus, preset, tmp_path / "copy", "--protocol", "loso-peek")) == 2
    assert "fold-s1-seed0.json was made with another keep: choose another --out" in capsys.readouterr().err
    assert json.loads(path.read_text()) == record


def test_a_sweep_answers_every_cell_into_one_table(corpus: Path, preset: Path, tmp_path: Path, capsys):
    grid = tmp_path / "grid.toml"
    base = f'[base]\npreset = "{preset}"\ncorpus = "{corpus}"\nfolds = ["s1"]\n'
    grid.write_text(base + "[grid]\nepochs = [1]\ndropout = [0.1, 0.3]\n")
    words = ["evaluate", "--sweep", str(grid), "--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]
    assert main([*words, "--workers", "1"]) == 0
    assert "| dropout |" in capsys.readouterr().out
    answers = []
    for cell in ("dropout=0.1", "dropout=0.3"):
        (record,) = records(tmp_path / "out" / cell).values()
        assert record["config"]["dropout"] == float(cell[-3:]) and record["config"]["epochs"] == 1
        assert set(record["readings"]) == {"float"}
        answers.append(record["readings"]["float"])
    assert answers[0] != answers[1]
    assert main([*words, "--json"]) == 0  # nothing is trained again
    table = json.loads(capsys.readouterr().out)
    cells = [item["cell"] for item in table["values"] if item["metric"] == "UA"]
    assert cells == ["dropout=0.1", "dropout=0.3"] and table["details"]["folds"] == ["s1"]
    assert main([*words, "--seeds", "0,1"]) == 2
    assert "says what is evaluated: leave out --seeds" in capsys.readouterr().err


@pytest.fixture(scope="module")
def normalising(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A preset whose front end measures features from what it has heard of the speaker."""
    path = tmp_path_factory.mktemp("preset") / "normalising.toml"
    front_end = '[front_end]\ninput_type = "mel_spectrogram"\nmel_bins = 40\n[front_end.normalisation]\n'
    path.write_text(PRESET.replace("best", "last") + front_end + "[examples]\nvoices = 2\ncrop_s = 1.0\n")
    return path


def test_an_enrolled_speaker_is_known_under_the_enrolled_protocol_alone(
    corpus: Path, normalising: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    words = command(corpus, normalising, tmp_path / "out", "--folds", "s0", "--epochs", "1")
    assert main([*words, "--protocol", "loso-enrolled", "--reading", "enrolled-5,enrolled"]) == 0
    readings = records(tmp_path / "out")["fold-s0-seed0"]["readings"]
    assert set(readings) >= {*ALL, *(kind + amount for kind in ("enrolled", "varied") for amount in ("-5", "-60", ""))}
    assert readings["enrolled"] != readings["float"] and readings["enrolled-5"] != readings["enrolled"]
    assert readings["varied"] != readings["enrolled"], "what the answers have in common is taken back"
    for kind in ("enrolled", "varied"):
        assert readings[f"{kind}-60"] == readings[kind], "the speaker's other clips are shorter than a minute"
    assert main([*words, "--protocol", "loso"]) == 0
    capsys.readouterr()
    assert main([*words, "--protocol", "loso", "--reading", "enrolled"]) == 2
    assert "loso has no enrolled speaker: the reading enrolled knows the speaker; use float" in capsys.readouterr().err
    assert main([*words, "--protocol", "loso-enrolled", "--reading", "float"]) == 2
    assert "loso-enrolled has an enrolled speaker: the reading float does not know" in capsys.readouterr().err


def test_a_comparison_prints_differences_with_intervals(peeked: Path, capsys: pytest.CaptureFixture):
    pair = [str(peeked / f"loso-peek-{reading}.json") for reading in ("float", "int8")]
    assert main(["evaluate", "--compare", *pair]) == 0
    output = capsys.readouterr().out
    assert "(loso-peek, int8) minus " in output and "n = 16" in output
    assert main(["evaluate", "--compare", *pair, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    difference = figure(Path(pair[1]), "UA") - figure(Path(pair[0]), "UA")
    assert result["values"][0]["value"] == pytest.approx(difference)
