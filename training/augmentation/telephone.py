"""A telephone call of the fixed network: its band and its code."""

import numpy as np
import soxr
from scipy import signal

from sernet.runtime.front_end import check_waveform
from sernet.training.augmentation.level import SAMPLE_RATE

LINE_RATE = 8_000
"""Samples per second of the line."""
BAND_HZ = (300.0, 3400.0)
"""What a telephone channel carries (ITU-T G.712)."""
_FILTER = signal.ellip(6, 0.5, 50, BAND_HZ, "bandpass", fs=LINE_RATE, output="sos")

_BIAS, _LARGEST = 132, 32635  # of the code, for samples of 16 bit


def telephone(waveform: np.ndarray) -> np.ndarray:
    """The waveform as the other end of the line hears it: 300 to 3400 Hz, 8 kHz, 8 bit of G.711 mu-law.

    The band is cut before the code and again after it, so the code's own noise stays in the band as well. What exceeds
    full scale is clipped, as the code does.

    Args:
        waveform: (samples,), float in [-1, 1].

    Returns:
        (samples,), float32, at the rate it came with. Raises WaveformError when `waveform` is none.
    """
    waveform = check_waveform(waveform)
    if not len(waveform):
        return waveform
    line = signal.sosfilt(_FILTER, soxr.resample(waveform, SAMPLE_RATE, LINE_RATE, quality="HQ"))
    pcm = np.rint(np.clip(line * 32768, -32768, 32767)).astype(np.int32)
    heard = signal.sosfilt(_FILTER, mu_law(pcm) / 32768).astype(np.float32)
    heard = soxr.resample(heard, LINE_RATE, SAMPLE_RATE, quality="HQ")
    return np.pad(heard, (0, max(0, len(waveform) - len(heard))))[: len(waveform)]


def mu_law(pcm: np.ndarray) -> np.ndarray:
    """Samples of 16 bit after coding to 8 bit and decoding (ITU-T G.711): int32 in, int32 out, of any shape.

    The code keeps a sign, the position of the leading bit (the segment, 8 of them) and the four bits that follow it.
    """
    magnitude = np.minimum(np.abs(pcm), _LARGEST) + _BIAS
    segment = np.frexp(magnitude)[1] - 8
    mantissa = (magnitude >> (segment + 3)) & 15
    decoded = ((mantissa * 8 + _BIAS) << segment) - _BIAS
    return np.where(pcm < 0, -decoded, decoded)
