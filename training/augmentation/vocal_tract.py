"""Another length of the vocal tract: the mel bands over a warped frequency axis."""

import numpy as np

from sernet.runtime.errors import SernetError
from sernet.runtime.filter_bank import triangles
from sernet.runtime.front_end import FrontEnd

BREAK_HZ = 4800.0
"""Highest formant frequency of interest; above it the warp bends back, to meet half the sample rate."""


def warped_frequencies(frequencies: np.ndarray, alpha: float, sample_rate: int) -> np.ndarray:
    """Where the warp takes frequencies in Hz: times `alpha`, and from the break on linearly to half the sample rate.

    Piecewise linear, as in N. Jaitly and G. E. Hinton, "Vocal tract length perturbation (VTLP) improves speech
    recognition", ICML workshop, 2013, with their F_hi of 4800 Hz. 0 Hz and half the sample rate stay in place.
    """
    nyquist = sample_rate / 2
    bend = BREAK_HZ * min(alpha, 1.0)
    slope = (nyquist - bend) / (nyquist - bend / alpha)
    return np.where(frequencies <= bend / alpha, frequencies * alpha, nyquist - slope * (nyquist - frequencies))


def warped_mel_matrix(front_end: FrontEnd, alpha: float) -> np.ndarray:
    """The front end's mel matrix for a voice whose formants all move: the bin at f counts as the one at warp(f).

    Args:
        front_end: gives bins, bands and their range.
        alpha: 0.85 to 1.15 is usual. Above 1 formants rise, as if the vocal tract were shorter; at 1 the matrix equals
            `runtime.filter_bank.mel_matrix` bit for bit.

    Returns:
        (bins, bands), float32; multiply magnitudes (frames, bins) with it. The bin at 0 Hz has no weight.

    Raises:
        SernetError: alpha is out of 0.5 to 2, the front end has no mel bands, or its band ends below the break.
    """
    if not 0.5 <= alpha <= 2.0:
        raise SernetError(f"a vocal tract's warp must lie between 0.5 and 2, not {alpha}")
    if front_end.input_type == "spectrogram":
        raise SernetError("a spectrogram has no mel bands to warp: use mfcc or mel_spectrogram")
    if front_end.sample_rate / 2 <= BREAK_HZ:
        raise SernetError(f"a warp needs a sample rate above {2 * BREAK_HZ:g} Hz, not {front_end.sample_rate}")
    bins = np.linspace(0.0, front_end.sample_rate / 2.0, front_end.frame_length // 2 + 1)
    warped = warped_frequencies(bins, alpha, front_end.sample_rate)
    return triangles(warped, front_end.mel_bins, front_end.low_hz, front_end.high_hz)
