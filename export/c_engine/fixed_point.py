"""Real factors as the integers that TensorFlow Lite multiplies by, so that every platform rounds alike.

Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference" (CVPR
2018), section 2.2, and TensorFlow Lite's reference kernels.
"""

import math


def quantised_multiplier(factor: float) -> tuple[int, int]:
    """`factor` as multiplier * 2^(shift - 31), the multiplier in [2^30, 2^31), or (0, 0) where it is next to nothing.

    Raises:
        ValueError: the factor is below 0, or so large that the shift would exceed 30.
    """
    if not (math.isfinite(factor) and factor >= 0):
        raise ValueError(f"a factor of {factor:g} cannot be multiplied by")
    mantissa, shift = math.frexp(factor)
    multiplier = math.floor(mantissa * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    if shift < -31:
        return 0, 0
    if shift > 30:
        raise ValueError(f"a factor of {factor:g} is too large for 32-bit integers")
    return multiplier, shift
