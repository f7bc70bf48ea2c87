"""Audio files in, answers out: one a file, or one a sliding window."""

from collections.abc import Iterator
from pathlib import Path

from sernet.runtime.audio_file import read_audio
from sernet.runtime.bundle import Bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.leaning import Leaning
from sernet.runtime.network import Network
from sernet.runtime.normalisation import Heard
from sernet.runtime.recognizer import Recognition, Recognizer, recognise
from sernet.runtime.stream_recognizer import StreamRecognizer


class FileRecognizer:
    """A bundle that is opened once and answers file after file; no file's answer depends on another's.

    A streaming model hears a file as it would live.

    Args:
        bundle: what `load_bundle` gives.
        windows: answer every sliding window instead of the whole file.
        hop_s: seconds from one window to the next; None takes the recogniser's own.
        threads, profile, leaning: as of `Recognizer`.

    Raises:
        SernetError: the bundle cannot be opened, or its windows have no such hop.
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
        self._front_end = bundle.manifest.front_end
        self._profile, self._leaning = profile, leaning
        self._network: Network | None = None
        self._recognizer: Recognizer | None = None
        if windows:
            self._recognizer = Recognizer(bundle, hop_s=hop_s, threads=threads, profile=profile, leaning=leaning)
        elif bundle.manifest.stream is not None:
            self._recognizer = StreamRecognizer(bundle, threads=threads, profile=profile, leaning=leaning, whole=True)
        else:
            self._network = Network(bundle, threads=threads)

    def answers(self, path: Path | str) -> Iterator[Recognition]:
        """The file's answers, in the order of their windows.

        Raises:
            AudioError: the file cannot be read; see `read_audio`.
            SernetError: it is too short for an answer, or too long for a single one.
        """
        waveform = read_audio(path, self._front_end.sample_rate)
        if self._network is not None:
            yield recognise(self._network, waveform, profile=self._profile, leaning=self._leaning)
        if self._recognizer is not None:
            self._recognizer.reset()
            self._recognizer.accept(waveform)
            self._recognizer.finish()
            if not self._recognizer.ready():
                length = self._front_end.frame_length
                raise SernetError(f"{len(waveform)} samples are fewer than a frame's {length}: give a longer clip")
            while self._recognizer.ready():
                yield self._recognizer.pop()
