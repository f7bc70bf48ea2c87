"""Metrics against scikit-learn and against cases small enough to count by hand."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score

from sernet.training.metrics import (
    bootstrap_interval,
    class_recall,
    confusion,
    expected_calibration_error,
    over_seeds,
    unweighted_accuracy,
    weighted_accuracy,
    weighted_f1,
)

GENERATOR = np.random.default_rng(0)
TARGETS = GENERATOR.integers(0, 5, 400)
PREDICTIONS = np.where(GENERATOR.random(400) < 0.6, TARGETS, GENERATOR.integers(0, 5, 400))
SPEAKERS = [f"s{i % 8}" for i in range(400)]


@pytest.mark.parametrize("clips", [1, 3, 30, 400])
def test_every_figure_is_scikit_learns(clips: int):
    targets, predictions = TARGETS[:clips], PREDICTIONS[:clips]
    recall = recall_score(targets, predictions, labels=np.unique(targets), average="macro", zero_division=0)
    assert unweighted_accuracy(targets, predictions) == pytest.approx(recall)
    assert weighted_accuracy(targets, predictions) == pytest.approx(accuracy_score(targets, predictions))
    f1 = f1_score(targets, predictions, average="weighted", zero_division=0)
    assert weighted_f1(targets, predictions) == pytest.approx(f1)
    assert (
        confusion(targets, predictions, 5).tolist() == confusion_matrix(targets, predictions, labels=range(5)).tolist()
    )


def test_a_class_without_test_clips_does_not_count():
    assert unweighted_accuracy(np.array([0, 0, 1]), np.array([0, 2, 1])) == pytest.approx(0.75)


def test_recall_of_each_class_is_scikit_learns_and_of_an_absent_one_is_no_number():
    expected = recall_score(TARGETS, PREDICTIONS, labels=range(5), average=None)
    assert [class_recall(TARGETS, PREDICTIONS, label) for label in range(5)] == pytest.approx(expected)
    assert np.isnan(class_recall(TARGETS, PREDICTIONS, 5))


def test_a_figure_over_seeds_is_the_mean_of_each_seeds_and_its_interval_holds_it():
    answers = np.stack([PREDICTIONS, TARGETS, np.roll(PREDICTIONS, 1)], axis=1)
    each = [recall_score(TARGETS, column, average="macro") for column in answers.T]
    interval = bootstrap_interval(over_seeds(unweighted_accuracy), TARGETS, answers, SPEAKERS, resamples=200)
    assert interval.value == pytest.approx(np.mean(each))
    assert interval.low < interval.value < interval.high


def test_a_class_that_only_one_speaker_has_does_not_spoil_its_interval():
    targets = np.array([0, 0, 0, 0, 0, 1] * 2)
    speakers = ["a", "b", "c", "d", "e", "f"] * 2
    interval = bootstrap_interval(lambda t, p: class_recall(t, p, 1), targets, targets, speakers, resamples=50)
    assert (interval.low, interval.value, interval.high) == (1.0, 1.0, 1.0)


def test_a_small_case_counted_by_hand():
    targets, predictions = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    assert weighted_accuracy(targets, predictions) == 0.75
    assert unweighted_accuracy(targets, predictions) == pytest.approx((2 / 3 + 1) / 2)
    assert weighted_f1(targets, predictions) == pytest.approx(0.75 * 0.8 + 0.25 * 2 / 3)
    assert confusion(targets, predictions, 3).tolist() == [[2, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_calibration_error_of_an_answer_that_is_always_sure_is_its_error_rate():
    sure = np.eye(5)[PREDICTIONS]
    assert expected_calibration_error(TARGETS, sure) == pytest.approx(1 - weighted_accuracy(TARGETS, PREDICTIONS))


def test_calibration_error_counted_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    targets = np.array([0, 1, 0, 0])  # sure 0.9, right half the time; sure 0.6, always right
    assert expected_calibration_error(targets, probabilities) == pytest.approx(0.5 * 0.4 + 0.5 * 0.4)


def test_the_interval_holds_the_value_and_is_wider_over_speakers_that_differ():
    predictions = np.where(np.array([int(s[1]) for s in SPEAKERS]) < 4, TARGETS, (TARGETS + 1) % 5)  # half fail wholly
    by_speaker = bootstrap_interval(weighted_accuracy, TARGETS, predictions, SPEAKERS)
    by_clip = bootstrap_interval(weighted_accuracy, TARGETS, predictions, ["one"] * 400)
    assert (by_speaker.unit, by_clip.unit) == ("speakers", "clips")
    assert by_speaker.low <= by_speaker.value == by_clip.value <= by_speaker.high
    assert by_speaker.high - by_speaker.low > 3 * (by_clip.high - by_clip.low)


def test_the_interval_over_clips_is_the_binomial_one():
    interval = bootstrap_interval(weighted_accuracy, TARGETS, PREDICTIONS, ["one"] * 400)
    share = interval.value
    half = 1.96 * np.sqrt(share * (1 - share) / 400)
    assert interval.high - interval.low == pytest.approx(2 * half, rel=0.1)
