"""Pooled figures and comparisons from records, against scikit-learn and counting; what does not belong together."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score, recall_score

from sernet.benchmarks.evaluation.compare import compare, load_pooled
from sernet.benchmarks.evaluation.figures import evaluation_result
from sernet.benchmarks.evaluation.pooling import load_records, pool
from sernet.benchmarks.evaluation.record import load_record, save_record
from sernet.benchmarks.evaluation.report import write_evaluation
from sernet.benchmarks.evaluation.summary import comparison_line, headline, summary_tables
from sernet.runtime.errors import SernetError
from sernet.training.config import TrainConfig
from sernet.training.protocols import PROTOCOLS

LABELS = ["anger", "neutral", "sadness"]
SPEAKERS = [f"s{number}" for number in range(6)]
CLIPS = 15  # of each speaker
LOSO, PEEK = PROTOCOLS["loso"], PROTOCOLS["loso-peek"]


def record(speaker: str, seed: int, *, keep: str = "last", skill: float = 0.6, names=("float",)) -> dict[str, Any]:
    """What `run_fold` returns, with answers drawn instead of trained."""
    generator = np.random.default_rng([seed, SPEAKERS.index(speaker), int(100 * skill)])
    targets = np.arange(CLIPS) % 3

    def probabilities() -> list[list[float]]:
        logits = generator.normal(0, 1, (CLIPS, 3)) + 3 * skill * np.eye(3)[targets]
        return np.round(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), 4).tolist()

    return {
        "schema_version": 1,
        "what": "fold",
        "subject": "own-paper",
        "preset": "paper",
        "corpus": {"name": "own", "title": "Own", "note": ""},
        "answered": "Own",
        "family": "loso",
        "fold": speaker,
        "seed": seed,
        "config": TrainConfig(keep="best" if keep == "best" else "last", seed=seed).to_json(),
        "labels": LABELS,
        "trained_on": {"clips": 75, "fingerprint": "0"},
        "clips": {
            "name": [f"{speaker}_{number:02d}.wav" for number in range(CLIPS)],
            "speaker": [speaker] * CLIPS,
            "sentence": ["one"] * CLIPS,
            "target": targets.tolist(),
        },
        "readings": {name: probabilities() for name in names},
        "history": {"loss": [1.0]},
    }


@pytest.fixture
def records() -> list[dict[str, Any]]:
    return [record(speaker, seed) for seed in (0, 1) for speaker in SPEAKERS]


def columns(records: list[dict[str, Any]], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Targets and answers of a seed, straight from the records."""
    mine = [r for r in records if r["seed"] == seed]
    targets = np.concatenate([r["clips"]["target"] for r in mine])
    return targets, np.concatenate([np.argmax(r["readings"]["float"], axis=1) for r in mine])


def value(result: dict[str, Any], metric: str, label: str | None = None) -> dict[str, Any]:
    (found,) = [v for v in result["values"] if v["metric"] == metric and v.get("label") == label]
    return found


def test_figures_are_scikit_learns_means_over_seeds(records: list[dict[str, Any]]):
    result = evaluation_result(pool(records, LOSO, "float"), complete=True).to_json()
    seeds = [columns(records, seed) for seed in (0, 1)]
    for metric, oracle in (
        ("UA", balanced_accuracy_score),
        ("WA", lambda t, a: np.mean(t == a)),
        ("weighted F1", lambda t, a: f1_score(t, a, average="weighted")),
    ):
        each = [oracle(targets, answers) for targets, answers in seeds]
        assert value(result, metric)["seeds"] == pytest.approx(each)
        assert value(result, metric)["value"] == pytest.approx(np.mean(each))
        assert value(result, metric)["deviation"] == pytest.approx(abs(each[0] - each[1]) / np.sqrt(2))
        assert value(result, metric)["low"] < value(result, metric)["value"] < value(result, metric)["high"]
        assert value(result, metric)["resampled"] == "speakers"
    recalls = np.mean([recall_score(t, a, average=None) for t, a in seeds], axis=0)
    assert [value(result, "recall", label)["value"] for label in LABELS] == pytest.approx(list(recalls))
    confusions = np.sum([confusion_matrix(t, a) for t, a in seeds], axis=0)
    assert result["details"]["confusion"] == confusions.tolist()
    assert (result["n"], result["protocol"], result["details"]["reading"]) == (90, "loso", "float")


def test_the_speaker_table_is_that_of_each_fold(records: list[dict[str, Any]]):
    result = evaluation_result(pool(records, LOSO, "float"), complete=True).to_json()
    for entry in result["details"]["speakers"]:
        folds = [r for r in records if r["fold"] == entry["speaker"]]
        each = [np.mean(np.argmax(r["readings"]["float"], axis=1) == r["clips"]["target"]) for r in folds]
        assert entry["n"] == CLIPS and entry["WA"] == pytest.approx(np.mean(each))


def test_one_seed_has_no_deviation_and_the_order_of_records_does_not_matter(records: list[dict[str, Any]]):
    one = evaluation_result(pool(records[:6], LOSO, "float"), complete=True)
    assert all("deviation" not in item for item in one.values)
    assert evaluation_result(pool(records[5::-1], LOSO, "float"), complete=True) == one


def test_an_honest_protocol_reads_the_last_epoch_of_a_training_that_peeked():
    names = ("float", "int8", "last", "last-int8")
    peeked = [record(speaker, 0, keep="best", names=names) for speaker in SPEAKERS]
    for protocol, reading, source in (
        (PEEK, "float", "float"),
        (PEEK, "int8", "int8"),
        (LOSO, "float", "last"),
        (LOSO, "int8", "last-int8"),
    ):
        expected = np.concatenate([r["readings"][source] for r in peeked])
        np.testing.assert_array_equal(pool(peeked, protocol, reading).probabilities[:, 0], expected)


def other_labels(changed: dict[str, Any]) -> None:
    changed["labels"] = ["anger", "joy", "sadness"]


def other_epochs(changed: dict[str, Any]) -> None:
    changed["config"]["epochs"] = 7


def other_clip(changed: dict[str, Any]) -> None:
    changed["clips"]["name"][0] = "stranger.wav"


def clip_of_another_fold(changed: dict[str, Any]) -> None:
    changed["clips"]["name"][0] = "s0_00.wav"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (other_labels, "another labels"),
        (other_epochs, "different settings"),
        (other_clip, "seeds 0 and 1 did not answer the same clips .2 differ"),
        (clip_of_another_fold, "answered by two folds, for example s0_00.wav"),
    ],
)
def test_records_that_do_not_belong_together_are_refused(
    change: Callable[[dict[str, Any]], None], message: str, records: list[dict[str, Any]]
):
    change(records[-1])
    with pytest.raises(SernetError, match=message):
        pool(records, LOSO, "float")


def test_what_was_not_answered_cannot_be_pooled(records: list[dict[str, Any]]):
    with pytest.raises(SernetError, match="not answered under the reading 'int8': it has float"):
        pool(records, LOSO, "int8")
    with pytest.raises(SernetError, match="kept its last epoch, and loso-peek picks one"):
        pool(records, PEEK, "float")
    with pytest.raises(SernetError, match="no records of loso"):
        pool([], LOSO, "float")


@pytest.fixture
def folder(records: list[dict[str, Any]], tmp_path: Path) -> Path:
    """A folder of results with two seeds."""
    for item in records:
        save_record(tmp_path / "one" / "loso" / f"fold-{item['fold']}-seed{item['seed']}.json", item)
    return tmp_path / "one"


def better(folder: Path) -> Path:
    """The same clips, answered by a better system of one seed, in a folder beside it."""
    for speaker in SPEAKERS:
        item = record(speaker, 0, skill=1.5) | {"subject": "own-better"}
        save_record(folder.parent / "two" / "loso" / f"fold-{speaker}-seed0.json", item)
    return folder.parent / "two"


def test_a_record_reads_back_as_it_was_written_with_a_line_an_entry(folder: Path, records: list[dict[str, Any]]):
    path = folder / "loso" / "fold-s0-seed0.json"
    assert load_record(path) == records[0]
    assert len(path.read_text().splitlines()) == len(records[0]) + 2


@pytest.mark.parametrize("content", ["", "[]", '{"schema_version": 1, "what": "training"}', '{"what": "fold"}'])
def test_a_file_that_is_no_record_is_told_in_one_line(content: str, folder: Path):
    (folder / "loso" / "fold-s0-seed0.json").write_text(content)
    with pytest.raises(SernetError, match=r"fold-s0-seed0.json is not the record of a fold: delete it"):
        load_records(folder, "loso")


def test_a_record_of_a_newer_version_is_refused(folder: Path, records: list[dict[str, Any]]):
    save_record(folder / "loso" / "fold-s0-seed0.json", records[0] | {"schema_version": 2})
    with pytest.raises(SernetError, match="of version 2, and this sernet reads 1: update it"):
        load_records(folder, "loso")


def test_a_part_of_the_folds_is_written_under_a_name_that_says_so(folder: Path):
    result = write_evaluation(folder, LOSO, "float", (0,), ("s0", "s4"), complete=False)
    assert result["path"].endswith("loso-float-folds-s0-s4.json") and result["n"] == 2 * CLIPS
    assert "ONLY FOLDS s0, s4" in headline(result)
    assert result["values"][0]["resampled"] == "clips"  # two speakers are too few to resample


def test_an_evaluation_leaves_its_result_and_plots(folder: Path):
    result = write_evaluation(folder, LOSO, "float", (0, 1), (), complete=True)
    assert json.loads((folder / "loso-float.json").read_text()) == {k: v for k, v in result.items() if k != "path"}
    for name in ("confusion", "speakers", "calibration"):
        assert (folder / "figures" / f"loso-float-{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (folder / "figures" / f"loso-float-{name}.pdf").read_bytes().startswith(b"%PDF")


def test_the_tables_say_what_the_result_says(folder: Path):
    result = evaluation_result(pool(load_records(folder, "loso"), LOSO, "float"), complete=True).to_json()
    figures, classes, speakers, confusions = summary_tables(result)
    shown = {row[0]: row[1:] for row in figures.rows}
    ua = value(result, "UA")
    assert shown["UA"] == (
        f"{100 * ua['value']:.1f} [{100 * ua['low']:.1f}, {100 * ua['high']:.1f}]",
        f"{100 * ua['deviation']:.1f}",
    )
    assert [row[:2] for row in classes.rows] == [(label, "30") for label in LABELS]
    assert [row[:2] for row in speakers.rows] == [(speaker, "15") for speaker in SPEAKERS]
    assert sum(int(cell) for row in confusions.rows for cell in row[1:]) == 2 * 90
    assert "loso (leave one speaker out; nothing is chosen" in headline(result) and "n = 90" in headline(result)


def test_a_comparison_is_second_minus_first_in_pairs(folder: Path, records: list[dict[str, Any]]):
    other = better(folder)
    evaluation_result(load_pooled(other, "loso", "float"), complete=True).save(other / "loso-float.json")
    result = compare(load_pooled(folder, "loso", "float"), load_pooled(other / "loso-float.json", "?", "?"))
    first = np.mean([balanced_accuracy_score(*columns(records, seed)) for seed in (0, 1)])
    second = balanced_accuracy_score(*columns([record(speaker, 0, skill=1.5) for speaker in SPEAKERS], 0))
    ua = result.values[0]
    assert ua["value"] == pytest.approx(second - first) and 0 < ua["low"] < ua["value"] < ua["high"]
    assert result.subject == "own-better (loso, float) minus own-paper (loso, float)"
    assert comparison_line(ua).endswith("points over speakers, shown")
    same = compare(load_pooled(folder, "loso", "float"), load_pooled(folder, "loso", "float")).values[0]
    assert "not shown: the interval holds 0" in comparison_line(same)


def test_systems_that_answered_different_clips_are_not_compared(folder: Path):
    first = load_pooled(folder, "loso", "float")
    other = better(folder)
    (other / "loso" / "fold-s3-seed0.json").unlink()
    with pytest.raises(SernetError, match=r"did not answer the same clips \(15 differ, for example s3_00.wav\)"):
        compare(first, load_pooled(other, "loso", "float"))


def test_systems_that_do_not_agree_on_the_truth_are_not_compared(records: list[dict[str, Any]]):
    changed = copy.deepcopy(records)
    for item in changed:
        item["clips"]["target"] = item["clips"]["target"][::-1]
    with pytest.raises(SernetError, match="do not agree on the clips' labels"):
        compare(pool(records, LOSO, "float"), pool(changed, LOSO, "float"))
    for item in changed:
        item["labels"] = ["a", "b", "c"]
    with pytest.raises(SernetError, match="the labels differ: anger, neutral, sadness and a, b, c"):
        compare(pool(records, LOSO, "float"), pool(changed, LOSO, "float"))


def test_a_place_without_an_evaluation_is_told(tmp_path: Path):
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(SernetError, match="not the result of an evaluation"):
        load_pooled(tmp_path / "x.json", "loso", "float")
    with pytest.raises(SernetError, match="holds no records of text"):
        load_pooled(tmp_path, "text", "float")
