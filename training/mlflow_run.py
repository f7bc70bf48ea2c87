"""A run in a store of MLflow: a SQLite file, or a server."""

import contextlib
import importlib.util
import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sernet.runtime.errors import SernetError

STORE = "mlflow.db"
"""SQLite file of MLflow's runs; what they keep lies in ``mlartifacts`` beside it."""

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",  # tables that it makes, tracebacks of what `RunLog` tells in a line
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # training waits meanwhile
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}
"""Variables of the environment that MLflow reads when it is imported; those that are set stay as they are."""


def mlflow_store(asked: bool, runs: Path) -> str | None:
    """Where MLflow keeps its runs: at MLFLOW_TRACKING_URI, else in `STORE` below `runs`; None: it is not told.

    Raises SernetError when it is `asked` for and not installed.
    """
    uri, installed = os.environ.get("MLFLOW_TRACKING_URI"), importlib.util.find_spec("mlflow") is not None
    if asked and not installed:
        raise SernetError('MLflow is not installed: pip install "sernet[tracking]", or leave out --mlflow')
    return (uri or f"sqlite:///{runs.absolute() / STORE}") if installed and (asked or uri) else None


class MlflowRun:
    """A run of MLflow's: that whose number lies in the folder, if it has the same settings, else a new one."""

    def __init__(self, folder: Path, settings: dict[str, Any], store: str, kind: str, name: str) -> None:
        for variable, value in QUIET.items():
            os.environ.setdefault(variable, value)
        place, database = None, Path(store.removeprefix("sqlite:///")).absolute()
        if database.name == STORE:
            database.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.closing(sqlite3.connect(database)) as opened:  # MLflow would try for two minutes
                opened.execute("PRAGMA schema_version")
            place = str(database.parent / "mlartifacts")
        from mlflow import MlflowClient
        from mlflow.entities import Param
        from mlflow.exceptions import MlflowException

        self._client, number = MlflowClient(store), folder / "mlflow-run.txt"
        found, params = self._client.get_experiment_by_name(kind), {key: str(value) for key, value in settings.items()}
        experiment = found.experiment_id if found else self._client.create_experiment(kind, artifact_location=place)
        try:
            run = self._client.get_run(number.read_text().strip())
        except (OSError, MlflowException):
            run = None
        if run is None or run.info.lifecycle_stage != "active" or run.data.params != params:
            run = self._client.create_run(experiment, run_name=name, tags={"mlflow.source.name": f"sernet {kind}"})
            number.parent.mkdir(parents=True, exist_ok=True)
            number.write_text(run.info.run_id + "\n")
            self._client.log_batch(run.info.run_id, params=[Param(*item) for item in params.items()])
        self._run = run.info.run_id
        self._client.update_run(self._run, status="RUNNING")
        self._known = {
            (metric.key, metric.step)
            for key in run.data.metrics
            for metric in self._client.get_metric_history(self._run, key)
        }

    def log(self, step: int, figures: Mapping[str, float]) -> None:
        """Figures of an epoch; those that it has of this epoch are left as they are."""
        from mlflow.entities import Metric

        now = round(1000 * time.time())
        metrics = [Metric(key, value, now, step) for key, value in figures.items() if (key, step) not in self._known]
        self._client.log_batch(self._run, metrics=metrics)

    def end(self, status: str, files: Sequence[Path]) -> None:
        """Keep the files, and say how the run ended: FINISHED, FAILED or KILLED."""
        for file in files:
            self._client.log_artifact(self._run, str(file))
        self._client.set_terminated(self._run, status)
