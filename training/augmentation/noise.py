"""Noise of a colour at a signal-to-noise ratio."""

import numpy as np
from scipy.fft import next_fast_len

from sernet.runtime.front_end import check_waveform
from sernet.training.augmentation.level import SAMPLE_RATE, active_power, require_finite

WHITE, PINK, BROWN = 0.0, 1.0, 2.0
"""Slopes: the power spectrum falls by 0, 3 and 6 dB per octave."""
LOWEST_HZ = 50.0
"""The spectrum is flat below: else a brown noise would be a rumble that no microphone picks up and no mel band sees."""


def coloured_noise(samples: int, slope: float, generator: np.random.Generator) -> np.ndarray:
    """Gaussian noise whose power spectrum falls as 1 / frequency^slope above 50 Hz, with no mean: (samples,), float64.

    White noise is shaped in the frequency domain, over a second at least; its power is not normalised.
    """
    size = next_fast_len(max(samples, SAMPLE_RATE), real=True)
    spectrum = np.fft.rfft(generator.standard_normal(size))
    frequencies = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    spectrum *= np.maximum(frequencies, LOWEST_HZ) ** (-slope / 2)
    spectrum[0] = 0.0
    return np.fft.irfft(spectrum, size)[:samples]


def add_noise(waveform: np.ndarray, snr_db: float, generator: np.random.Generator, slope: float = PINK) -> np.ndarray:
    """The waveform with noise in it from its first sample to its last.

    Args:
        waveform: (samples,), float.
        snr_db: power of the active speech (`active_power`, which leaves out pauses) over the power of this very noise
            (its mean over the clip), in dB.
        slope: exponent of the noise's power spectrum: 0 white, 1 pink, 2 brown.

    Returns:
        (samples,), float32; the waveform unchanged when it is silent. It may exceed full scale.

    Raises:
        SernetError: `waveform` is none, or a number is not finite.
    """
    waveform = check_waveform(waveform)
    require_finite(snr_db, "a signal-to-noise ratio in dB")
    require_finite(slope, "a noise's slope")
    power = active_power(waveform)
    if power == 0:
        return waveform
    noise = coloured_noise(len(waveform), slope, generator)
    noise *= np.sqrt(power / np.mean(np.square(noise))) * 10 ** (-snr_db / 20)
    return (waveform + noise).astype(np.float32)
