"""`sernet evaluate` in TensorBoard's and MLflow's own readers: every fold, and what is pooled of all, once."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from sernet.cli import main
from sernet.training.mlflow_run import QUIET

os.environ.update(QUIET)  # MLflow reads them when it is imported
from mlflow import MlflowClient
from mlflow.entities import Run as MlflowRun

PRESET = """
epochs = 2
input_duration = 1.0
batch_size = 8
learning_rate = 1e-3
keep = "last"
precision = "float32"
"""


@pytest.fixture(scope="module")
def place(tiny_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an evaluation of two speakers, made twice: ``out`` and, of its runs, ``runs/evaluate``."""
    place = tmp_path_factory.mktemp("told")
    corpus = shutil.copytree(tiny_corpus, place / "two")
    header, *lines = (corpus / "manifest.csv").read_text().splitlines()
    kept = [line for line in lines if line.split(",")[2] in ("s0", "s1")]
    (corpus / "manifest.csv").write_text("\n".join([header, *kept]) + "\n")
    (place / "small.toml").write_text(PRESET)
    words = ["evaluate", "--corpus", str(corpus), "--preset", str(place / "small.toml"), "--out", str(place / "out")]
    words += ["--work", str(place / "runs" / "evaluate"), "--workers", "1", "--mlflow"]
    assert main(words) == 0
    assert main(words) == 0  # nothing trains, the same is pooled
    return place


def runs(place: Path, experiment: str) -> list[MlflowRun]:
    client = MlflowClient(f"sqlite:///{place}/runs/mlflow.db")
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    return list(client.search_runs([found.experiment_id]))


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    events = EventAccumulator(str(folder / "tensorboard")).Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_every_fold_is_a_run_with_its_epochs_and_accuracy(place: Path):
    told = {run.data.params["fold"]: run for run in runs(place, "folds")}
    assert sorted(told) == ["s0", "s1"]
    client = MlflowClient(f"sqlite:///{place}/runs/mlflow.db")
    for speaker, run in told.items():
        record = json.loads((place / "out" / "loso" / f"fold-{speaker}-seed0.json").read_text())
        answers = np.argmax(record["readings"]["float"], axis=1)
        assert run.data.metrics["UA"] == pytest.approx(balanced_accuracy_score(record["clips"]["target"], answers))
        history = sorted((m.step, m.value) for m in client.get_metric_history(run.info.run_id, "loss"))
        assert history == list(enumerate(record["history"]["loss"], start=1))
        (folder,) = (place / "runs" / "evaluate").glob(f"*/loso/fold-{speaker}-seed0-*")
        seen = scalars(folder)
        assert seen["loss"] == [(step, pytest.approx(value, rel=1e-6)) for step, value in history]
        assert seen["UA"] == [(2, pytest.approx(run.data.metrics["UA"], rel=1e-6))]


def test_what_is_pooled_is_one_run_with_the_results_figures(place: Path):
    (run,) = runs(place, "evaluation")
    result = json.loads((place / "out" / "loso-float.json").read_text())
    figures = {item["metric"]: item["value"] for item in result["values"] if "label" not in item}
    assert {"UA", "WA", "weighted F1", "ECE", "AURC"} == figures.keys()
    assert run.data.metrics == figures
    assert (run.data.params["protocol"], run.data.params["folds"]) == ("loso", '["s0", "s1"]')
    client = MlflowClient(f"sqlite:///{place}/runs/mlflow.db")
    assert len(client.get_metric_history(run.info.run_id, "UA")) == 1
    assert [item.path for item in client.list_artifacts(run.info.run_id)] == ["loso-float.json"]
    (folder,) = (place / "runs" / "evaluate").glob("*/loso-float")
    assert scalars(folder)["UA"] == [(0, pytest.approx(figures["UA"], rel=1e-6))]


def test_nothing_is_written_beside_the_results(place: Path):
    assert not [path for path in (place / "out").rglob("*") if "tensorboard" in path.name or "mlflow" in path.name]
