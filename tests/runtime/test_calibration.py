"""A calibration is a softmax of scaled and shifted logarithms."""

import numpy as np
import pytest
from scipy.special import softmax

from sernet.runtime.calibration import NONE, Calibration

GENERATOR = np.random.default_rng(0)
ANSWERS = softmax(GENERATOR.normal(0, 2, (5, 4, 3)), axis=2)


@pytest.mark.parametrize("calibration", [NONE, Calibration(0.4), Calibration(1.7, (0.5, -0.2, -0.3))])
def test_it_is_a_softmax_of_scaled_and_shifted_logarithms(calibration: Calibration):
    expected = softmax(np.log(ANSWERS) / calibration.temperature + np.array(calibration.bias or (0.0,)), axis=-1)
    np.testing.assert_allclose(calibration.applied(ANSWERS), expected, atol=1e-12)
    one_by_one = [[calibration.applied(answer) for answer in row] for row in ANSWERS]
    np.testing.assert_array_equal(calibration.applied(ANSWERS), one_by_one)


def test_what_an_int8_network_calls_impossible_stays_so():
    np.testing.assert_array_equal(Calibration(0.5, (9.0, 0.0, 0.0)).applied(np.array([0.0, 1.0, 0.0])), [0, 1, 0])


def test_a_low_temperature_does_not_make_all_classes_vanish():
    """At 0.02 every probability below a sixth, to the power of 50, is nothing in single precision."""
    even = np.full(12, 1 / 12, np.float32)
    np.testing.assert_allclose(Calibration(0.02).applied(even), even, atol=1e-6)
    np.testing.assert_allclose(Calibration(0.02, (-90.0,) * 12).applied(even), even, atol=1e-6)
