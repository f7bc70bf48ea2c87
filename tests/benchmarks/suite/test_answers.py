"""The section of accuracies: figures are those of the kept answers, counted here by scikit-learn from the records."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import balanced_accuracy_score, f1_score, recall_score

from sernet.benchmarks.suite import answers
from sernet.benchmarks.suite.job import Job
from sernet.benchmarks.suite.material import MODELS, RESULTS
from sernet.benchmarks.variant import Variant, find_variants
from sernet.runtime.bundle import load_bundle
from sernet.training.result import Result
from sernet.training.run import Run

SERNET = RESULTS / "emodb-sernet"
RELEASED = MODELS / "emodb-int8.tflite"


def track(items: Sequence[Any], name: str) -> Iterator[Any]:
    return iter(items)


def job(folder: Path, run: Run | None = None) -> Job:
    """A quick job, or the full one of a run."""
    model = "sernet" if run is None else "synthetic"
    variants = [Variant("int8", RELEASED, load_bundle(RELEASED))] if run is None else find_variants(run)
    corpus = {"name": "x", "title": "Tones", "language": "-", "licence": "-", "note": "synthetic"}
    clips = () if run is None else run.split.train
    return Job(folder, run is None, {model: variants}, run, corpus, clips, track)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Of a quick benchmark."""
    return answers.measure(job(tmp_path_factory.mktemp("answers")))


def value(result: Result, metric: str, model: str, reading: str, protocol: str, condition: str = "clean") -> float:
    """The only one of that name."""
    names = {"metric": metric, "model": model, "reading": reading, "protocol": protocol, "condition": condition}
    (found,) = [item for item in result.values if names.items() <= item.items()]
    return found["value"]


def kept(reading: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Straight from the records of `sernet` under loso: targets (answers,), probabilities and speakers, by seed."""
    targets, probabilities, speakers = [], [], []
    for seed in range(3):
        for path in sorted((SERNET / "loso").glob(f"fold-*-seed{seed}.json")):
            record = json.loads(path.read_text())
            targets += record["clips"]["target"]
            probabilities += record["readings"][reading]
            speakers += record["clips"]["speaker"]
    return np.array(targets), np.array(probabilities), speakers


@pytest.mark.parametrize(
    ("stored", "reading", "condition"),
    [("float", "float", "clean"), ("int8", "int8", "clean"), ("snr10", "float", "snr10")],
)
def test_accuracies_are_what_scikit_learn_counts_in_the_records(
    result: Result, stored: str, reading: str, condition: str
):
    targets, probabilities, _ = kept(stored)
    seeds = zip(np.split(targets, 3), np.split(probabilities.argmax(axis=1), 3), strict=True)
    figures = [
        (recall_score(t, p, average="macro"), np.mean(t == p), f1_score(t, p, average="weighted")) for t, p in seeds
    ]
    for metric, expected in zip(("UA", "WA", "weighted F1"), np.mean(figures, axis=0), strict=True):
        assert value(result, metric, "sernet", reading, "loso", condition) == pytest.approx(expected, abs=1e-12)


def test_int8_minus_float_is_the_difference_of_the_two(result: Result):
    for model in ("sernet", "sernet-small", "sernet-nano", "paper"):
        for metric in ("UA", "WA"):
            both = [value(result, metric, model, reading, "loso") for reading in ("int8", "float")]
            difference = value(result, f"{metric} difference", model, "int8", "loso")
            assert difference == pytest.approx(both[0] - both[1], abs=1e-12)


def test_confusions_under_every_protocol_are_those_that_the_figures_were_made_of(result: Result):
    protocols = set()
    for name, matrix in result.details["confusion"].items():
        *_, protocol = key = name.split(" ")
        truth, answer = (np.repeat(axis.ravel(), np.ravel(matrix)) for axis in np.indices(np.shape(matrix)))
        assert value(result, "UA", *key) == pytest.approx(balanced_accuracy_score(truth, answer), abs=1e-12), name
        protocols.add(protocol)
    assert protocols == {
        *("loso", "loso-calibrated", "loso-enrolled", "loso-enrolled-calibrated", "loso-peek", "random-peek")
    }


def test_speakers_are_counted_one_by_one(result: Result):
    targets, probabilities, speakers = kept("float")
    for row in result.details["speakers"]["sernet float loso"]:
        own = np.array([speaker == row["speaker"] for speaker in speakers])
        assert 3 * row["n"] == own.sum()
        recall = balanced_accuracy_score(targets[own], probabilities[own].argmax(axis=1))
        assert row["UA"] == pytest.approx(recall, abs=1e-4)


@pytest.mark.parametrize("reading", ["float", "int8"])
def test_reliability_is_scikit_learns_calibration_curve(result: Result, reading: str):
    targets, probabilities, _ = kept(reading)
    right, confidence = probabilities.argmax(axis=1) == targets, probabilities.max(axis=1)
    accuracies, confidences = calibration_curve(right, confidence, n_bins=10)
    rows = result.details["reliability"][f"sernet {reading} loso"]
    np.testing.assert_allclose([row["accuracy"] for row in rows], accuracies, atol=1e-4)
    np.testing.assert_allclose([row["confidence"] for row in rows], confidences, atol=1e-4)
    assert sum(row["n"] for row in rows) == len(targets)


def test_calibrated_answers_are_more_reliable_than_the_networks_own(result: Result):
    def gap(name: str) -> float:
        rows = result.details["reliability"][name]
        return sum(row["n"] * abs(row["confidence"] - row["accuracy"]) for row in rows) / sum(row["n"] for row in rows)

    assert gap("sernet float loso-calibrated") < 0.5 * gap("sernet float loso")


def test_coverage_is_the_accuracy_of_the_answers_above_each_threshold(result: Result):
    targets, probabilities, _ = kept("float")
    right, confidence = probabilities.argmax(axis=1) == targets, probabilities.max(axis=1)
    curve = result.details["coverage"]["sernet float loso"]
    assert 40 <= len(curve) <= 50
    for point in curve:
        given = confidence >= point["threshold"]
        assert (point["coverage"], point["accuracy"]) == pytest.approx((given.mean(), right[given].mean()), abs=1e-4)


def test_values_follow_the_contract_of_sections(result: Result):
    names = [
        tuple(item[key] for key in ("metric", "model", "reading", "protocol", "condition")) for item in result.values
    ]
    assert len(set(names)) == len(names)
    assert {item["condition"] for item in result.values} == {
        *("clean", "snr20", "snr10", "snr5", "room", "telephone", "gain-20")
    }
    for item in result.values:
        assert item["kind"] == "accuracy"
        assert item["low"] <= item["high"]
        assert (item["n"], item["corpus"]) == (535, result.corpus)
    assert result.details["seeds"]["sernet"] == [0, 1, 2]
    assert result.details["folds"]["loso"]["03"] == {"train": 486, "test": 49}
    assert result.details["left_out"].keys() == {"agreement with float32", "accuracy of other formats"}
    assert "AMD EPYC" in result.details["notes"][0]
    assert "date unknown" in result.details["notes"][0]
    json.dumps(result.to_json(), allow_nan=False)


def test_speakers_held_out_of_a_synthetic_training_are_answered_by_every_file(
    exported_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(answers, "NETWORKS", ("paper",))
    run = Run.open(exported_run)
    result = answers.measure(job(tmp_path, run))
    targets = run.targets(run.split.test)
    for variant in find_variants(run):
        network = variant.network()
        own = [int(network.probabilities(variant.network_input(clip)).argmax()) for clip in run.split.test]
        ua = value(result, "UA", "synthetic", variant.name, "speaker hold-out")
        assert ua == pytest.approx(balanced_accuracy_score(targets, own))
    trained = {item["metric"]: item["value"] for item in run.result["values"]}
    assert value(result, "UA", "synthetic", "float", "speaker hold-out") == pytest.approx(trained["UA"])
    assert {item["corpus"] for item in result.values if item["model"] == "synthetic"} == {run.corpus["title"]}
    assert "synthetic" in result.details["notes"][1]
    assert value(result, "UA", "paper", "float", "loso") > 0.5


def test_files_of_a_network_that_heard_all_clips_are_compared_with_its_float32_file(
    released_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(answers, "NETWORKS", ("paper",))
    run = Run.open(released_run)
    result = answers.measure(job(tmp_path, run))
    (agreement, difference) = [item for item in result.values if item["kind"] == "machine"]
    assert (agreement["reading"], agreement["protocol"], agreement["n"]) == ("int8", "training clips", 32)
    outputs = []
    for variant in find_variants(run):
        network = variant.network()
        outputs.append(np.stack([network.uncalibrated(variant.network_input(clip)) for clip in run.split.train]))
    one, other = (output / output.sum(axis=1, keepdims=True) for output in outputs)
    assert agreement["metric"] == "agreement with float32"
    assert agreement["value"] == np.mean(one.argmax(axis=1) == other.argmax(axis=1))
    assert difference["value"] == pytest.approx(np.abs(one - other).max(), abs=1e-6)
    assert any("not how well" in note for note in result.details["notes"])
