"""Looks: the preset's answers to the same clips beside them, the difference counted by hand."""

from pathlib import Path

import numpy as np

from sernet.benchmarks.evaluation.looks_table import looks_table
from sernet.benchmarks.evaluation.record import save_record
from sernet.training.config import TrainConfig

TARGETS = [0, 0, 0, 1, 1]


def write(folder: Path, speaker: str, readings: dict[str, int], **settings: object) -> None:
    """A record of one speaker, of whose three clips of anger a reading gets so many right, and all others."""
    probabilities = {name: np.eye(2)[[0] * right + [1] * (5 - right)].tolist() for name, right in readings.items()}
    record = {
        "schema_version": 1,
        "what": "fold",
        "subject": "own",
        "corpus": {"name": "emodb", "title": "EMO-DB", "note": ""},
        "answered": "EMO-DB",
        "family": "loso",
        "fold": speaker,
        "seed": 0,
        "config": TrainConfig(keep="last").to_json() | settings,
        "labels": ["anger", "neutral"],
        "trained_on": {"clips": 20, "fingerprint": "0"},
        "clips": {
            "name": [f"{speaker}_{number}.wav" for number in range(5)],
            "speaker": [speaker] * 5,
            "sentence": ["one"] * 5,
            "target": TARGETS,
        },
        "readings": probabilities,
    }
    save_record(folder / "loso" / f"fold-{speaker}-seed0.json", record)


def test_a_look_is_compared_on_its_own_folds_where_it_answers_otherwise(tmp_path: Path):
    for speaker in "abcdef":
        write(tmp_path / "emodb-sernet", speaker, {"float": 3, "telephone": 2, "varied": 2})
    for speaker in "abcde":  # a setting that is gone is no reason to forget it
        write(tmp_path / "looks" / "other", speaker, {"float": 3, "telephone": 0, "varied": 3}, long_gone=7)
    table = looks_table(tmp_path)
    assert table is not None and [row[:3] for row in table.rows] == [
        ("`other`", "loso", "telephone"),
        ("`other`", "loso-enrolled", "varied"),
    ]
    # UA of right answers to 3 and all of 2: (right / 3 + 1) / 2
    telephone, varied = (row[3:] for row in table.rows)
    assert telephone == ("50.0 [50.0, 50.0]", "83.3 [83.3, 83.3]", "-33.3 [-33.3, -33.3]", "25")
    assert varied == ("100.0 [100.0, 100.0]", "83.3 [83.3, 83.3]", "+16.7 [+16.7, +16.7]", "25")


def test_what_the_preset_was_not_measured_on_is_not_compared(tmp_path: Path):
    write(tmp_path / "emodb-sernet", "a", {"float": 3})
    write(tmp_path / "looks" / "other", "b", {"float": 2})
    (tmp_path / "looks" / "README.md").write_text("looks")
    assert looks_table(tmp_path) is None
