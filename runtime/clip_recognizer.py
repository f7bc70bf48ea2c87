"""Whole clips, or all their windows: what `sernet-infer file` and the server answer."""

from collections.abc import Iterator

import numpy as np

from sernet.runtime.bundle import Bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.leaning import Leaning
from sernet.runtime.normalisation import Heard
from sernet.runtime.recognizer import Recognition, Recognizer
from sernet.runtime.utterance_recognizer import UtteranceRecognizer


class ClipRecognizer:
    """One answer a clip, or one a sliding window. A streaming model hears a clip as it would live.

    Args:
        bundle: what `load_bundle` gives.
        windows: answer every sliding window, not the whole clip.
        hop_s: seconds from one window to the next; None is the recogniser's own.
        threads: threads for one inference.
        profile: what was heard of the speaker before; only a front end that normalises has a use for it.
        leaning: how the bundle's answers lean for the speaker; taken back from each.

    Raises:
        SernetError: the interpreter cannot open the model, or the hop is not possible.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        windows: bool = False,
        hop_s: float | None = None,
        threads: int = 1,
        profile: Heard | None = None,
        leaning: Leaning | None = None,
    ) -> None:
        knowing = {"threads": threads, "profile": profile, "leaning": leaning}
        self._frame = bundle.manifest.front_end.frame_length
        self.sample_rate = bundle.manifest.front_end.sample_rate
        """Hz, of the clips."""
        self._windows = Recognizer(bundle, hop_s=hop_s, **knowing) if windows else None
        self._whole = None if windows else UtteranceRecognizer(bundle, **knowing)

    def recognitions(self, waveform: np.ndarray) -> Iterator[Recognition]:
        """The answers for one clip (samples,), at least one; raises SernetError for a clip too short or too long."""
        if self._whole is not None:
            self._whole.reset()
            self._whole.accept(waveform)
            yield self._whole.finish()
        if self._windows is not None:
            self._windows.reset()
            self._windows.accept(waveform)
            self._windows.finish()
            if not self._windows.ready():
                raise SernetError(f"{len(waveform)} samples are fewer than a frame's {self._frame}: give a longer clip")
            while self._windows.ready():
                yield self._windows.pop()
