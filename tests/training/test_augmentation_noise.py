"""Levels and noise, against signals whose power is known in closed form."""

from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from sernet.runtime.audio_file import read_audio
from sernet.runtime.errors import SernetError
from sernet.training.augmentation.level import FRAME, SAMPLE_RATE, active_power, apply_gain, peak_normalised
from sernet.training.augmentation.noise import add_noise, coloured_noise


def tone(amplitude: float = 0.5, seconds: float = 1.0) -> np.ndarray:
    """A sine of 50 periods in each frame of 20 ms, so that every frame has its power: amplitude^2 / 2."""
    return (amplitude * np.sin(2 * np.pi * 2500 * np.arange(seconds * SAMPLE_RATE) / SAMPLE_RATE)).astype(np.float32)


def test_the_level_of_a_tone_is_half_its_squared_amplitude_whatever_pauses_it_has():
    speech = tone(0.5)
    pause = np.zeros(3 * SAMPLE_RATE, np.float32)
    breath = 1e-3 * tone(0.5, 3.0)
    for waveform in (speech, np.concatenate([pause, speech, pause]), np.concatenate([breath[:8000], speech, pause])):
        assert active_power(waveform) == pytest.approx(0.125, rel=1e-4)


def test_softer_speech_within_30_db_counts_and_what_is_softer_does_not():
    assert active_power(np.concatenate([tone(0.5), tone(0.05)])) == pytest.approx((0.125 + 0.00125) / 2, rel=1e-4)
    assert active_power(np.concatenate([tone(0.5), tone(0.01)])) == pytest.approx(0.125, rel=1e-4)


@pytest.mark.parametrize("samples", [1, FRAME - 1, FRAME + 1])
def test_a_clip_of_no_whole_number_of_frames_has_a_level(samples: int):
    assert active_power(np.full(samples, 0.5)) == pytest.approx(0.25)


@pytest.mark.parametrize("gain_db", [-30.0, -20.0, 0.0, 6.0])
def test_a_gain_is_so_many_decibels(gain_db: float):
    louder = apply_gain(tone(), gain_db)
    assert louder.dtype == np.float32
    assert 10 * np.log10(np.mean(louder**2) / np.mean(tone() ** 2)) == pytest.approx(gain_db, abs=1e-3)


def test_the_peak_comes_to_full_scale_and_silence_stays():
    assert np.abs(peak_normalised(tone(0.02))).max() == 1.0
    assert not peak_normalised(np.zeros(10, np.float32)).any()
    assert len(peak_normalised(np.empty(0, np.float32))) == 0


@pytest.mark.parametrize("slope", [0.0, 1.0, 2.0])
def test_the_noise_spectrum_falls_by_its_slope(slope: float):
    noise = coloured_noise(30 * SAMPLE_RATE, slope, np.random.default_rng(0))
    frequencies, power = signal.welch(noise, SAMPLE_RATE, nperseg=4096)
    band = (frequencies > 100) & (frequencies < 7500)
    assert np.polyfit(np.log(frequencies[band]), np.log(power[band]), 1)[0] == pytest.approx(-slope, abs=0.05)
    rumble = power[(frequencies > 5) & (frequencies < 30)].mean()
    assert rumble / power[np.searchsorted(frequencies, 50)] < 2.0, "the spectrum must be flat below 50 Hz"


@pytest.mark.parametrize("slope", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("snr_db", [35.0, 5.0, -5.0])
def test_the_noise_stands_so_far_below_the_speech_without_its_pauses(snr_db: float, slope: float):
    speech = np.concatenate([np.zeros(SAMPLE_RATE, np.float32), tone(0.5), np.zeros(SAMPLE_RATE, np.float32)])
    noise = add_noise(speech, snr_db, np.random.default_rng(1), slope) - speech
    assert 10 * np.log10(0.125 / np.mean(noise.astype(np.float64) ** 2)) == pytest.approx(snr_db, abs=0.01)
    assert np.abs(noise[:SAMPLE_RATE]).max() > 0, "noise must fill the pauses as well"


def test_the_level_of_real_speech_is_above_its_mean_and_zeros_do_not_move_it(emodb: Path):
    for path in sorted((emodb / "wav").glob("*.wav"))[::100]:
        speech = read_audio(path)
        padded = np.concatenate([np.zeros(50 * FRAME, np.float32), speech, np.zeros(SAMPLE_RATE, np.float32)])
        assert active_power(padded) == pytest.approx(active_power(speech), rel=0.01), path.name
        assert 1.0 < active_power(speech) / np.mean(speech**2) < 4.0, path.name


def test_the_same_generator_gives_the_same_noise_and_another_one_another():
    first, again, other = (add_noise(tone(), 10.0, np.random.default_rng(seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert first.dtype == np.float32 and np.abs(first - other).max() > 0.01


@pytest.mark.parametrize("samples", [0, 1, 5000])
def test_silence_gets_no_noise(samples: int):
    assert not add_noise(np.zeros(samples, np.float32), 10.0, np.random.default_rng(0)).any()


def test_the_shortest_clip_gets_its_noise():
    noise = add_noise(np.ones(1, np.float32), 10.0, np.random.default_rng(0)) - 1
    assert noise[0] ** 2 == pytest.approx(0.1, rel=1e-3)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused(bad: float):
    generator = np.random.default_rng(0)
    with pytest.raises(SernetError, match="signal-to-noise ratio"):
        add_noise(tone(), bad, generator)
    with pytest.raises(SernetError, match="slope"):
        add_noise(tone(), 10.0, generator, bad)
    with pytest.raises(SernetError, match="gain"):
        apply_gain(tone(), bad)
    with pytest.raises(SernetError, match="sample 3"):
        add_noise(np.array([0, 0, 0, bad]), 10.0, generator)
