"""Speech in many moods: which windows are answered, and that their answers make the leaning."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from sernet.runtime import Network, load_bundle
from sernet.runtime.enrolment import LEAST_ANSWERS, Enrolment
from sernet.runtime.leaning import Leaning
from sernet.runtime.profile import Profile, ProfileError

RATE = 16000


@pytest.fixture(scope="module")
def network(normalising_bundle: Path) -> Network:
    """One whose windows last 3 s."""
    bundle = load_bundle(normalising_bundle)
    return Network(dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, window_s=3.0)))


def enrol(network: Network, *recordings: np.ndarray, block_s: float = 100.0) -> Profile:
    enrolment, block = Enrolment(network.bundle.manifest.front_end, varied=network), round(block_s * RATE)
    for recording in recordings:
        for start in range(0, len(recording), block):
            enrolment.accept(recording[start : start + block])
        enrolment.end_recording()
    return enrolment.profile()


def assert_leaning_of(profile: Profile, network: Network, windows: list[np.ndarray]) -> None:
    expected = Leaning.of(np.stack([network.waveform_probabilities(window) for window in windows]))
    assert profile.leaning is not None and profile.leaning.answers == expected.answers
    np.testing.assert_allclose(profile.leaning.total, expected.total, atol=1e-6)


def seconds(recording: np.ndarray, *places: tuple[float, float]) -> list[np.ndarray]:
    return [recording[round(start * RATE) : round(end * RATE)] for start, end in places]


@pytest.mark.parametrize("block_s", [0.05, 0.7, 100.0])
def test_each_window_is_answered_by_itself_and_each_recording_starts_anew(network: Network, voice, block_s: float):
    one, other = voice(8.2), voice(6, pitch=240.0, seed=1)
    windows = seconds(one, (0, 3), (3, 6), (6, 8.2)) + seconds(other, (0, 3), (3, 6))
    profile = enrol(network, one, other, block_s=block_s)
    assert_leaning_of(profile, network, windows)
    assert profile.model == network.bundle.fingerprint


def test_windows_and_ends_that_hold_less_than_a_second_of_speech_are_not_answered(network: Network, voice):
    pause = np.zeros(5 * RATE, np.float32)
    one, other = np.concatenate([voice(6), pause, voice(7, seed=2)]), voice(3.5, seed=3)
    # from 6 s on nobody speaks, from 11 s on somebody does: 9 to 12 s hold less than a second of it
    windows = seconds(one, (0, 3), (3, 6), (12, 15), (15, 18)) + seconds(other, (0, 3))
    assert_leaning_of(enrol(network, one, other), network, windows)


def test_features_are_learned_as_without_a_leaning(network: Network, voice):
    plain = Enrolment(network.bundle.manifest.front_end)
    for recording in (recordings := (voice(9.3), voice(7, seed=1))):
        plain.accept(recording)
        plain.end_recording()
    profile, expected = enrol(network, *recordings), plain.profile()
    assert (profile.heard.frames, profile.speech_s) == (expected.heard.frames, expected.speech_s)
    np.testing.assert_array_equal(profile.heard.total, expected.heard.total)
    assert expected.leaning is None and expected.model is None


def test_too_few_answers_make_no_profile(network: Network, voice):
    message = rf"4 answers are too few .*, {LEAST_ANSWERS} are needed.*nothing was stored"
    with pytest.raises(ProfileError, match=message):
        enrol(network, *[voice(3.9, seed=number) for number in range(4)])
    with pytest.raises(ProfileError, match="10 s are needed"):
        enrol(network, voice(5))
