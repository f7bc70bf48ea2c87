"""A voice's leaning: what all answers have in common is taken back, the more the more of them there are."""

import numpy as np
import pytest

from sernet.runtime.leaning import PRIOR_ANSWERS, PRIOR_SPREAD, SMALLEST, Leaning


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores)
    return powers / powers.sum(axis=-1, keepdims=True)


SCORES = np.random.default_rng(0).normal(0, 1, (60, 4))
BIAS = np.array([1.0, -0.5, 0.0, -0.5])


@pytest.mark.parametrize("number", [1, 8, 60])
def test_mean_and_relative_spread_are_taken_back_in_proportion_to_the_number_of_answers(number: int):
    scores = SCORES[:number] * [2.0, 1.0, 1.0, 0.5] + BIAS
    scores -= scores.mean(axis=1, keepdims=True)
    found = Leaning.of(softmax(scores)).taken_from(softmax(scores[0]))
    common, variances = scores.mean(axis=0), scores.var(axis=0)
    relative = variances / variances.mean() if number > 1 else np.ones(4)
    spread = np.sqrt((number * relative + PRIOR_SPREAD) / (number + PRIOR_SPREAD))
    expected = softmax((scores[0] - number / (number + PRIOR_ANSWERS) * common) / spread)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_voices_with_opposite_leanings_get_the_same_answers_in_the_end():
    answers = []
    for bias in (BIAS, -BIAS):
        leaning = Leaning.of(softmax(np.tile(SCORES, (400, 1)) + bias))
        answers.append([leaning.taken_from(softmax(one + bias)) for one in SCORES[:9]])
    np.testing.assert_allclose(*answers, atol=2e-3)


def test_answers_without_a_leaning_stay_as_they_are():
    scores = np.concatenate([np.roll(SCORES, shift, axis=1) for shift in range(4)])
    scores = np.concatenate([scores, -scores]) / 2
    leaning = Leaning.of(softmax(scores))
    np.testing.assert_allclose(leaning.taken_from(softmax(scores[3])), softmax(scores[3]), atol=1e-6)


@pytest.mark.parametrize("sure", [1.0, 1 - SMALLEST])
@pytest.mark.parametrize("answers", [0, 1, 5])
def test_a_quantised_zero_is_no_minus_infinity(sure: float, answers: int):
    answer = np.array([sure, 1 - sure, 0.0, 0.0])
    found = Leaning.of(np.tile(answer, (answers, 1))).taken_from(answer)
    assert np.isfinite(found).all() and found.sum() == pytest.approx(1.0) and found.argmax() == 0
