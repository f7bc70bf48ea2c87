"""How loud samples are."""

import math

import numpy as np

SILENCE_DBFS = -120.0


def level_dbfs(samples: np.ndarray) -> float:
    """Root mean square in dB relative to full scale 1: a square wave of full scale has 0 dB, a sine -3 dB.

    Not below `SILENCE_DBFS`, so that silence is a number too.
    """
    wide = samples.astype(np.float64)
    return power_dbfs(float(wide @ wide) / max(1, len(wide)))


def power_dbfs(power: float) -> float:
    """A mean square in dB, as `level_dbfs`."""
    return 10 * math.log10(max(power, 10 ** (SILENCE_DBFS / 10)))
