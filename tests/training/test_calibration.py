"""Calibration, thresholds and curves against scikit-learn, closed forms, and counting."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import auc, log_loss

from sernet.runtime.errors import SernetError
from sernet.training.calibration import (
    BIAS_SPREAD,
    TEMPERATURES,
    area_under_risk_coverage,
    calibration_of,
    logits_of,
    negative_log_likelihood,
    selection_curve,
    threshold_for_accuracy,
    threshold_for_coverage,
)

GENERATOR = np.random.default_rng(0)
LOGITS = GENERATOR.normal(0, 2, (4000, 5))
TARGETS = np.array([GENERATOR.choice(5, p=row) for row in softmax(LOGITS, axis=1)])
CONFIDENCE = np.round(GENERATOR.uniform(0.3, 1, 500), 2)  # many are equal
CORRECT = GENERATOR.random(500) < CONFIDENCE


def test_the_likelihood_is_scikit_learns():
    assert negative_log_likelihood(LOGITS, TARGETS) == pytest.approx(log_loss(TARGETS, softmax(LOGITS, axis=1)))


@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_answers_that_are_too_sure_by_a_factor_get_it_as_their_temperature(factor: float):
    assert calibration_of(factor * LOGITS, TARGETS).temperature == pytest.approx(factor, rel=0.05)


@pytest.mark.parametrize("clips", [200, 4000])
def test_temperature_and_biases_are_those_of_a_penalised_logistic_regression(clips: int):
    """scikit-learn finds the same optimum: scores are one feature that all classes share, and columns for the biases.

    With two classes, the margin is the feature, and the two biases of +-b / 2 cost as much as one of b with twice the
    variance.
    """
    margin, targets = LOGITS[:clips, 0] - 1, (LOGITS[:clips, 0] + GENERATOR.normal(0, 2, clips) > 0).astype(int)
    found = calibration_of(np.stack([np.zeros(clips), margin], axis=1), targets)
    spread = BIAS_SPREAD * np.sqrt(2)
    # the slope is not penalised: its column is so large that its coefficient is next to nothing
    columns = np.stack([1e4 * margin, spread * np.ones(clips)], axis=1)
    fitted = LogisticRegression(C=1, fit_intercept=False, tol=1e-10, max_iter=10000, solver="newton-cholesky")
    slope, intercept = fitted.fit(columns, targets).coef_[0] * [1e4, spread]
    assert 1 / found.temperature == pytest.approx(slope, rel=1e-3)
    frequent = np.log((np.sum(targets == 1) + 1) / (np.sum(targets == 0) + 1))
    assert found.bias[1] - found.bias[0] == pytest.approx(intercept - frequent, abs=2e-3)


def test_a_network_that_leans_to_a_class_and_to_frequent_ones_answers_as_if_all_were_equally_frequent():
    """Where the truth is known: Gaussian classes, of which one is rare, and a network that knows the frequencies."""
    frequencies = np.array([0.5, 0.4, 0.1])
    targets = GENERATOR.choice(3, p=frequencies, size=20000)
    evidence = GENERATOR.normal(0, 1.5, (20000, 3)) + 1.5**2 * np.eye(3)[targets]  # its softmax: posterior, if equal
    network = 2 * (evidence + np.log(frequencies)) + np.array([0.4, 0.0, -0.4])
    calibrated = calibration_of(network, targets).applied(softmax(network, axis=1))
    np.testing.assert_allclose(calibrated, softmax(evidence, axis=1), atol=0.03)


def test_few_clips_do_not_bias_much_and_a_missing_class_stays_possible():
    logits = np.zeros((3, 3))
    few = calibration_of(logits, np.array([0, 0, 1]))
    assert np.ptp(few.bias) < 1.5 and np.isfinite(few.bias).all()
    assert sum(few.bias) == pytest.approx(0, abs=1e-9)


def test_probabilities_serve_as_well_as_logits():
    exact = logits_of(softmax(3 * LOGITS, axis=1), smallest=1e-30)
    found, expected = calibration_of(exact, TARGETS), calibration_of(3 * LOGITS, TARGETS)
    assert found.temperature == pytest.approx(expected.temperature, rel=1e-3)
    np.testing.assert_allclose(found.bias, expected.bias, atol=1e-3)


def test_a_zero_probability_of_the_truth_costs_much_but_not_everything():
    assert np.isfinite(negative_log_likelihood(logits_of(np.array([[1.0, 0.0]])), np.array([1])))


def test_a_temperature_stays_in_its_range():
    always_right = calibration_of(LOGITS, LOGITS.argmax(axis=1))  # the likelihood has no minimum
    assert TEMPERATURES[0] <= always_right.temperature < 0.2


def test_no_clips_are_refused():
    with pytest.raises(SernetError, match="there are none"):
        calibration_of(np.empty((0, 3)), np.empty(0, int))


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
