"""The record of one fold and seed: every answer to every test clip, in one JSON file that is kept.

Whatever is reported is pooled from records; one that is there is not trained again, on whichever machine it was made.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from sernet.runtime.errors import SernetError
from sernet.training.atomic import write_text
from sernet.training.config import TrainConfig

SCHEMA_VERSION = 1

Record = dict[str, Any]
"""schema_version, what (``fold``), sernet, machine, subject, preset, corpus, answered, family, fold, seed, config,
labels, trained_on (clips, fingerprint), clips (name, speaker, sentence, target: lists), readings (name: clips x
classes), history (figure: one value an epoch)."""

DECIMALS = 4
"""Of probabilities and of the figures of epochs."""

_NEEDED = {"corpus", "answered", "family", "fold", "seed", "config", "labels", "trained_on", "clips", "readings"}

# Settings that do not change a fold's training: where the clips come from and how they are cached, how `sernet train`
# would split them, and what an export would make of the model.
_WITHOUT_EFFECT = {
    "dataset",
    "cache",
    "precision",  # as with another processor, the last bits differ; the record says which it was
    "split",
    "test_speakers",
    "test_fraction",
    "validation_fraction",
    "fuse_front_end",
}


def save_record(path: Path, record: Record) -> None:
    """Write it, whole or not at all: one line for each entry."""
    lines = [f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in record.items()]
    write_text(path, "{\n" + ",\n".join(lines) + "\n}\n")


def load_record(path: Path) -> Record:
    """Read it. Raises SernetError when it is no record, or one of a newer version."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        version = record["schema_version"]
        if record["what"] != "fold" or not set(record).issuperset(_NEEDED):
            raise KeyError("what")
    except (OSError, ValueError, KeyError, TypeError):
        raise SernetError(f"{path} is not the record of a fold: delete it, and evaluate again") from None
    if version > SCHEMA_VERSION:
        raise SernetError(f"{path} is a record of version {version}, and this sernet reads {SCHEMA_VERSION}: update it")
    return record


def settings(config: dict[str, Any]) -> dict[str, Any]:
    """Those settings of a record's config that its training depends on; one that it lacks has its default."""
    complete = TrainConfig.from_json(config).to_json()
    return {name: value for name, value in complete.items() if name not in _WITHOUT_EFFECT}


def rounded(values: Any, *, significant: bool = False) -> list:
    """Plain numbers with `DECIMALS` decimals, or significant figures."""
    if significant:
        return [float(f"{value:.{DECIMALS}g}") for value in values]
    return np.round(np.asarray(values, np.float64), DECIMALS).tolist()
