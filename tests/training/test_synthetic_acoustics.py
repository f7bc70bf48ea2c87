"""The signal processing, against signals whose answer is known."""

import numpy as np
import pytest
from scipy import signal

from sernet.training.synthetic.acoustics import breathy, noise, rms, room, tilted, trim, unsteady

SAMPLE_RATE = 16_000


def tone(frequency: float, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE)


@pytest.mark.parametrize(("frequency", "octaves"), [(250, -2), (1000, 0), (4000, 2)])
def test_the_tilt_is_so_many_decibels_per_octave_around_1_khz(frequency: float, octaves: int) -> None:
    middle = slice(2000, -2000)  # away from the ends, where a cut tone is more than a tone
    gain = 20 * np.log10(rms(tilted(tone(frequency), SAMPLE_RATE, 3.0)[middle]) / rms(tone(frequency)[middle]))
    assert gain == pytest.approx(3.0 * octaves, abs=0.05)


def test_no_tilt_changes_nothing() -> None:
    waveform = noise(5003, np.random.default_rng(0))
    assert np.allclose(tilted(waveform, SAMPLE_RATE, 0.0), waveform)


@pytest.mark.parametrize("reverberation", [0.2, 0.5])
def test_a_room_decays_by_60_db_in_its_reverberation_time(reverberation: float) -> None:
    response = room(SAMPLE_RATE, reverberation, 0.1, np.random.default_rng(1))
    left = 10 * np.log10(np.cumsum(response[:0:-1] ** 2)[::-1])  # Schroeder's backward integration
    time = np.arange(left.size) / SAMPLE_RATE
    early = time < reverberation / 2
    slope = np.polyfit(time[early], left[early], 1)[0]
    assert -60 / slope == pytest.approx(reverberation, rel=0.1)


def test_the_echoes_carry_the_energy_asked_for() -> None:
    response = room(SAMPLE_RATE, 0.3, 0.2, np.random.default_rng(2))
    assert response[0] == 1
    assert np.sum(response[1:] ** 2) == pytest.approx(0.2, rel=0.01)


def test_tremor_moves_the_pitch_by_its_depth_at_5_to_8_hz() -> None:
    shaken = unsteady(tone(200, 2.0), SAMPLE_RATE, tremor=0.5, drift=0.0, rng=np.random.default_rng(3))
    phase = np.unwrap(np.angle(np.asarray(signal.hilbert(shaken))))[4000:-4000]
    semitones = 12 * np.log2(np.diff(phase) * SAMPLE_RATE / (2 * np.pi) / 200)
    assert np.percentile(semitones, 99) == pytest.approx(0.5, abs=0.03)
    assert np.percentile(semitones, 1) == pytest.approx(-0.5, abs=0.03)
    spectrum = np.abs(np.fft.rfft(semitones - semitones.mean()))
    assert 4.5 <= np.argmax(spectrum) * SAMPLE_RATE / semitones.size <= 8.5


def test_a_voice_without_tremor_and_drift_stays_as_it_is() -> None:
    waveform = tone(300)
    steady = unsteady(waveform, SAMPLE_RATE, 0.0, 0.0, np.random.default_rng(4))
    assert waveform.size - steady.size <= 2
    assert np.allclose(steady, waveform[1 : steady.size + 1], atol=1e-6)


def test_breath_is_noise_above_1500_hz_where_there_is_a_voice() -> None:
    voice = np.concatenate([tone(200), np.zeros(SAMPLE_RATE)])
    hiss = breathy(voice, SAMPLE_RATE, 0.1, np.random.default_rng(5)) - voice
    assert rms(hiss[:SAMPLE_RATE]) > 0.03
    assert rms(hiss[SAMPLE_RATE + 4000 :]) < 1e-6
    frequencies, power = signal.welch(hiss[:SAMPLE_RATE], SAMPLE_RATE, nperseg=1024)
    assert power[frequencies > 2500].mean() > 30 * power[frequencies < 500].mean()


def test_trimming_keeps_all_but_the_silence_at_both_ends() -> None:
    voice = tone(200, 0.1)[1:]
    padded = np.concatenate([np.zeros(100), voice, np.zeros(50), voice, np.zeros(100)])
    assert abs(trim(padded).size - (2 * voice.size + 50)) <= 2
    assert trim(np.zeros(10)).size == 0
