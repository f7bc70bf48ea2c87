"""A voice's leaning: what all answers have in common is taken back, the more the more of them there are."""

import numpy as np
import pytest

from sernet.runtime.calibration import Calibration
from sernet.runtime.leaning import PRIOR_ANSWERS, SMALLEST, Leaning


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores)
    return powers / powers.sum(axis=-1, keepdims=True)


SCORES = np.random.default_rng(0).normal(0, 1, (60, 4))
BIAS = np.array([1.0, -0.5, 0.0, -0.5])


def test_what_is_common_to_all_answers_is_taken_back_in_proportion_to_their_number():
    for number in (1, 8, 60):
        scores = SCORES[:number] - SCORES[:number].mean(axis=0) + BIAS
        scores -= scores.mean(axis=1, keepdims=True)
        found = Leaning.of(softmax(scores)).taken_from(softmax(scores[0]))
        common = scores.mean(axis=0)
        np.testing.assert_allclose(found, softmax(scores[0] - number / (number + PRIOR_ANSWERS) * common), atol=1e-6)


def test_voices_with_opposite_leanings_get_the_same_answers_in_the_end():
    answers = []
    for bias in (BIAS, -BIAS):
        leaning = Leaning.of(softmax(np.tile(SCORES, (400, 1)) + bias))
        answers.append([leaning.taken_from(softmax(one + bias)) for one in SCORES[:9]])
    np.testing.assert_allclose(*answers, atol=2e-3)


def test_answers_without_a_leaning_stay_as_they_are():
    scores = SCORES - SCORES.mean(axis=0)
    scores = np.concatenate([scores, -scores])
    leaning = Leaning.of(softmax(scores))
    np.testing.assert_allclose(leaning.taken_from(softmax(scores[3])), softmax(scores[3]), atol=1e-6)


def test_a_temperature_makes_answers_surer_and_changes_none():
    answers, calibration = softmax(SCORES + BIAS), Calibration(0.4)
    own, calibrated = Leaning.of(answers), Leaning.of(calibration.applied(answers))
    for answer in answers[:9]:
        expected = calibration.applied(own.taken_from(answer))
        np.testing.assert_allclose(calibrated.taken_from(calibration.applied(answer)), expected, atol=1e-6)


@pytest.mark.parametrize("sure", [1.0, 1 - SMALLEST])
def test_a_quantised_zero_is_no_minus_infinity(sure: float):
    answer = np.array([sure, 1 - sure, 0.0, 0.0])
    found = Leaning.of(np.tile(answer, (5, 1))).taken_from(answer)
    assert np.isfinite(found).all() and found.sum() == pytest.approx(1.0) and found.argmax() == 0
