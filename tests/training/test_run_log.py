"""Runs in TensorBoard's and MLflow's own readers: the figures of history.json, once each, and training comes first."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from sernet.cli import main
from sernet.runtime.errors import SernetError
from sernet.training.mlflow_run import QUIET, mlflow_store
from sernet.training.run_log import run_log

os.environ.update(QUIET)  # MLflow reads them when it is imported
from mlflow import MlflowClient
from mlflow.entities import Run as MlflowRun

SETTINGS = ["--preset", "quick", "--epochs", "4", "-id", "1", "--batch-size", "8", "-v", "false"]
HISTORY = [{"loss": 1 / epoch, "accuracy": epoch / 7} for epoch in range(1, 6)]
VALUES = [{"metric": "weighted F1", "value": 0.5}, {"metric": "recall", "label": "fear", "value": 0.1}]


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def train(corpus: Path, out: Path, *more: str) -> int:
    return main(["train", "--dataset", str(corpus), "--out", str(out), *SETTINGS, *more])


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """By tag, steps and values, as TensorBoard reads a run."""
    events = EventAccumulator(str(folder / "tensorboard")).Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def mlflow_runs(store: Path, experiment: str) -> list[MlflowRun]:
    client = MlflowClient(f"sqlite:///{store}")
    found = client.get_experiment_by_name(experiment)
    return list(client.search_runs([found.experiment_id])) if found else []


def mlflow_history(store: Path, run: MlflowRun, metric: str) -> list[tuple[int, float]]:
    history = MlflowClient(f"sqlite:///{store}").get_metric_history(run.info.run_id, metric)
    return sorted((item.step, item.value) for item in history)


def expected(history: list[dict[str, float]], figure: str) -> list[tuple[int, float]]:
    return [(epoch, entry[figure]) for epoch, entry in enumerate(history, start=1)]


@pytest.fixture(scope="module")
def logged(tiny_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that MLflow was told of."""
    folder = tmp_path_factory.mktemp("logged") / "runs" / "tones"
    assert train(tiny_corpus, folder, "--mlflow") == 0
    return folder


def test_tensorboard_reads_the_history_and_what_was_measured(logged: Path):
    history, seen = json.loads((logged / "history.json").read_text()), scalars(logged)
    assert {"loss", "accuracy", "learning_rate", "val_loss", "val_accuracy"} <= seen.keys()
    for figure in history[0]:
        assert [step for step, _ in seen[figure]] == [1, 2, 3, 4]
        np.testing.assert_allclose([v for _, v in seen[figure]], [entry[figure] for entry in history], rtol=1e-6)
    for value in json.loads((logged / "result.json").read_text())["values"]:
        assert seen[value["metric"]] == [(4, pytest.approx(value["value"], rel=1e-6))]


def test_tensorboard_shows_the_settings(logged: Path):
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    events = EventAccumulator(str(logged / "tensorboard")).Reload()
    content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    hparams = HParamsPluginData.FromString(content).session_start_info.hparams
    assert (hparams["epochs"].number_value, hparams["front_end.sample_rate"].number_value) == (4, 16000)


def test_mlflow_reads_settings_history_results_and_files(logged: Path):
    store = logged.parent / "mlflow.db"
    (run,) = mlflow_runs(store, "training")
    assert (run.info.run_name, run.info.status) == ("tones", "FINISHED")
    assert (run.data.params["epochs"], run.data.params["front_end.sample_rate"]) == ("4", "16000")
    history = json.loads((logged / "history.json").read_text())
    for figure in history[0]:
        assert mlflow_history(store, run, figure) == expected(history, figure)
    for value in json.loads((logged / "result.json").read_text())["values"]:
        assert run.data.metrics[value["metric"]] == value["value"]
    client = MlflowClient(f"sqlite:///{store}")
    files = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert {"result.json", "history.json", "model.keras", "confusion_matrix.png"} <= files
    assert (logged.parent / "mlartifacts" / run.info.run_id / "artifacts" / "result.json").is_file()


def test_without_being_asked_mlflow_is_told_nothing(tiny_run: Path):
    assert scalars(tiny_run)["loss"]
    assert not list(tiny_run.parent.rglob("*mlflow*"))


def test_a_run_that_goes_on_is_one_run_with_every_epoch_once(tmp_path: Path):
    store, folder = tmp_path / "mlflow.db", tmp_path / "run"
    with pytest.raises(KeyboardInterrupt), run_log(folder, {"a": {"b": 1}}, f"sqlite:///{store}", "x", "run") as log:
        for done in (1, 2, 3):
            log.epoch(done, HISTORY[done - 1])
        raise KeyboardInterrupt
    assert [run.info.status for run in mlflow_runs(store, "x")] == ["KILLED"]
    with run_log(folder, {"a": {"b": 1}}, f"sqlite:///{store}", "x", "run") as log:
        for done, figures in enumerate(HISTORY, start=1):  # the first three were told before
            log.epoch(done, figures)
        log.measured(VALUES)
    (run,) = mlflow_runs(store, "x")
    assert run.info.status == "FINISHED"
    assert mlflow_history(store, run, "loss") == expected(HISTORY, "loss")
    seen = scalars(folder)
    assert [step for step, _ in seen["loss"]] == [1, 2, 3, 4, 5]
    assert seen["weighted F1"] == [(5, 0.5)]
    assert "recall" not in seen


def test_a_training_that_was_killed_goes_on_in_the_same_runs(tiny_corpus: Path, tmp_path: Path, monkeypatch):
    from sernet.training import trainer

    keep, folder, store = trainer._keep, tmp_path / "run", tmp_path / "mlflow.db"

    def interrupted(state, *args):
        if len(state.history) == 2:
            raise KeyboardInterrupt
        keep(state, *args)

    monkeypatch.setattr(trainer, "_keep", interrupted)
    assert train(tiny_corpus, folder, "--mlflow") == 130
    assert [step for step, _ in scalars(folder)["loss"]] == [1, 2]
    monkeypatch.setattr(trainer, "_keep", keep)
    assert train(tiny_corpus, folder, "--mlflow") == 0
    history, (run,) = json.loads((folder / "history.json").read_text()), mlflow_runs(store, "training")
    assert mlflow_history(store, run, "val_loss") == expected(history, "val_loss")
    assert [step for step, _ in scalars(folder)["val_loss"]] == [1, 2, 3, 4]


def test_a_run_with_other_settings_in_the_same_folder_is_another_one(tmp_path: Path):
    store = tmp_path / "mlflow.db"
    for seed in (0, 1):
        with run_log(tmp_path / "run", {"seed": seed}, f"sqlite:///{store}", "x", "run") as log:
            log.epoch(1, HISTORY[0])
    assert sorted(run.data.params["seed"] for run in mlflow_runs(store, "x")) == ["0", "1"]


def test_training_goes_on_when_the_store_is_no_database(tiny_corpus: Path, tmp_path: Path, capsys):
    (tmp_path / "mlflow.db").write_text("not a database, whatever its name says\n" * 100)
    assert train(tiny_corpus, tmp_path / "run", "--mlflow") == 0
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("warning: MLflow is told nothing more, all else goes on: file is not a database")
    assert len(scalars(tmp_path / "run")["loss"]) == 4


def test_training_goes_on_when_the_store_breaks_while_it_trains(tmp_path: Path, capsys):
    store = tmp_path / "mlflow.db"
    with run_log(tmp_path / "run", {"seed": 0}, f"sqlite:///{store}", "x", "run") as log:
        log.epoch(1, HISTORY[0])
        store.write_bytes(b"something else" * 1000)
        for done in (2, 3):
            log.epoch(done, HISTORY[done - 1])
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("warning: MLflow is told nothing more")
    assert [step for step, _ in scalars(tmp_path / "run")["loss"]] == [1, 2, 3]


def test_training_goes_on_when_the_event_file_cannot_be_written(tmp_path: Path, capsys):
    (tmp_path / "tensorboard").write_text("a file where a folder should be")
    with run_log(tmp_path, {"seed": 0}, None, "x", "run") as log:
        for done, figures in enumerate(HISTORY, start=1):
            log.epoch(done, figures)
    assert capsys.readouterr().err.startswith("warning: TensorBoard is told nothing more")


def test_training_goes_on_when_the_disk_is_full(tmp_path: Path):
    program = f"""
import resource, signal
from pathlib import Path
from sernet.training.run_log import run_log
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing fails instead
with run_log(Path({str(tmp_path)!r}), {{"seed": 0}}, None, "x", "run") as log:
    log.epoch(1, {{"loss": 0.5}})
    (events,) = Path({str(tmp_path)!r}, "tensorboard").iterdir()
    resource.setrlimit(resource.RLIMIT_FSIZE, (events.stat().st_size + 10,) * 2)
    for done in (2, 3):
        log.epoch(done, {{"loss": 0.25}})
print("done")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("warning: TensorBoard is told nothing more")
    assert scalars(tmp_path) == {"loss": [(1, 0.5)]}


def test_mlflow_is_told_when_it_is_asked_for_or_a_server_is_named(tmp_path: Path, monkeypatch):
    assert mlflow_store(False, tmp_path) is None
    assert mlflow_store(True, tmp_path) == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://10.0.0.1:5000")
    assert mlflow_store(False, tmp_path) == mlflow_store(True, tmp_path) == "http://10.0.0.1:5000"


def test_mlflow_that_is_not_installed_is_told_of_before_anything_trains(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SernetError, match=r'pip install "sernet\[tracking\]"'):
        mlflow_store(True, tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://10.0.0.1:5000")
    assert mlflow_store(False, tmp_path) is None
    with run_log(tmp_path, {"seed": 0}, None, "x", "run") as log:
        log.epoch(1, HISTORY[0])
    assert not (tmp_path / "tensorboard").exists()


def test_event_files_need_no_tensorflow_and_training_imports_no_mlflow(tmp_path: Path):
    program = f"""
import sys
sys.modules["tensorflow"] = None  # another backend of Keras, and no TensorFlow at hand
from pathlib import Path
import sernet.training, sernet.training.run_log
from sernet.training.run_log import run_log
with run_log(Path({str(tmp_path)!r}), {{"seed": 0}}, None, "x", "run") as log:
    log.epoch(1, {{"loss": 0.25}})
assert not {{"mlflow", "keras"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert scalars(tmp_path) == {"loss": [(1, 0.25)]}


def test_a_child_that_logs_to_mlflow_says_nothing_of_it(tmp_path: Path):
    program = f"""
from pathlib import Path
from sernet.training.mlflow_run import QUIET, mlflow_store
from sernet.training.run_log import run_log
store = mlflow_store(True, Path({str(tmp_path)!r}))
with run_log(Path({str(tmp_path)!r}) / "run", {{"seed": 0}}, store, "x", "run") as log:
    log.epoch(1, {{"loss": 0.25}})
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW")}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, cwd=tmp_path
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(mlflow_runs(tmp_path / "mlflow.db", "x")) == 1
    assert {path.name for path in tmp_path.iterdir()} <= {"mlflow.db", "run", "mlartifacts"}
