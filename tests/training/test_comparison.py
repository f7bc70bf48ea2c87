"""Paired differences against scikit-learn, scipy, and cases that are clear."""

import numpy as np
import pytest
from scipy.stats import bootstrap
from sklearn.metrics import balanced_accuracy_score

from sernet.training.comparison import paired_difference
from sernet.training.metrics import bootstrap_interval, unweighted_accuracy, weighted_accuracy

GENERATOR = np.random.default_rng(1)
CLIPS, SPEAKERS = 480, 12
TARGETS = GENERATOR.integers(0, 4, CLIPS)
NAMES = [f"s{index % SPEAKERS}" for index in range(CLIPS)]
# Some speakers are hard for everyone: what a pairing has to take out.
EASE = np.linspace(0.2, 0.95, SPEAKERS)[np.arange(CLIPS) % SPEAKERS]


def system(skill: float, seeds: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    right = generator.random((CLIPS, seeds)) < np.clip(EASE + skill, 0, 1)[:, None]
    return np.where(right, TARGETS[:, None], (TARGETS[:, None] + 1) % 4)


def test_the_difference_is_that_of_scikit_learns_means_over_seeds():
    first, second = system(0.0, 2, 0), system(0.05, 3, 1)
    found = paired_difference(unweighted_accuracy, TARGETS, first, second, NAMES, resamples=10)
    means = [np.mean([balanced_accuracy_score(TARGETS, column) for column in answers.T]) for answers in (first, second)]
    assert found.value == pytest.approx(means[1] - means[0])


def test_the_interval_is_scipys_bootstrap_of_the_speakers_differences():
    first, second = system(0.0, 1, 0), system(0.05, 1, 1)
    found = paired_difference(weighted_accuracy, TARGETS, first, second, NAMES, resamples=4000)
    right = (second == TARGETS[:, None]).astype(float) - (first == TARGETS[:, None])
    by_speaker = [right[[name == speaker for name in NAMES]].mean() for speaker in sorted(set(NAMES))]
    expected = bootstrap((by_speaker,), np.mean, method="percentile", n_resamples=4000, rng=0).confidence_interval
    assert found.unit == "speakers"
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.004)


def test_pairing_takes_out_what_is_hard_for_both():
    first, second = system(0.0, 1, 0), system(0.05, 1, 1)
    paired = paired_difference(weighted_accuracy, TARGETS, first, second, NAMES)
    alone = bootstrap_interval(weighted_accuracy, TARGETS, first[:, 0], NAMES)
    assert paired.high - paired.low < 0.5 * (alone.high - alone.low)


def test_a_system_does_not_differ_from_itself():
    answers = system(0.0, 2, 0)
    found = paired_difference(unweighted_accuracy, TARGETS, answers, answers, NAMES, resamples=50)
    assert (found.low, found.value, found.high) == (0.0, 0.0, 0.0)


def test_the_order_of_the_two_turns_the_sign():
    first, second = system(0.0, 1, 0), system(0.2, 1, 1)
    forth = paired_difference(weighted_accuracy, TARGETS, first, second, NAMES, resamples=200)
    back = paired_difference(weighted_accuracy, TARGETS, second, first, NAMES, resamples=200)
    assert forth.low > 0 > back.high
    assert (forth.value, forth.low, forth.high) == pytest.approx((-back.value, -back.high, -back.low))
