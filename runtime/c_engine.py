"""The C engine of `firmware_example`, built as a shared library with one model in it, called from Python.

It needs no interpreter and no LiteRT. How to build the library stands in `firmware_example/README.md`.
"""

import ctypes
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sernet.runtime.errors import SernetError
from sernet.runtime.recognizer import UNCERTAIN

_FEATURES, _CLASSES, _NET_WORDS, _STREAM_WORDS, _SAMPLE_RATE = range(5)  # sernet_number_t of library.h
_UNCERTAIN = -1


class CEngine:
    """One stream through the engine: of feature rows, or of samples.

    Args:
        library: a shared library of engine and model.

    Raises:
        SernetError: it cannot be loaded, or is not one of the engine.
    """

    def __init__(self, library: Path) -> None:
        try:
            self._library = ctypes.CDLL(str(Path(library).resolve()))
            self._library.sernet_label.restype = ctypes.c_char_p
            self._library.sernet_checksum.restype = ctypes.c_uint32
            words = max(self._number(_NET_WORDS), self._number(_STREAM_WORDS))
        except (OSError, AttributeError) as error:
            raise SernetError(f"{library} is not a library of the C engine: {error}") from None
        self.labels: tuple[str, ...] = tuple(
            self._library.sernet_label(label).decode() for label in range(self._number(_CLASSES))
        )
        """Classes in output order."""
        self.sample_rate = self._number(_SAMPLE_RATE)
        """Of the samples it takes; 0 when the model has no front end."""
        self.state_bytes = 4 * words
        """Memory of the stream, scratch included."""
        self._memory = np.zeros(words, np.uint32)
        self.reset()

    @property
    def feature_count(self) -> int:
        """Features per row."""
        return self._number(_FEATURES)

    @property
    def checksum(self) -> int:
        """CRC-32 of the .tflite file that the model was made of."""
        return self._library.sernet_checksum()

    def reset(self) -> None:
        """Begin a clip."""
        (self._library.sernet_stream_reset if self.sample_rate else self._library.sernet_net_reset)(self._at)

    def push_features(self, rows: np.ndarray) -> int:
        """Take rows (any, feature_count), int8; returns how many rows of the last feature map they completed."""
        rows = np.ascontiguousarray(rows, np.int8)
        if rows.ndim != 2 or rows.shape[1] != self.feature_count:
            raise SernetError(f"rows of shape {rows.shape} are not (any, {self.feature_count})")
        return self._library.sernet_net_push(self._at, _pointer(rows), len(rows))

    def push_samples(self, samples: np.ndarray) -> int:
        """Take samples (any,), int16; returns as `push_features` does."""
        if not self.sample_rate:
            raise SernetError("the model has no front end: give features")
        samples = np.ascontiguousarray(samples, np.int16)
        return self._library.sernet_stream_push(self._at, _pointer(samples), len(samples))

    def logits(self) -> np.ndarray:
        """Logits of what has been computed so far, (classes,), int8; raises SernetError before there is anything."""
        return self._answer(self._library.sernet_net_logits)

    def finish(self) -> np.ndarray:
        """End the clip; the network's probabilities, (classes,), int8 in steps of 1/256 from -128 on.

        Raises:
            SernetError: the clip was shorter than a frame.
        """
        finish = self._library.sernet_stream_finish if self.sample_rate else self._library.sernet_net_finish
        return self._answer(finish)

    def decide(self, probabilities: np.ndarray) -> tuple[str, np.ndarray]:
        """The label of the network's probabilities, or `UNCERTAIN`, and the calibrated ones, (classes,), float."""
        calibrated = np.zeros(len(self.labels), np.uint16)
        label = self._library.sernet_label_of(
            _pointer(np.ascontiguousarray(probabilities, np.int8)), _pointer(calibrated)
        )
        return UNCERTAIN if label == _UNCERTAIN else self.labels[label], calibrated / 65536

    @property
    def state(self) -> np.ndarray:
        """All that the stream knows: a copy to go on from later."""
        return self._memory.copy()

    @state.setter
    def state(self, state: np.ndarray) -> None:
        self._memory[:] = state

    @property
    def _at(self) -> ctypes.c_void_p:
        return _pointer(self._memory)

    def _number(self, which: int) -> int:
        return int(self._library.sernet_number(which))

    def _answer(self, function: Callable[..., int]) -> np.ndarray:
        answer = np.zeros(len(self.labels), np.int8)
        if function(self._at, _pointer(answer)) != 0:
            raise SernetError("the clip is too short for an answer: give at least one frame")
        return answer


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
