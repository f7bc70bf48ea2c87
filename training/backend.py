"""TensorFlow and Keras: imported without their greetings, and what the processor lets them do."""

import os
from pathlib import Path

from sernet.runtime.interpreter import quiet_native_log
from sernet.training.config import Precision


def import_quietly() -> None:
    """Import Keras and its backend; their C++ libraries greet on stderr, and a user has nothing to do about it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_native_log():
        import keras  # noqa: F401


def trained_precision(precision: Precision) -> Precision:
    """The arithmetic that a setting means here: ``auto`` is bfloat16 where the processor multiplies it itself.

    That is AVX-512 BF16 or AMX; a processor that cannot say takes float32.
    """
    if precision != "auto":
        return precision
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return "float32"
    return "bfloat16" if "avx512_bf16" in flags or "amx_bf16" in flags else "float32"
