"""Calibration and threshold of each speaker from other speakers' answers, against scikit-learn and counting."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss, recall_score

from sernet.benchmarks.evaluation.calibrate import Calibrated, Choice, calibrate
from sernet.benchmarks.evaluation.calibration_report import calibration_result, calibration_tables, write_calibration
from sernet.benchmarks.evaluation.record import save_record
from sernet.cli import main
from sernet.runtime import SernetError
from sernet.training.calibration import calibration_of
from sernet.training.config import TrainConfig

LABELS = ["anger", "neutral", "sadness"]
SPEAKERS = ["a", "b", "c", "d", "e"]
CLIPS = 40  # of each speaker
FOLLOWING = {speaker: (SPEAKERS * 2)[place + 1 : place + 3] for place, speaker in enumerate(SPEAKERS)}
"""Who is answered in the inner fold of a speaker."""
OTHERS = {s: {*FOLLOWING[s], SPEAKERS[place - 1]} for place, s in enumerate(SPEAKERS)}
"""Who is answered by models that did not hear a speaker: the next two, and the one before."""
TOO_SURE = 3.0
"""Logits are so many times what they should be."""
LEANING = np.array([1.5, 0.0, -1.5])
"""And then this is added to them."""


def record(family: str, fold: str, speakers: list[str], seed: int, reading: str = "float", scale: float = 2.0):
    """A fold named `fold` whose model answers `speakers`; the truth is drawn from what its answers should say."""
    generator = np.random.default_rng([seed, SPEAKERS.index(fold), SPEAKERS.index(speakers[0]), len(family)])
    names = [f"{speaker}_{number:02d}.wav" for speaker in speakers for number in range(CLIPS)]
    targets = np.concatenate([np.random.default_rng(SPEAKERS.index(s)).integers(3, size=CLIPS) for s in speakers])
    # logits of a Gaussian model of the classes: their softmax is the true posterior
    evidence = generator.normal(0, scale, (len(targets), 3)) + scale**2 * np.eye(3)[targets]
    probabilities = softmax(TOO_SURE * evidence + LEANING, axis=1)
    if reading == "int8":
        probabilities = np.round(256 * probabilities) / 256
        probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
    return {
        "schema_version": 1,
        "what": "fold",
        "subject": "own-sernet",
        "corpus": {"name": "own", "title": "Own", "note": ""},
        "answered": "Own",
        "family": family,
        "fold": fold,
        "seed": seed,
        "config": TrainConfig(keep="last", seed=seed).to_json(),
        "labels": LABELS,
        "trained_on": {"clips": 75, "fingerprint": "0"},
        "clips": {
            "name": names,
            "speaker": [speaker for speaker in speakers for _ in range(CLIPS)],
            "sentence": ["one"] * len(names),
            "target": targets.tolist(),
        },
        "readings": {name: np.round(probabilities, 4).tolist() for name in (reading, "snr10", "enrolled-60")},
    }


def study(seeds: tuple[int, ...] = (0, 1), **options: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Records of loso, and of loso-inner: fold a answers b and c, ..., fold e answers a and b."""
    return (
        [record("loso", s, [s], seed, **options) for seed in seeds for s in SPEAKERS],
        [record("loso-inner", s, FOLLOWING[s], seed, **options) for seed in seeds for s in SPEAKERS],
    )


OUTER, INNER = study()


@pytest.fixture(scope="module")
def calibrated() -> Calibrated:
    return calibrate(OUTER, INNER, "float", 0.9)


def answers_of(records: list[dict[str, Any]], fold: str, seed: int, reading: str = "float"):
    """Probabilities and targets of one fold, straight from the record."""
    (found,) = [r for r in records if r["fold"] == fold and r["seed"] == seed]
    return np.array(found["readings"][reading]), np.array(found["clips"]["target"])


def answers_without(speaker: str, inner: list[dict[str, Any]], seed: int, reading: str = "float"):
    """The same of other speakers, by the models for which the speaker did not train, counted out."""
    lines = [
        (probabilities, target)
        for r in inner
        if r["seed"] == seed and speaker in [r["fold"], *FOLLOWING[r["fold"]]]
        for probabilities, target, answered in zip(
            r["readings"][reading], r["clips"]["target"], r["clips"]["speaker"], strict=True
        )
        if answered != speaker
    ]
    assert len(lines) == 4 * CLIPS, "two of the next speakers, one each of two other models"
    return tuple(np.array(column) for column in zip(*lines, strict=True))


def on_device(probabilities: np.ndarray, choice: Choice) -> np.ndarray:
    """As a bundle with the choice answers."""
    return choice.calibration.applied(probabilities)


def test_each_calibration_is_of_other_speakers_answers_of_the_same_seed_by_models_that_did_not_hear_the_speaker(
    calibrated: Calibrated,
):
    for fold in calibrated.folds:
        assert fold.chosen_on == tuple(sorted(OTHERS[fold.speaker]))
        for seed, choice in enumerate(fold.choices):
            probabilities, targets = answers_without(fold.speaker, INNER, seed)
            expected = calibration_of(np.log(np.maximum(probabilities, 1e-4)), targets)
            assert choice.calibration.temperature == pytest.approx(expected.temperature, rel=1e-3)
            np.testing.assert_allclose(choice.calibration.bias, expected.bias, atol=1e-3)
    found = [choice.calibration for fold in calibrated.folds for choice in fold.choices]
    assert len(set(found)) == 10
    assert np.median([one.temperature for one in found]) == pytest.approx(TOO_SURE, rel=0.4)
    leaning = np.median([one.bias for one in found], axis=0)
    assert leaning[0] < -0.1 < 0.1 < leaning[2], "against the leaning of the answers"


def test_each_threshold_gives_most_answers_of_those_that_reach_the_accuracy(calibrated: Calibrated):
    for fold in calibrated.folds:
        for seed, choice in enumerate(fold.choices):
            probabilities, targets = answers_without(fold.speaker, INNER, seed)
            after = on_device(probabilities, choice)
            confidence, correct = after.max(axis=1), after.argmax(axis=1) == targets
            shares = {t: np.mean(t <= confidence) for t in confidence if correct[t <= confidence].mean() >= 0.9}
            assert np.mean(choice.threshold <= confidence) == max(shares.values()) and choice.reached


def test_nothing_is_chosen_on_the_test_speaker(calibrated: Calibrated):
    """Other answers to b change the choices for others, and not those for b."""
    outer, inner = copy.deepcopy(OUTER), copy.deepcopy(INNER)
    for item in [*outer, *inner]:
        of_b = [place for place, speaker in enumerate(item["clips"]["speaker"]) if speaker == "b"]
        for place, other in zip(of_b, [item["readings"]["float"][place] for place in of_b[::-1]], strict=True):
            item["readings"]["float"][place] = other
    changed = calibrate(outer, inner, "float", 0.9)
    same = {one.speaker: one == other for one, other in zip(changed.folds, calibrated.folds, strict=True)}
    assert same == {speaker: "b" not in OTHERS[speaker] for speaker in SPEAKERS} and same["b"]


def test_every_answer_gets_the_calibration_and_threshold_of_its_speaker_and_seed(calibrated: Calibrated):
    for fold in calibrated.folds:
        clips = [speaker == fold.speaker for speaker in calibrated.before.speakers]
        for seed, choice in enumerate(fold.choices):
            own, _ = answers_of(OUTER, fold.speaker, seed)
            np.testing.assert_allclose(calibrated.probabilities[clips, seed], on_device(own, choice))
            answered = calibrated.probabilities[clips, seed].max(axis=1) >= choice.threshold
            np.testing.assert_array_equal(calibrated.answered[clips, seed], answered)


def test_the_figures_are_what_scikit_learn_and_counting_give(calibrated: Calibrated):
    result = calibration_result(calibrated).to_json()
    value = {item["metric"]: item for item in result["values"] if "label" not in item}
    targets, before = calibrated.before.targets, calibrated.before.probabilities
    for name, probabilities in (("before", before), ("after", calibrated.probabilities)):
        floored = np.maximum(probabilities, 1e-4)
        floored /= floored.sum(axis=2, keepdims=True)
        losses = [log_loss(targets, floored[:, seed]) for seed in (0, 1)]
        assert value[f"NLL {name}"]["value"] == pytest.approx(np.mean(losses))
        errors = []
        for seed in (0, 1):
            confidence = probabilities[:, seed].max(axis=1)
            correct = probabilities[:, seed].argmax(axis=1) == targets
            bins = np.digitize(confidence, np.arange(1, 15) / 15)
            gaps = [
                abs(correct[bins == b].mean() - confidence[bins == b].mean()) * np.mean(bins == b) for b in set(bins)
            ]
            errors.append(sum(gaps))
        assert value[f"ECE {name}"]["value"] == pytest.approx(np.mean(errors))
    given, after = calibrated.answered, calibrated.probabilities.argmax(axis=2)
    right = after == targets[:, None]
    assert value["coverage"]["value"] == pytest.approx(given.mean())
    each = [right[given[:, seed], seed].mean() for seed in (0, 1)]
    assert value["WA of the answered"]["value"] == pytest.approx(np.mean(each))
    assert value["WA"]["value"] == pytest.approx(right.mean())
    recalls = [
        [recall_score(targets, answers[:, seed], average="macro") for seed in (0, 1)]
        for answers in (after, before.argmax(axis=2))
    ]
    assert value["UA"]["value"] == pytest.approx(np.mean(recalls[0]))
    assert value["UA gained"]["value"] == pytest.approx(np.mean(recalls[0]) - np.mean(recalls[1]))
    assert value["UA gained"]["value"] > 0, "answers that lean"
    assert value["ECE after"]["value"] < value["ECE before"]["value"], "answers three times too sure"
    assert value["NLL after"]["value"] < value["NLL before"]["value"]
    assert all(item["resampled"] == "speakers" and item["low"] <= item["high"] for item in value.values())
    for point in result["details"]["curve"]:
        accepted = calibrated.probabilities.max(axis=2) >= point["threshold"]
        assert (point["coverage"], point["accuracy"]) == pytest.approx((accepted.mean(), right[accepted].mean()))
    assert result["details"]["curve"][-1]["coverage"] == 1


def test_a_release_is_chosen_on_all_answers_of_loso(calibrated: Calibrated):
    flat = np.concatenate([r["readings"]["float"] for r in OUTER])
    targets = np.concatenate([r["clips"]["target"] for r in OUTER])
    expected = calibration_of(np.log(np.maximum(flat, 1e-4)), targets)
    assert calibrated.release.calibration.temperature == pytest.approx(expected.temperature, rel=1e-3)
    after = on_device(flat, calibrated.release)
    accepted = after.max(axis=1) >= calibrated.release.threshold
    assert (after.argmax(axis=1) == targets)[accepted].mean() >= 0.9


@pytest.mark.parametrize(
    ("reading", "protocol"), [("snr10", "loso-calibrated"), ("enrolled-60", "loso-enrolled-calibrated")]
)
def test_in_noise_and_with_a_profile_a_device_has_the_calibration_that_was_chosen_without(
    reading: str, protocol: str, calibrated: Calibrated
):
    outer = copy.deepcopy(OUTER)
    for item in outer:  # less sure
        item["readings"][reading] = softmax(0.3 * np.log(np.maximum(item["readings"][reading], 1e-4)), axis=1).tolist()
    found = calibrate(outer, INNER, reading, 0.9)
    assert (found.folds, found.release) == (calibrated.folds, calibrated.release)
    assert (found.before.probabilities != calibrated.before.probabilities).any()
    assert calibration_result(found).protocol == protocol


def test_a_device_gives_the_int8_answers_that_the_threshold_was_chosen_to_give():
    """Records are rounded to 4 decimals, a device's probabilities are not: 255/256 must not fall below 0.9961."""
    outer, inner = study((0,), reading="int8")
    for fold in calibrate(outer, inner, "int8", 0.9).folds:
        rounded, _ = answers_of(inner, fold.speaker, 0, "int8")
        exact = np.round(rounded * 256) / 256
        exact /= exact.sum(axis=1, keepdims=True)
        (choice,) = fold.choices
        expected = on_device(rounded, choice).max(axis=1) >= choice.threshold
        given = on_device(exact, choice).astype(np.float32).max(axis=1) >= choice.threshold
        np.testing.assert_array_equal(given, expected)


def test_seeds_that_the_inner_folds_lack_share_those_that_are_there():
    found = calibrate(OUTER, INNER[:5], "float", 0.9)
    alone = calibrate(OUTER[:5], INNER[:5], "float", 0.9)
    assert all(fold.choices == only.choices * 2 for fold, only in zip(found.folds, alone.folds, strict=True))
    assert found.notes == (
        "loso-inner has the seeds 0, loso 0, 1: those of loso-inner choose together, for every seed",
    )
    assert alone.notes == ()


def test_an_accuracy_out_of_reach_answers_half_and_says_so():
    outer, inner = study((0,))
    for item in inner:
        if "c" in (item["fold"], *FOLLOWING[item["fold"]]):  # the models that did not hear c are never right
            item["clips"]["target"] = [(int(np.argmin(p))) for p in item["readings"]["float"]]
    found = calibrate(outer, inner, "float", 0.9)
    (choice,) = found.folds[2].choices
    assert not choice.reached
    probabilities, _ = answers_without("c", inner, 0)
    assert np.mean(on_device(probabilities, choice).max(axis=1) >= choice.threshold) >= 0.5
    assert (
        len(found.notes) == 1 and "do not reach an accuracy of 90%: there, 50% of them are answered" in found.notes[0]
    )


def other_epochs(inner: list[dict[str, Any]]) -> None:
    for item in inner:
        item["config"]["epochs"] = 7


def other_labels(inner: list[dict[str, Any]]) -> None:
    for item in inner:
        item["labels"] = ["a", "b", "c"]


def one_fold_less(inner: list[dict[str, Any]]) -> None:
    inner[:] = [item for item in inner if item["fold"] != "d"]


def none(inner: list[dict[str, Any]]) -> None:
    inner.clear()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (other_epochs, "loso and loso-inner were trained with another epochs: evaluate both again"),
        (other_labels, "different studies .another labels."),
        (one_fold_less, "nothing is there to choose on for d: `sernet evaluate --protocol loso-inner`"),
        (none, "no records of loso-inner to pool"),
    ],
)
def test_records_that_cannot_choose_for_each_other_are_refused(change: Callable[[list], None], message: str):
    inner = copy.deepcopy(INNER)
    change(inner)
    with pytest.raises(SernetError, match=message):
        calibrate(OUTER, inner, "float", 0.9)


def test_a_reading_or_an_accuracy_that_is_none_is_refused():
    with pytest.raises(SernetError, match="the reading varied-60 is not calibrated: use int8, float, snr20"):
        calibrate(OUTER, INNER, "varied-60", 0.9)
    with pytest.raises(SernetError, match=r"between 0 and 1, not 1\.5"):
        calibrate(OUTER, INNER, "float", 1.5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for item in OUTER + INNER:
        save_record(tmp_path / "out" / item["family"] / f"fold-{item['fold']}-seed{item['seed']}.json", item)
    return tmp_path / "out"


def test_the_command_writes_result_and_plot_and_prints_what_was_chosen(folder: Path, capsys: pytest.CaptureFixture):
    words = ["evaluate", "--calibrate", str(folder), "--reading", "float"]
    assert main([*words, "--target-accuracy", "0.85"]) == 0
    result = json.loads((folder / "loso-calibrated-float.json").read_text())
    assert result["details"]["target_accuracy"] == 0.85 and result["details"]["all_folds"]
    output = capsys.readouterr().out
    for table in calibration_tables(result):
        assert table.markdown() in output
    assert f"{result['details']['release']['temperature']:.3f}" in output
    for suffix, start in ((".png", b"\x89PNG"), (".pdf", b"%PDF")):
        assert (folder / "figures" / f"loso-calibrated-float{suffix}").read_bytes().startswith(start)
    assert main([*words, "--protocol", "loso"]) == 2
    assert "say what was evaluated: leave out --protocol" in capsys.readouterr().err


def test_a_part_of_the_folds_is_written_under_a_name_that_says_so(folder: Path):
    result = write_calibration(folder, "float", 0.9, (0,), ("a", "b"))
    assert result["path"].endswith("loso-calibrated-float-folds-a-b.json") and not result["details"]["all_folds"]
