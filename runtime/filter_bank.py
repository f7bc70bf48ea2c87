"""The fixed arrays of the front end: window, mel bands and cosine transform."""

import numpy as np


def hann_window(length: int) -> np.ndarray:
    """Periodic Hann window, (length,), float32."""
    return (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)).astype(np.float32)


def mel(frequency_hz: np.ndarray | float) -> np.ndarray | float:
    """Frequency on the HTK mel scale: 1127 ln(1 + f / 700) (Young et al., The HTK Book)."""
    return 1127.0 * np.log1p(np.asarray(frequency_hz, np.float64) / 700.0)


def mel_matrix(bands: int, bins: int, sample_rate: int, low_hz: float, high_hz: float) -> np.ndarray:
    """Triangular bands that are linear in mel, as `tf.signal.linear_to_mel_weight_matrix` defines them.

    Args:
        bands: triangles, equally spaced in mel between `low_hz` and `high_hz`.
        bins: bins of the magnitude spectrum, from 0 Hz to half the sample rate.

    Returns:
        (bins, bands), float32; multiply magnitudes (frames, bins) with it. The bin at 0 Hz has no weight.
    """
    return triangles(np.linspace(0.0, sample_rate / 2.0, bins), bands, low_hz, high_hz)


def triangles(frequencies_hz: np.ndarray, bands: int, low_hz: float, high_hz: float) -> np.ndarray:
    """Weights of frequencies (bins,) in each band, (bins, bands), float32; see `mel_matrix`. The first has none."""
    bin_mels = np.asarray(mel(frequencies_hz))[:, None]
    edges = np.linspace(mel(low_hz), mel(high_hz), bands + 2)
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    rising = (bin_mels - lower) / (centre - lower)
    falling = (upper - bin_mels) / (upper - centre)
    weights = np.maximum(0.0, np.minimum(rising, falling))
    weights[0] = 0.0
    return weights.astype(np.float32)


def dct_matrix(bands: int, coefficients: int) -> np.ndarray:
    """DCT-II times 2 / sqrt(2 * bands), as `tf.signal.mfccs_from_log_mel_spectrograms` scales it.

    That is the orthonormal transform except for the first coefficient, which is sqrt(2) larger.

    Returns:
        (bands, coefficients), float32; multiply log bands (frames, bands) with it.
    """
    band = np.arange(bands)[:, None]
    coefficient = np.arange(coefficients)[None, :]
    basis = np.cos(np.pi / bands * (band + 0.5) * coefficient)
    return (basis * 2.0 / np.sqrt(2.0 * bands)).astype(np.float32)
