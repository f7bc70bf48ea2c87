"""A benchmark of the tiny run's files, and whether the peers' packages are here."""

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sernet.benchmarks.suite.job import Job
from sernet.benchmarks.tracking import untracked
from sernet.benchmarks.variant import Variant
from sernet.runtime.bundle import load_bundle

KINDS = {"exact", "ratio", "accuracy", "machine"}
FIGURES = {"metric", "value", "unit", "low", "high", "n", "kind", "protocol"}


@pytest.fixture(scope="session")
def peers_installed() -> None:
    """Skip where the extra is not installed. Looked for, not imported: openSMILE does not bear TensorFlow."""
    missing = [n for n in ("opensmile", "librosa", "kaldi_native_fbank") if importlib.util.find_spec(n) is None]
    if missing:
        pytest.skip(f'{", ".join(missing)} is not installed: pip install "sernet[peers]"')


@pytest.fixture(scope="session")
def tiny_job(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """A quick benchmark whose corpus is the tiny one, as if it were synthetic speech, with the run that it trained."""
    from sernet.cli import main
    from sernet.training.run import Run

    folder = tmp_path_factory.mktemp("job")
    shutil.copytree(tiny_run, folder / "tiny")
    assert main(["export", str(folder / "tiny"), "--format", "int8", "int8-float-io"]) == 0
    run = Run.open(folder / "tiny")
    paths = {form: folder / "tiny" / "export" / f"model-{form}.tflite" for form in ("int8", "int8-float-io")}
    variants = [Variant(form, path, load_bundle(path)) for form, path in paths.items()]
    clips = sorted((clip for side in run.split.sides.values() for clip in side), key=lambda clip: clip.path)
    corpus = run.corpus | {"note": "synthetic"}
    return Job(folder / "work", True, {"synthetic": variants, "sernet": variants}, run, corpus, clips, untracked)


@pytest.fixture(scope="session")
def check_contract() -> Callable[[list[dict[str, Any]]], None]:
    """What `sections.py` asks of every value."""

    def check(values: list[dict[str, Any]]) -> None:
        for value in values:
            assert value["kind"] in KINDS and value["n"] > 0, value
            if value["kind"] in ("ratio", "accuracy"):
                assert value["low"] <= value["value"] <= value["high"], value
            if value["kind"] == "accuracy":
                assert value["protocol"], value
            elif value["kind"] == "machine":
                assert "low" not in value and "high" not in value, value
            named = {name: what for name, what in value.items() if name not in FIGURES}
            assert named and all(isinstance(what, str) for what in named.values()), value
        names = [(value["metric"], *sorted(v for k, v in value.items() if k not in FIGURES)) for value in values]
        assert len(set(names)) == len(names), "two values have one name"

    return check
