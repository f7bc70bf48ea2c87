"""Cutting, levelling and padding a clip: the paper's way, counted by hand."""

import numpy as np
import pytest

from sernet.runtime.front_end import FrontEnd


def test_a_short_clip_is_centred_in_zeros():
    np.testing.assert_array_equal(FrontEnd().fit(np.array([1.0, 0.5, 0.25]), 6), [0, 1.0, 0.5, 0.25, 0, 0])


def test_a_long_clip_is_cut_to_its_middle():
    np.testing.assert_array_equal(FrontEnd().fit(np.arange(8) / 10, 3), np.array([0.2, 0.3, 0.4], np.float32))


def test_a_clip_that_fits_stays_as_it_is():
    np.testing.assert_array_equal(FrontEnd().fit(np.array([0.1, -0.2]), 2), np.array([0.1, -0.2], np.float32))


@pytest.mark.parametrize("gain", [0.001, 0.1, 1.0])
def test_levelling_makes_a_clip_independent_of_its_gain(gain: float):
    front_end = FrontEnd(level_percentile=99.9)
    waveform = np.random.default_rng(0).normal(0, 0.2, 5000).clip(-1, 1)
    levelled = front_end.fit(waveform * gain, 6000)
    np.testing.assert_allclose(levelled, front_end.fit(waveform, 6000), atol=2e-3)
    assert np.abs(levelled).max() == 1.0
    assert np.mean(np.abs(levelled[500:5500]) >= 1.0) == pytest.approx(0.001, abs=5e-4)


def test_silence_is_not_levelled():
    np.testing.assert_array_equal(FrontEnd(level_percentile=99.9).fit(np.zeros(10), 20), np.zeros(20))
