"""Temperature, thresholds and curves against scikit-learn, closed forms, and counting."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import auc, log_loss

from sernet.runtime.errors import SernetError
from sernet.training.calibration import (
    TEMPERATURES,
    area_under_risk_coverage,
    logits_of,
    negative_log_likelihood,
    selection_curve,
    temperature_of,
    threshold_for_accuracy,
    threshold_for_coverage,
    with_temperature,
)

GENERATOR = np.random.default_rng(0)
LOGITS = GENERATOR.normal(0, 2, (4000, 5))
TARGETS = np.array([GENERATOR.choice(5, p=row) for row in softmax(LOGITS, axis=1)])
CONFIDENCE = np.round(GENERATOR.uniform(0.3, 1, 500), 2)  # many are equal
CORRECT = GENERATOR.random(500) < CONFIDENCE


def test_the_likelihood_is_scikit_learns():
    for temperature in (0.5, 1.0, 3.0):
        expected = log_loss(TARGETS, softmax(LOGITS / temperature, axis=1))
        assert negative_log_likelihood(LOGITS, TARGETS, temperature) == pytest.approx(expected)


@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_answers_that_are_too_sure_by_a_factor_get_it_as_their_temperature(factor: float):
    assert temperature_of(factor * LOGITS, TARGETS) == pytest.approx(factor, rel=0.05)


def test_with_two_classes_the_temperature_is_logistic_regressions_slope():
    margin = GENERATOR.normal(0, 3, 1000)
    targets = (GENERATOR.random(1000) < 1 / (1 + np.exp(-0.4 * margin))).astype(int)
    fitted = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-8).fit(margin[:, None], targets)
    found = temperature_of(np.stack([np.zeros(1000), margin], axis=1), targets)
    assert 1 / found == pytest.approx(fitted.coef_[0, 0], rel=1e-3)


def test_probabilities_serve_as_well_as_logits():
    exact = logits_of(softmax(3 * LOGITS, axis=1), smallest=1e-30)
    assert temperature_of(exact, TARGETS) == pytest.approx(temperature_of(3 * LOGITS, TARGETS), rel=1e-4)
    np.testing.assert_allclose(with_temperature(exact, 3.0), softmax(LOGITS, axis=1), atol=1e-9)


def test_a_zero_probability_of_the_truth_costs_much_but_not_everything():
    assert np.isfinite(negative_log_likelihood(logits_of(np.array([[1.0, 0.0]])), np.array([1])))


def test_a_temperature_does_not_change_the_answer_and_stays_in_its_range():
    assert (with_temperature(LOGITS, 7.0).argmax(axis=1) == LOGITS.argmax(axis=1)).all()
    always_right = temperature_of(LOGITS, LOGITS.argmax(axis=1))  # the likelihood has no minimum
    assert always_right == pytest.approx(TEMPERATURES[0], rel=0.01)


def test_no_clips_are_refused():
    with pytest.raises(SernetError, match="there are none"):
        temperature_of(np.empty((0, 3)), np.empty(0, int))


def test_every_point_of_the_curve_is_what_counting_gives():
    curve = selection_curve(CONFIDENCE, CORRECT)
    assert list(curve.thresholds) == sorted(set(CONFIDENCE), reverse=True)
    for threshold, coverage, accuracy in zip(curve.thresholds, curve.coverage, curve.accuracy, strict=True):
        given = threshold <= CONFIDENCE
        assert coverage == pytest.approx(given.mean())
        assert accuracy == pytest.approx(CORRECT[given].mean())
    assert curve.coverage[-1] == 1


@pytest.mark.parametrize("wanted", [0.7, 0.8, 0.9])
def test_the_threshold_for_an_accuracy_is_the_lowest_that_reaches_it(wanted: float):
    found = threshold_for_accuracy(CONFIDENCE, CORRECT, wanted)
    reaching = [t for t in set(CONFIDENCE) if CORRECT[t <= CONFIDENCE].mean() >= wanted]
    assert found == min(reaching)


@pytest.mark.parametrize("wanted", [0.01, 0.5, 0.9, 1.0])
def test_the_threshold_for_a_coverage_is_the_highest_that_reaches_it(wanted: float):
    found = threshold_for_coverage(CONFIDENCE, wanted)
    assert found == max(t for t in set(CONFIDENCE) if (t <= CONFIDENCE).mean() >= wanted)


def test_an_accuracy_out_of_reach_is_told_with_the_best():
    with pytest.raises(SernetError, match=r"no threshold gives an accuracy of 90.0%: the best is 50.0%"):
        threshold_for_accuracy(np.array([0.9, 0.9]), np.array([True, False]), 0.9)


def test_the_area_is_the_mean_error_of_the_first_k_answers():
    confidence, correct = np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, True])
    assert area_under_risk_coverage(confidence, correct) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    distinct = CONFIDENCE + np.arange(500) * 1e-6
    curve = selection_curve(distinct, CORRECT)
    trapezoids = auc(curve.coverage, 1 - curve.accuracy)
    assert area_under_risk_coverage(distinct, CORRECT) == pytest.approx(trapezoids, abs=0.01)


def test_the_area_of_equal_confidences_is_the_error_rate_in_any_order():
    equal = np.full(500, 0.5)
    assert area_under_risk_coverage(equal, CORRECT) == pytest.approx(1 - CORRECT.mean())
    shuffled = GENERATOR.permutation(500)
    assert area_under_risk_coverage(CONFIDENCE[shuffled], CORRECT[shuffled]) == pytest.approx(
        area_under_risk_coverage(CONFIDENCE, CORRECT)
    )


def test_a_perfect_order_gives_the_least_area_and_its_opposite_the_most():
    order = np.sort(CORRECT.astype(float))
    best, worst = (area_under_risk_coverage(order + np.arange(500) * s, order > 0) for s in (1e-6, 0))
    areas = [area_under_risk_coverage(GENERATOR.permutation(500), CORRECT) for _ in range(20)]
    assert best <= worst < max(areas)
    assert best < min(areas) and area_under_risk_coverage(-order, order > 0) > max(areas)
