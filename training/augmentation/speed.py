"""Another speed of the tape: tempo, pitch and formants together."""

import numpy as np
import soxr

from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import check_waveform
from sernet.training.augmentation.level import SAMPLE_RATE


def change_speed(waveform: np.ndarray, factor: float) -> np.ndarray:
    """The waveform played `factor` times as fast (Ko et al., "Audio augmentation for speech recognition", 2015).

    Args:
        waveform: (samples,), float.
        factor: 1.1 is ten percent faster, shorter and higher; below 1 is slower. Between 0.5 and 2.

    Returns:
        (samples / factor,), float32; resampled with soxr, quality HQ. A slowed one has nothing above 8000 * factor Hz.

    Raises:
        SernetError: `waveform` is none, or the factor is out of its range.
    """
    waveform = check_waveform(waveform)
    if not 0.5 <= factor <= 2.0:
        raise SernetError(f"a speed must lie between 0.5 and 2, not {factor}")
    if factor == 1.0:
        return waveform
    return soxr.resample(waveform, SAMPLE_RATE * factor, SAMPLE_RATE, quality="HQ")
