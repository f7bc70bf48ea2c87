"""The TensorFlow Lite interpreter, from whichever package the device has."""

import contextlib
import importlib
import os
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from sernet.runtime.errors import SernetError

PACKAGES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter", "tensorflow.lite")
"""In order of preference: LiteRT, its predecessor (32-bit Pi), and TensorFlow itself last."""


def open_interpreter(model: bytes, *, threads: int = 1, reference_kernels: bool = False) -> Any:
    """An interpreter with its tensors allocated.

    Args:
        model: content of a .tflite file.
        threads: threads for one inference.
        reference_kernels: take TensorFlow Lite's reference kernels, whose integers a microcontroller repeats exactly.

    Raises:
        SernetError: no interpreter is installed, or the model cannot be opened.
    """
    module = _interpreter_module()
    options: dict[str, Any] = {"num_threads": threads}
    if reference_kernels:
        resolver = getattr(module, "OpResolverType", None) or module.experimental.OpResolverType
        options["experimental_op_resolver_type"] = resolver.BUILTIN_REF
    with quiet_native_log():
        try:
            interpreter = module.Interpreter(model_content=model, **options)
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise SernetError(f"{module.__name__} cannot open the model: {str(error).splitlines()[0]}") from None
    return interpreter


def interpreter_package() -> str:
    """Name of the package that the interpreter comes from, for example ``ai_edge_litert``."""
    return _interpreter_module().__name__.removesuffix(".interpreter")


def quantise(values: np.ndarray, tensor: dict[str, Any]) -> np.ndarray:
    """Real values as the tensor holds them: q = round(x / scale) + zero point, limited to its type; floats as is."""
    if not np.issubdtype(tensor["dtype"], np.integer):
        return values.astype(tensor["dtype"])
    scale, zero_point = tensor["quantization"]
    limits = np.iinfo(tensor["dtype"])
    return np.clip(np.round(values / scale) + zero_point, limits.min, limits.max).astype(tensor["dtype"])


def dequantise(values: np.ndarray, tensor: dict[str, Any]) -> np.ndarray:
    """The opposite of `quantise`, as float32."""
    if not np.issubdtype(tensor["dtype"], np.integer):
        return values.astype(np.float32)
    scale, zero_point = tensor["quantization"]
    return (values.astype(np.float32) - zero_point) * np.float32(scale)


def _interpreter_module() -> Any:
    for name in PACKAGES:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise SernetError("no TensorFlow Lite interpreter is installed: pip install ai-edge-litert")


# Two threads that turn the descriptor away at once would take each other's /dev/null for the real one.
_TURNING_AWAY = threading.RLock()


@contextlib.contextmanager
def quiet_native_log() -> Iterator[None]:
    """Keep the interpreter's C++ greeting ("Created TensorFlow Lite XNNPACK delegate ...") off the terminal.

    It is written straight to file descriptor 2, so that descriptor itself is turned away for a moment.
    """
    with _TURNING_AWAY:
        try:
            saved = os.dup(2)
        except OSError:  # there is no standard error to keep quiet
            yield
            return
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
