"""TensorFlow and Keras: imported without their greetings, and what the processor lets them do."""

import os
from pathlib import Path

from sernet.runtime.interpreter import quiet_native_log


def import_quietly() -> None:
    """Import Keras and its backend; their C++ libraries greet on stderr, and a user has nothing to do about it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_native_log():
        import keras  # noqa: F401


def has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 itself (AVX-512 BF16 or AMX); where it cannot say, False."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
