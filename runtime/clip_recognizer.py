"""Whole clips, or all their windows: what `sernet-infer file` and the server answer."""

from collections.abc import Iterator

import numpy as np

from sernet.runtime.bundle import Bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.leaning import Leaning
from sernet.runtime.network import Network
from sernet.runtime.normalisation import Heard
from sernet.runtime.recognizer import Recognition, Recognizer, recognise
from sernet.runtime.stream_recognizer import StreamRecognizer


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
        self._bundle = bundle
        self._profile, self._leaning = profile, leaning
        self._recognizer: Recognizer | None = None
        if windows:
            self._recognizer = Recognizer(bundle, hop_s=hop_s, threads=threads, profile=profile, leaning=leaning)
        elif bundle.manifest.stream is not None:
            self._recognizer = StreamRecognizer(bundle, threads=threads, profile=profile, leaning=leaning, whole=True)
        else:
            self._network = Network(bundle, threads=threads)

    def recognitions(self, waveform: np.ndarray) -> Iterator[Recognition]:
        """The answers for one clip (samples,), at least one; raises SernetError for a clip too short or too long."""
        recognizer = self._recognizer
        if recognizer is None:
            yield recognise(self._network, waveform, profile=self._profile, leaning=self._leaning)
            return
        recognizer.reset()
        recognizer.accept(waveform)
        recognizer.finish()
        if not recognizer.ready():
            length = self._bundle.manifest.front_end.frame_length
            raise SernetError(f"{len(waveform)} samples are fewer than a frame's {length}: give a longer clip")
        while recognizer.ready():
            yield recognizer.pop()
