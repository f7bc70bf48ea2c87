"""The telephone, against libsndfile's mu-law and spectra of noise."""

import io

import numpy as np
import pytest
import soundfile
from scipy import signal

from sernet.runtime.front_end import WaveformError
from sernet.training.augmentation.level import SAMPLE_RATE
from sernet.training.augmentation.telephone import mu_law, telephone


def test_every_sample_is_coded_as_libsndfile_codes_it():
    pcm = np.arange(-32768, 32768)
    file = io.BytesIO()
    soundfile.write(file, pcm.astype(np.int16), 8000, subtype="ULAW", format="WAV")
    file.seek(0)
    theirs, _ = soundfile.read(file, dtype="int16")
    np.testing.assert_array_equal(mu_law(pcm), theirs)


@pytest.mark.parametrize("level_db", [-30.0, -20.0, -12.0])
def test_the_code_keeps_38_db_above_its_noise_at_any_level(level_db: float):
    pcm = np.rint(32768 * 10 ** (level_db / 20) * np.random.default_rng(0).standard_normal(20000)).astype(np.int64)
    pcm = np.clip(pcm, -32635, 32635)
    snr = 10 * np.log10(np.mean(pcm**2) / np.mean((mu_law(pcm) - pcm) ** 2))
    assert snr == pytest.approx(6.02 * 8 + 4.77 - 20 * np.log10(np.log(256)), abs=1.5)  # Jayant and Noll, 1984: 38.1 dB


def test_only_300_to_3400_hz_come_through():
    noise = (0.1 * np.random.default_rng(1).standard_normal(20 * SAMPLE_RATE)).astype(np.float32)
    heard = telephone(noise)
    frequencies, after = signal.welch(heard, SAMPLE_RATE, nperseg=4096)
    _, before = signal.welch(noise, SAMPLE_RATE, nperseg=4096)
    gain = 10 * np.log10(after / before)
    inside = gain[(frequencies > 350) & (frequencies < 3300)]
    outside = gain[((frequencies > 20) & (frequencies < 200)) | (frequencies > 3700)]
    assert np.abs(inside).max() < 2.0, f"band gain from {inside.min():.1f} to {inside.max():.1f} dB, tolerance 2 dB"
    assert outside.max() < -40.0, f"{outside.max():.1f} dB outside the band"


@pytest.mark.parametrize("samples", [0, 1, 5, 999, 16001])
def test_a_clip_of_any_length_keeps_it(samples: int):
    heard = telephone(np.random.default_rng(2).uniform(-1, 1, samples))
    assert heard.shape == (samples,) and heard.dtype == np.float32 and np.isfinite(heard).all()


def test_the_line_is_quiet_when_nobody_speaks_and_clips_what_exceeds_full_scale():
    assert not telephone(np.zeros(1000, np.float32)).any()
    tone = np.sin(2 * np.pi * 500 * np.arange(8000) / SAMPLE_RATE).astype(np.float32)
    assert np.abs(telephone(10 * tone)).max() < 2.0
    with pytest.raises(WaveformError, match="sample 0"):
        telephone(np.array([np.nan, 0.0]))
