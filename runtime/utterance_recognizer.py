"""One answer for all that was heard, whichever kind the bundle's network is."""

import dataclasses

import numpy as np

from sernet.runtime.bundle import Bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import check_waveform
from sernet.runtime.leaning import Leaning
from sernet.runtime.network import Network
from sernet.runtime.normalisation import Heard
from sernet.runtime.recognizer import Recognition, Recognizer, recognise
from sernet.runtime.stream_recognizer import StreamRecognizer


class UtteranceRecognizer:
    """What `sernet-infer file` answers for a clip, for samples that arrive in pieces.

    A streaming network computes while they arrive, and knows the answer with the last one; another one hears them at
    the end, as one clip.

    Args:
        bundle: what `load_bundle` gives.
        threads: threads for one inference.
        profile: what was heard of the speaker before.
        leaning: how the bundle's answers lean for the speaker; taken back from each.
    """

    def __init__(
        self, bundle: Bundle, *, threads: int = 1, profile: Heard | None = None, leaning: Leaning | None = None
    ) -> None:
        self._rate = bundle.manifest.front_end.sample_rate
        self._profile, self._leaning = profile, leaning
        self._stream = self._network = None
        if bundle.manifest.stream is not None:
            self._stream = StreamRecognizer(bundle, threads=threads, profile=profile, leaning=leaning, whole=True)
        else:
            self._network = Network(bundle, threads=threads)
        self._pieces: list[np.ndarray] = []

    def accept(self, samples: np.ndarray) -> None:
        """Take the utterance's next samples, (any,), float in [-1, 1]; raises WaveformError when one is not finite."""
        if self._stream is not None:
            self._stream.accept(samples)
        else:
            self._pieces.append(check_waveform(samples))

    def finish(self, start_s: float = 0.0) -> Recognition:
        """The answer, for an utterance that began at `start_s` of its stream; the next sample begins another one.

        Raises:
            SernetError: fewer samples than a frame's, or more than a network takes at once.
        """
        if self._stream is not None:
            return self._streamed(self._stream, start_s)
        assert self._network is not None
        waveform = np.concatenate(self._pieces or [np.empty(0, np.float32)])
        self._pieces = []
        return recognise(self._network, waveform, start_s=start_s, profile=self._profile, leaning=self._leaning)

    def reset(self) -> None:
        """Forget the utterance that was begun."""
        self._pieces = []
        if self._stream is not None:
            self._stream.reset()

    def _streamed(self, stream: Recognizer, start_s: float) -> Recognition:
        try:
            stream.finish()
            if not stream.ready():
                raise SernetError("fewer samples than a frame's: give a longer clip")
            recognition = stream.pop()
        finally:
            stream.reset()
        return dataclasses.replace(recognition, start_s=start_s, end_s=start_s + recognition.end_s)
