"""Checkpoints: one folder an epoch, complete as soon as it bears its name, so that a kill loses one epoch at most."""

import json
import os
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from sernet.runtime.errors import SernetError


@dataclass
class Checkpoint:
    """Where training stands."""

    model: keras.Model
    """Weights and optimiser state after the last epoch."""
    history: list[dict[str, Any]]
    """One entry an epoch."""
    best: list[Any]
    """Weights of the best epoch so far."""


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write ``epoch-NNNN`` under `folder`, then remove older ones."""
    name = f"epoch-{len(checkpoint.history):04d}"
    temporary = folder / f".{os.getpid()}-{name}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    checkpoint.model.save(temporary / "model.keras")
    current = checkpoint.model.get_weights()
    checkpoint.model.set_weights(checkpoint.best)
    checkpoint.model.save_weights(temporary / "best.weights.h5")
    checkpoint.model.set_weights(current)
    (temporary / "history.json").write_text(json.dumps(checkpoint.history))
    temporary.rename(folder / name)
    for older in folder.iterdir():
        if older.name != name:
            shutil.rmtree(older, ignore_errors=True)


def trained_epochs(folder: Path) -> list[dict[str, Any]]:
    """The figures of every epoch up to the newest checkpoint under `folder`; of a damaged one, none."""
    try:
        return json.loads((max(folder.glob("epoch-*")) / "history.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # also: there is none
        return []


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest whole checkpoint under `folder`; None when there is none. Raises SernetError when it is damaged."""
    names = sorted(path for path in folder.glob("epoch-*")) if folder.is_dir() else []
    if not names:
        return None
    try:
        model = keras.saving.load_model(names[-1] / "model.keras")
        assert isinstance(model, keras.Model)
        current = model.get_weights()
        model.load_weights(names[-1] / "best.weights.h5")
        best = model.get_weights()
        model.set_weights(current)
        return Checkpoint(model, json.loads((names[-1] / "history.json").read_text(encoding="utf-8")), best)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        raise SernetError(f"the checkpoint {names[-1]} is damaged: delete {folder} to train from the start") from None
