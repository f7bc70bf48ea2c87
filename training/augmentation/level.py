"""How loud a waveform is, and how to change that.

Waveforms of this package are float32 arrays of shape (samples,) at `SAMPLE_RATE`; every function returns a new one, or
the one it was given where nothing changes. Full scale is 1, but sums may exceed it: only the telephone clips.
"""

import math

import numpy as np

from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import check_waveform

SAMPLE_RATE = 16_000
"""Samples per second of every waveform here."""
FRAME = 320
"""Samples over which a level is measured: 20 ms."""
ACTIVE_RANGE_DB = 30.0
"""Speech is active in frames no further than this below its loud ones."""


def active_power(waveform: np.ndarray) -> float:
    """Mean power of the active frames: the level of speech without its pauses, as ITU-T P.56 means it.

    Frames of 20 ms count when their power is within 30 dB of the 95th percentile over all frames that are not digital
    silence. So padding with zeros does not change the level. P.56 itself tracks an envelope with a hangover of 200 ms.

    Returns:
        Power in squared full scale, 0 for a silent or empty waveform.
    """
    waveform = check_waveform(waveform)
    starts = np.arange(0, len(waveform), FRAME)
    if not len(starts):
        return 0.0
    energies = np.add.reduceat(np.square(waveform, dtype=np.float64), starts)
    lengths = np.minimum(FRAME, len(waveform) - starts)
    sounding = energies > 0
    if not sounding.any():
        return 0.0
    energies, lengths = energies[sounding], lengths[sounding]
    powers = energies / lengths
    active = powers >= np.percentile(powers, 95) * 10 ** (-ACTIVE_RANGE_DB / 10)
    return float(energies[active].sum() / lengths[active].sum())


def apply_gain(waveform: np.ndarray, gain_db: float) -> np.ndarray:
    """The waveform `gain_db` decibels louder; raises SernetError when that is no finite number."""
    return check_waveform(waveform) * np.float32(10 ** (require_finite(gain_db, "a gain in dB") / 20))


def peak_normalised(waveform: np.ndarray) -> np.ndarray:
    """The waveform with its largest sample at full scale; itself when silent."""
    waveform = check_waveform(waveform)
    peak = np.abs(waveform).max(initial=0.0)
    return waveform / peak if peak > 0 else waveform


def require_finite(value: float, what: str) -> float:
    """The value; raises SernetError when it is NaN or infinite."""
    if not math.isfinite(value):
        raise SernetError(f"{what} must be a finite number, not {value}")
    return value
