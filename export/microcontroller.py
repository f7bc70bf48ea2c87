"""The int8 model in TensorFlow Lite Micro's own interpreter: does a microcontroller run it, and in how much memory?"""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sernet.runtime.errors import SernetError


class MicroUnavailableError(SernetError):
    """tflite-micro has no package for this machine, or it is not installed."""


class MicroInterpreter:
    """`tflite-micro`'s interpreter around one int8 model.

    Args:
        model: content of a .tflite file.
        arena_bytes: memory that it may use; None: ten times the model, as the package has it.

    Raises:
        MicroUnavailableError: the package is missing.
        SernetError: it refuses the model.
    """

    def __init__(self, model: bytes, *, arena_bytes: int | None = None) -> None:
        try:
            from tflite_micro import runtime
        except ImportError:
            raise MicroUnavailableError(
                "tflite-micro is not installed (pip install 'sernet[export]'; Linux on x86-64 only)"
            ) from None
        with _captured_stderr() as log:
            try:
                self._interpreter: Any = runtime.Interpreter.from_bytes(model, arena_size=arena_bytes)
            except RuntimeError:
                refusal = True
            else:
                refusal = False
        if refusal:
            raise SernetError(f"TensorFlow Lite Micro refuses the model: {log.last_line}")

    def run(self, inputs: np.ndarray) -> np.ndarray:
        """The output tensor, (classes,), int8, for features (frames, feature_count), int8."""
        self._interpreter.set_input(inputs[None, ..., None], 0)
        self._interpreter.invoke()
        return self._interpreter.get_output(0)[0]

    @property
    def arena_bytes(self) -> int:
        """RAM that its tensors and its records take."""
        with _captured_stderr() as log:
            self._interpreter.print_allocations()
        match = re.search(r"Arena allocation total (\d+) bytes", log.text)
        assert match, f"tflite-micro no longer reports its arena as expected: {log.text!r}"
        return int(match[1])


@dataclass
class _Log:
    text: str = field(default="")

    @property
    def last_line(self) -> str:
        lines = self.text.strip().splitlines()
        return lines[-1] if lines else "no reason given"


@contextlib.contextmanager
def _captured_stderr() -> Iterator[_Log]:
    """What is written to file descriptor 2 while the block runs: the interpreter's log comes from C++."""
    log = _Log()
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield log
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            file.seek(0)
            log.text = file.read().decode(errors="replace")
