"""A network that streams: each frame is computed once, however long the clip or the window is."""

from collections import deque
from collections.abc import Sequence

import numpy as np

from sernet.runtime.bundle import Bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.interpreter import quantise
from sernet.runtime.network import Network
from sernet.runtime.stream_plan import ANSWER, BLOCK


class StreamingNetwork(Network):
    """The network of a streaming bundle, and its state.

    Verbs: `accept` frames, ask for the probabilities of the `last_window`, `finish`, `reset` for a new clip. From
    `reset` to `finish` it equals the whole-clip network, exactly for full int8 under the reference kernels; so a clip
    can also be given at once, as to any `Network`.

    Args:
        bundle: what `load_bundle` gives, of a streaming model.
        threads: threads for one inference.
        reference_kernels: the kernels whose integers a microcontroller repeats exactly.

    Raises:
        SernetError: the bundle is not one of a streaming model, or the interpreter cannot open it.
    """

    streams = True

    def __init__(self, bundle: Bundle, *, threads: int = 1, reference_kernels: bool = False) -> None:
        plan = bundle.manifest.stream
        if plan is None:
            raise SernetError("the model does not stream: `sernet export --stream` makes one that does")
        self._plan = plan
        super().__init__(bundle, threads=threads, reference_kernels=reference_kernels)
        self.reset()

    def _look_up_tensors(self) -> None:
        plan, interpreter = self._plan, self._interpreter
        inputs = {tensor["name"].removesuffix("_float"): tensor for tensor in interpreter.get_input_details()}
        try:
            *after, self._row, window, self.output_tensor = interpreter.get_output_details()
            self.input_tensor = inputs["features"]
            self._states = [inputs[f"state_{number}"] for number in range(len(plan.states))] + [inputs["window"]]
            self._masks = [(inputs[f"valid_{number}"], rows) for number, rows in enumerate(plan.masks)]
            self._sources = [(inputs[f"source_{number}"], rows) for number, rows in enumerate(plan.sources)]
            shapes = [(1, *plan.window), *((1, rows.count, 1, 1) for _, rows in self._masks)]
            shapes += [(rows.count,) for _, rows in self._sources]
            tensors = [self._states[-1], *(tensor for tensor, _ in self._masks + self._sources)]
            if any(tuple(tensor["shape"]) != shape for tensor, shape in zip(tensors, shapes, strict=True)):
                raise ValueError("other rows")
            if len(after) + 1 != len(self._states) or len(inputs) != 1 + len(self._states) + len(tensors) - 1:
                raise ValueError("another number of states, or an input that nobody gives")
        except (KeyError, ValueError):
            raise SernetError("the model is not the streaming one that it describes: export it again") from None
        self._next = [*after, window]

    def reset(self) -> None:
        """Forget all frames: a new clip begins."""
        for tensor in self._states:
            self._interpreter.set_tensor(tensor["index"], quantise(np.zeros(tensor["shape"], np.float32), tensor))
        count = self.bundle.manifest.front_end.feature_count
        self._waiting = np.empty((0, count), self.input_tensor["dtype"])  # frames of the next block
        self._accepted = 0  # frames
        self._block = 0  # number of the next one
        self._steady = False  # whether the last block lay wholly inside the clip, in every layer
        self._rows = 0
        self._last: deque[np.ndarray] = deque(maxlen=self.window_rows)

    @property
    def rows(self) -> int:
        """Rows of the last feature map so far: one a block, two blocks late until `finish`."""
        return self._rows

    @property
    def window_rows(self) -> int:
        """Rows of the last feature map that make a window."""
        return self._plan.window[0]

    def accept(self, frames: np.ndarray) -> list[np.ndarray]:
        """Take the next frames of features, (any, feature_count), float32; whole blocks are computed at once.

        Returns:
            The new rows of the last feature map, as `finish` gives them.
        """
        return self._take(quantise(frames, self.input_tensor))

    def finish(self) -> list[np.ndarray]:
        """Say that the clip has ended: what waited for later frames is computed, and the last rows are given.

        They are rows of the last feature map, (1, 1, columns, channels) each, of the network's own type.
        """
        silence = quantise(np.zeros((BLOCK, self._waiting.shape[1]), np.float32), self.input_tensor)
        rows = []
        while self._rows < self._plan.row.in_clip(self._accepted):
            rows += self._compute(np.concatenate([self._waiting, silence[len(self._waiting) :]]), self._accepted)
            self._waiting = self._waiting[:0]
        return rows

    def last_window(self) -> np.ndarray:
        """Probabilities of the last window so far, (classes,), float32.

        It ends with the newest of `rows`, and is shorter where there are not enough. Raises IndexError without any.
        """
        if self._rows < self.window_rows:
            return self.probabilities_of(self._last)
        return self._calibrated(self._interpreter.get_tensor(self.output_tensor["index"])[0])

    def probabilities_of(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        """Probabilities of rows that `accept` and `finish` gave, (classes,), float32; raises IndexError without any."""
        return self._calibrated(self._answer(rows))

    def raw_output(self, inputs: np.ndarray) -> np.ndarray:
        """The output tensor's own values for a whole clip, as of any `Network`. Forgets the clip before."""
        self.reset()
        return self._answer([*self._take(inputs), *self.finish()])

    def _take(self, frames: np.ndarray) -> list[np.ndarray]:
        """Frames of the input tensor's own type, (any, feature_count), to new rows of the last feature map."""
        self._accepted += len(frames)
        self._waiting = np.concatenate([self._waiting, frames])
        rows = []
        while len(self._waiting) >= BLOCK:
            rows += self._compute(self._waiting[:BLOCK], None)
            self._waiting = self._waiting[BLOCK:]
        return rows

    def _compute(self, block: np.ndarray, frames: int | None) -> list[np.ndarray]:
        """One block of frames, to one row or none; `frames` is how many the clip has, None while it goes on."""
        interpreter = self._interpreter
        interpreter.set_tensor(self.input_tensor["index"], block[None, ..., None])
        steady = frames is None and all(rows.first(self._block) >= 0 for _, rows in self._masks)
        if not (steady and self._steady):
            for tensor, rows in self._masks:
                inside = self._plan.valid(rows, self._block, frames)
                interpreter.set_tensor(tensor["index"], inside.astype(tensor["dtype"]))
            for tensor, rows in self._sources:
                interpreter.set_tensor(tensor["index"], self._plan.source(rows, self._block, frames))
        self._steady = steady
        interpreter.invoke()
        for state, after in zip(self._states, self._next, strict=True):
            interpreter.set_tensor(state["index"], interpreter.get_tensor(after["index"]))
        in_clip = self._plan.row.first(self._block) >= 0
        self._block += 1
        if not in_clip:
            return []
        self._rows += 1
        self._last.append(interpreter.get_tensor(self._row["index"]))
        return [self._last[-1]]

    def _answer(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        """The output tensor's own values for rows of the last feature map."""
        if not rows:
            raise IndexError("no row of the last feature map has been computed")
        # a runner that was kept would stop the interpreter itself from running
        answer = self._interpreter.get_signature_runner(ANSWER)
        return answer(rows=np.concatenate(rows, axis=1))["probabilities"][0]


def open_network(bundle: Bundle, *, threads: int = 1) -> Network:
    """The bundle's network, of the kind that it is; raises SernetError when the interpreter cannot open it."""
    return (Network if bundle.manifest.stream is None else StreamingNetwork)(bundle, threads=threads)
