"""MFCC front ends of other packages, set to the numbers of ours as far as each can be: one a file.

Each module has `PACKAGES`, the names that pip knows it by, of which one is installed, and `batch(front_end)`: what
turns a waveform (samples,) into features (frames, coefficients) as `FrontEnd.features` does. What streams has
`streaming(front_end, packet)` too: it takes the waveform in packets of so many samples.
"""

from collections.abc import Callable

import numpy as np

Features = Callable[[np.ndarray], np.ndarray]
"""From (samples,), float32 in [-1, 1], to (frames, coefficients)."""
