"""How loud samples are."""

import numpy as np

SILENCE_DBFS = -120.0


def level_dbfs(samples: np.ndarray) -> float:
    """Root mean square in dB relative to full scale 1: a square wave of full scale has 0 dB, a sine -3 dB.

    Not below `SILENCE_DBFS`, so that silence is a number too.
    """
    return power_dbfs(float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0)


def power_dbfs(power: float) -> float:
    """A mean square in dB, as `level_dbfs`."""
    return 10 * float(np.log10(max(power, 10 ** (SILENCE_DBFS / 10))))
