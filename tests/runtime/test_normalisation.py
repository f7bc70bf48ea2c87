"""Running normalisation: the posterior mean in closed form, pauses left out, a shifted speaker learned."""

import dataclasses
import json
from typing import Literal

import numpy as np
import pytest

from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import FrontEnd
from sernet.runtime.normalisation import Heard, Normalisation, speech_frames

SIZE = 6
MEAN = tuple(float(value) for value in range(SIZE))
DEVIATION = tuple(0.5 + value for value in range(SIZE))
PLAIN = FrontEnd(input_type="mel_spectrogram", mel_bins=SIZE, coefficients=SIZE)
DB = np.log(10) / 20


def normalising(**changes: float) -> FrontEnd:
    return dataclasses.replace(PLAIN, normalisation=Normalisation(MEAN, DEVIATION, **changes))


def speech(frames: int, seed: int = 0) -> np.ndarray:
    """Log mel bands whose level varies by less than the range of speech."""
    return np.random.default_rng(seed).uniform(-1, 1, (frames, SIZE)).astype(np.float32)


@pytest.mark.parametrize("frames", [1, 20, 500])
@pytest.mark.parametrize("prior", [0.0, 100.0])
def test_the_level_is_the_speech_s_own_and_the_shape_a_mean_of_prior_and_speech(frames: int, prior: float):
    features = speech(frames)
    found = normalising(prior_frames=prior).network_input(features)
    corpus_level, heard_level = sum(MEAN) / SIZE, features.mean(dtype=np.float64)
    for band in range(SIZE):
        heard = features[:, band].mean(dtype=np.float64)
        shape = (prior * (MEAN[band] - corpus_level) + frames * (heard - heard_level)) / (prior + frames)
        expected = (features[:, band] - heard_level - shape) / DEVIATION[band]
        np.testing.assert_allclose(found[:, band], expected, atol=2e-5)


def test_a_profile_counts_like_speech_heard_before_at_the_same_level():
    front_end = normalising()
    earlier, later = speech(80), speech(30, seed=1)
    earlier += later.mean() - earlier.mean()
    both = front_end.network_input(np.concatenate([earlier, later]))[80:]
    np.testing.assert_allclose(front_end.network_input(later, front_end.hear(earlier)), both, atol=1e-6)


def test_a_profile_made_at_another_distance_is_as_good():
    front_end = normalising()
    near, far, clip = speech(80), speech(80) - 3, speech(30, seed=1)
    found, expected = (front_end.network_input(clip, front_end.hear(earlier)) for earlier in (far, near))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_shifted_speaker_looks_like_the_unshifted_one_the_better_he_is_known():
    """The rest of a shift that is no level is prior / (prior + frames) of it."""
    front_end = normalising()
    shift = np.array([3.0, -1.0, 2.0, -0.5, -2.0, -1.5], np.float32)
    window = speech(20, seed=1)
    rests = []
    for known in (0, 100, 1000, 100_000):
        heard = front_end.hear(speech(known))
        shifted = front_end.hear(speech(known) + shift)
        difference = front_end.network_input(window + shift, shifted) - front_end.network_input(window, heard)
        rest = shift / DEVIATION * 100 / (100 + known + 20)
        np.testing.assert_allclose(difference, np.tile(rest, (20, 1)), atol=1e-4)
        rests.append(np.abs(difference).max())
    assert rests[-1] < 0.01 < rests[0]


@pytest.mark.parametrize("input_type", ["mfcc", "mel_spectrogram"])
@pytest.mark.parametrize("known", [False, True])
def test_a_quiet_microphone_makes_no_difference(input_type: Literal["mfcc", "mel_spectrogram"], known: bool, voice):
    front_end = FrontEnd(input_type=input_type, mel_bins=40, clip=1000.0)
    clip, earlier = front_end.features(voice(2, seed=1)), front_end.features(voice(30))
    quiet = front_end.features(voice(2, seed=1) * 0.1)
    statistics = tuple(earlier.mean(axis=0).tolist()), tuple(earlier.std(axis=0).tolist())
    front_end = dataclasses.replace(front_end, normalisation=Normalisation(*statistics))
    profile = front_end.hear(earlier) if known else None
    difference = np.abs(front_end.network_input(quiet, profile) - front_end.network_input(clip, profile)).max()
    assert difference < 2e-3, f"20 dB less move a feature by {difference:.4f} deviations"


def test_a_stream_s_pause_before_any_speech_takes_the_profile_s_level():
    front_end = normalising()
    window, profile = speech(10), front_end.hear(speech(80, seed=1))
    nothing = Heard(0.0, np.zeros(SIZE))
    found = front_end.normalised(window, nothing, profile)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, front_end.normalised(window, profile), atol=1e-6)


def test_a_frame_counts_when_it_is_less_than_the_range_below_the_loudest():
    levels = np.array([0.0] * 20 + [-29.0, -31.0]) * DB
    assert speech_frames(levels, 30.0).tolist() == [True] * 21 + [False]


def test_one_click_does_not_make_speech_a_pause():
    levels = np.array([0.0] * 99 + [60.0]) * DB
    assert speech_frames(levels, 30.0).all()


def test_pauses_are_not_heard():
    features = speech(40)
    features[10:20] -= 50 * DB
    heard = normalising().hear(features)
    assert heard.frames == 30
    np.testing.assert_allclose(heard.total, np.delete(features, np.s_[10:20], axis=0).sum(axis=0), rtol=1e-5)


def test_nothing_heard_is_the_corpus():
    front_end = normalising()
    empty = np.zeros((0, SIZE), np.float32)
    assert front_end.hear(empty).frames == 0 and front_end.network_input(empty).shape == (0, SIZE)


def test_fading_keeps_the_mean():
    heard = Heard(400.0, np.array([800.0, -40.0]))
    faded = heard.faded(100.0)
    assert (faded.frames, faded.total.tolist()) == (100.0, [200.0, -10.0])
    assert heard.faded(400.0) is heard


def test_a_front_end_that_does_not_normalise_leaves_features_alone():
    features = speech(5)
    assert PLAIN.network_input(features) is features
    assert PLAIN.hear(features).frames == 0


def test_it_survives_json():
    front_end = normalising(prior_frames=50.0)
    assert FrontEnd.from_json(json.loads(json.dumps(front_end.to_json()))) == front_end


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"mean": [1.0]}, "1 means and 0 deviations"),
        ({"mean": [1.0], "deviation": [0.0]}, "a deviation above 0"),
        ({"mean": [float("nan")], "deviation": [1.0]}, "must be finite"),
        ({"mean": [1.0], "deviation": [float("nan")]}, "must be finite"),
        ({"mean": "soon", "deviation": [1.0]}, "no list of numbers"),
        ({"mean": [[1.0]], "deviation": [1.0]}, "no list of numbers"),
        ({"mean": 5, "deviation": [1.0]}, "no list of numbers"),
        ({"prior_frames": -1.0}, "prior frames must be 0 or more"),
        ({"prior_frames": float("nan")}, "prior frames must be 0 or more"),
        ({"speech_range_db": 0.0}, "range of speech above 0"),
        ({"speech_range_db": "wide"}, "not of type float"),
        ({"colour": 1}, "does not know: colour"),
    ],
)
def test_numbers_that_cannot_be_are_refused(values: dict, message: str):
    with pytest.raises(SernetError, match=message):
        Normalisation.from_json(values)


def test_means_of_another_number_of_features_are_refused():
    with pytest.raises(SernetError, match="6 means do not normalise 128 features"):
        FrontEnd(input_type="mel_spectrogram", normalisation=Normalisation(MEAN, DEVIATION))


def test_a_spectrogram_is_not_normalised():
    with pytest.raises(SernetError, match="not for a spectrogram"):
        FrontEnd(input_type="spectrogram", normalisation=Normalisation())


def test_levelling_whole_clips_and_normalising_do_not_go_together():
    with pytest.raises(SernetError, match="needs no level_percentile"):
        FrontEnd(level_percentile=99.9, normalisation=Normalisation())


@pytest.mark.parametrize("input_type", ["mfcc", "mel_spectrogram"])
def test_a_gain_moves_features_along_its_direction(input_type: Literal["mfcc", "mel_spectrogram"], voice):
    front_end = FrontEnd(input_type=input_type, clip=1000.0, log_offset=1e-12, normalisation=Normalisation())
    quiet, loud = front_end.features(voice(1) * 0.1), front_end.features(voice(1))
    np.testing.assert_allclose(loud - quiet, np.tile(np.log(10) * front_end.gain_direction, (len(loud), 1)), atol=2e-3)
    np.testing.assert_allclose(front_end.levels(loud) - front_end.levels(quiet), np.log(10), atol=1e-3)
