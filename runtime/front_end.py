"""The FrontEnd contract: every number that turns samples into features, in one object."""

import math
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np

from sernet.runtime.errors import SernetError
from sernet.runtime.filter_bank import dct_matrix, hann_window, mel_matrix
from sernet.runtime.normalisation import Heard, Normalisation, log_magnitude
from sernet.runtime.settings import settings_from

InputType = Literal["mfcc", "mel_spectrogram", "spectrogram"]
INPUT_TYPES: tuple[InputType, ...] = get_args(InputType)

MOST_FRAME_LENGTH, MOST_MEL_BINS = 8192, 512
"""What the arrays of the filter bank must be bounded by: a description may come damaged."""

MOST_FRAMES_PER_S = 1000
"""What a device must be able to keep up with."""


class WaveformError(SernetError):
    """Samples that no feature can be made of."""


@dataclass(frozen=True)
class FrontEnd:
    """Every number of the front end; the defaults are those of Light-SERNet (Aftab et al., ICASSP 2022).

    Training, the device and generated code all read this one object. A frame's features depend on that frame alone, so
    streaming equals batch exactly; only `level_percentile` looks at the whole clip.
    """

    input_type: InputType = "mfcc"
    """What the network sees: cepstral coefficients, log mel bands, or linear magnitudes."""
    sample_rate: int = 16000
    """Samples per second of the waveform."""
    frame_length: int = 1024
    """Samples per frame, 64 ms; also the length of the Fourier transform."""
    frame_step: int = 256
    """Samples from one frame to the next, 16 ms."""
    mel_bins: int = 128
    """Triangular bands of the mel filter bank."""
    low_hz: float = 80.0
    """Lower edge of the first mel band."""
    high_hz: float = 7600.0
    """Upper edge of the last mel band."""
    log_offset: float = 1e-6
    """Added to a band's magnitude before the logarithm."""
    coefficients: int = 40
    """Cepstral coefficients kept."""
    clip: float = 10.0
    """Cepstral coefficients are limited to [-clip, clip]."""
    level_percentile: float | None = None
    """Divide the clip by this percentile of its absolute samples and limit it to [-1, 1]; the paper takes 99.9.

    It needs the whole clip, so a live window is levelled as if it were a clip. None: samples are taken as they are.
    """
    normalisation: Normalisation | None = None
    """Features are measured from what has been heard of the speaker; None: they are taken as they are."""

    def __post_init__(self) -> None:
        if self.input_type not in INPUT_TYPES:
            raise SernetError(f"input type {self.input_type!r} is unknown: use one of {', '.join(INPUT_TYPES)}")
        if not 1000 <= self.sample_rate <= 384_000:
            raise SernetError(f"sample rate {self.sample_rate} must be 1000 to 384000 Hz")
        if not (1 < self.frame_length <= MOST_FRAME_LENGTH and 0 < self.mel_bins <= MOST_MEL_BINS):
            raise SernetError(
                f"frames of {self.frame_length} samples and {self.mel_bins} mel bands are out of range: at most "
                f"{MOST_FRAME_LENGTH} and {MOST_MEL_BINS}"
            )
        if not (0 < self.log_offset < np.inf and 0 < self.clip < np.inf):
            raise SernetError("the logarithm's offset and the clip must be above 0")
        if not 0 < self.low_hz < self.high_hz <= self.sample_rate / 2:
            raise SernetError(
                f"mel bands from {self.low_hz:g} to {self.high_hz:g} Hz do not fit below {self.sample_rate / 2:g} Hz"
            )
        least_step = -(-self.sample_rate // MOST_FRAMES_PER_S)
        if not least_step <= self.frame_step <= self.frame_length:
            raise SernetError(
                f"frame step {self.frame_step} must be {least_step} samples to the frame length, {self.frame_length}"
            )
        if self.level_percentile is not None and not 0 < self.level_percentile <= 100:
            raise SernetError(f"level percentile {self.level_percentile:g} must be above 0 and at most 100")
        if self.normalisation is not None and self.input_type == "spectrogram":
            raise SernetError("normalisation is for logarithms, not for a spectrogram: use mfcc or mel_spectrogram")
        if self.normalisation is not None and self.level_percentile is not None:
            raise SernetError("a front end that normalises needs no level_percentile: leave out one of the two")
        if self.normalisation is not None and len(self.normalisation.mean) not in (0, self.feature_count):
            raise SernetError(
                f"{len(self.normalisation.mean)} means do not normalise {self.feature_count} features per frame"
            )
        if not 0 < self.coefficients <= self.mel_bins:
            raise SernetError(f"{self.coefficients} coefficients cannot come from {self.mel_bins} mel bands")

    @property
    def feature_count(self) -> int:
        """Features per frame: 40 coefficients, 128 mel bands or 513 magnitudes with the defaults."""
        if self.input_type == "mfcc":
            return self.coefficients
        return self.mel_bins if self.input_type == "mel_spectrogram" else self.frame_length // 2 + 1

    def frame_count(self, samples: int) -> int:
        """Whole frames in a waveform of so many samples (no padding at either end)."""
        return max(0, (samples - self.frame_length + self.frame_step) // self.frame_step)

    def sample_count(self, seconds: float) -> int:
        """Samples in so many seconds."""
        return round(seconds * self.sample_rate)

    def features(self, waveform: np.ndarray, mel_matrix: np.ndarray | None = None) -> np.ndarray:
        """Features of a whole waveform.

        Args:
            waveform: (samples,), float in [-1, 1].
            mel_matrix: (bins, bands), of a voice whose vocal tract has another length; None: the front end's own.

        Returns:
            (frames, feature_count), float32; no frames when the waveform is shorter than one frame.

        Raises:
            WaveformError: not one-dimensional, or a sample is NaN or infinite.
        """
        waveform = check_waveform(waveform)
        if self.frame_count(len(waveform)) == 0:
            return np.empty((0, self.feature_count), np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(waveform, self.frame_length)[:: self.frame_step]
        return self.frame_features(frames, mel_matrix)

    def hear(self, features: np.ndarray) -> Heard:
        """Statistics of the speech in `features` (frames, feature_count), for `network_input`; a pause adds nothing."""
        if self.normalisation is None:
            return Heard(0.0, np.zeros(self.feature_count))
        return self.normalisation.hear(features, self.levels(features))

    def levels(self, features: np.ndarray) -> np.ndarray:
        """Mean log magnitude of each frame of `features` (frames, feature_count), in nepers: (frames,)."""
        return log_magnitude(features, self.gain_direction)

    @cached_property
    def gain_direction(self) -> np.ndarray:
        """What a gain of 1 neper adds to a frame's features: (feature_count,)."""
        ones = np.ones(self.mel_bins)
        return ones @ self._dct_matrix if self.input_type == "mfcc" else ones

    def network_input(self, features: np.ndarray, profile: Heard | None = None) -> np.ndarray:
        """Features as the network sees them, normalised when the front end says so.

        Args:
            features: (frames, feature_count), a clip's or a window's.
            profile: what was heard of the speaker before; None knows nobody.

        Returns:
            (frames, feature_count), float32.
        """
        if self.normalisation is None:
            return features
        return self.normalised(features, self.hear(features), profile)

    def normalised(self, features: np.ndarray, heard: Heard, profile: Heard | None = None) -> np.ndarray:
        """Features (frames, feature_count) measured from the speech of their stream, themselves included, and earlier.

        Args:
            features: (frames, feature_count).
            heard: all speech of the stream up to now.
            profile: as of `network_input`.
        """
        assert self.normalisation is not None
        return self.normalisation.apply(features, heard, profile, self.gain_direction)

    def frame_features(self, frames: np.ndarray, mel_matrix: np.ndarray | None = None) -> np.ndarray:
        """Features of framed samples: (frames, frame_length) to (frames, feature_count), float32.

        Each frame is transformed by itself (a stack of vector-matrix products, not one matrix product), so that its
        features are the same bits whatever frames stand beside it.
        """
        magnitudes = np.abs(np.fft.rfft(frames * self._window, axis=-1)).astype(np.float32)
        if self.input_type == "spectrogram":
            return magnitudes
        matrix = self._mel_matrix if mel_matrix is None else mel_matrix
        bands = np.matmul(magnitudes[:, None, :], matrix)[:, 0, :]
        log_bands = np.log(bands + np.float32(self.log_offset))
        if self.input_type == "mel_spectrogram":
            return log_bands
        cepstrum = np.matmul(log_bands[:, None, :], self._dct_matrix)[:, 0, :]
        return np.clip(cepstrum, -self.clip, self.clip).astype(np.float32)

    def fit(self, waveform: np.ndarray, samples: int) -> np.ndarray:
        """The waveform as the network saw it in training: cut to its middle, levelled, and centred in zeros.

        Args:
            waveform: (any,), float in [-1, 1].
            samples: length wanted.

        Returns:
            (samples,), float32.
        """
        waveform = check_waveform(waveform)
        surplus = max(0, len(waveform) - samples)
        waveform = self.levelled(waveform[surplus // 2 : len(waveform) - (surplus - surplus // 2)])
        missing = samples - len(waveform)
        return np.pad(waveform, (missing // 2, missing - missing // 2))

    def levelled(self, waveform: np.ndarray) -> np.ndarray:
        """The waveform at the level that `level_percentile` asks for; itself when None or silent."""
        if self.level_percentile is None or not waveform.any():
            return waveform
        level = np.float32(np.percentile(np.abs(waveform), self.level_percentile))
        return np.clip(waveform / (level + np.finfo(np.float32).eps), -1.0, 1.0)

    @cached_property
    def _window(self) -> np.ndarray:
        return hann_window(self.frame_length)

    @cached_property
    def _mel_matrix(self) -> np.ndarray:
        return mel_matrix(self.mel_bins, self.frame_length // 2 + 1, self.sample_rate, self.low_hz, self.high_hz)

    @cached_property
    def _dct_matrix(self) -> np.ndarray:
        return dct_matrix(self.mel_bins, self.coefficients)

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values, as the bundle holds it."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "FrontEnd":
        """The opposite of `to_json`.

        Raises:
            SernetError: a name that this version does not know, a wrong type, or a number out of its range.
        """
        nested = values.get("normalisation")
        if nested is None:
            return settings_from(cls, values, "front end")
        if not isinstance(nested, dict):
            raise SernetError(f"the front end has normalisation = {nested!r}, not a table")
        plain = {name: value for name, value in values.items() if name != "normalisation"}
        return replace(settings_from(cls, plain, "front end"), normalisation=Normalisation.from_json(nested))


class FeatureStream:
    """The front end for a waveform that arrives in pieces; its frames equal `FrontEnd.features` bit for bit.

    Verbs as in kaldi-native-fbank: `accept` samples, ask `ready`, `pop` a frame, `reset`. A clip cannot be levelled
    before it has ended, so a front end with `level_percentile` is refused.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        if front_end.level_percentile is not None:
            raise SernetError("a front end that levels the whole clip cannot stream: set level_percentile to None")
        self._front_end = front_end
        self.reset()

    def reset(self) -> None:
        """Forget all samples."""
        self._samples = np.empty(0, np.float32)

    def accept(self, waveform: np.ndarray) -> None:
        """Take the next samples: (any,), float in [-1, 1]; raises WaveformError as `FrontEnd.features` does."""
        self._samples = np.concatenate([self._samples, check_waveform(waveform)])

    def ready(self) -> bool:
        """Whether a whole frame has arrived."""
        return len(self._samples) >= self._front_end.frame_length

    def pop(self) -> np.ndarray:
        """The next frame's features, (feature_count,), float32; raises IndexError unless `ready`."""
        if not self.ready():
            raise IndexError("no whole frame has arrived")
        frame = self._samples[: self._front_end.frame_length]
        self._samples = self._samples[self._front_end.frame_step :]
        return self._front_end.frame_features(frame[None])[0]


def check_waveform(waveform: np.ndarray) -> np.ndarray:
    """The waveform as float32, (samples,); raises WaveformError when it is none."""
    waveform = np.asarray(waveform, np.float32)
    if waveform.ndim != 1:
        raise WaveformError(f"a waveform has one dimension, not {waveform.ndim}: mix the channels down first")
    # One pass finds that something may be wrong, for squares may overflow; another one what it is.
    if not math.isfinite(waveform @ waveform) and not (finite := np.isfinite(waveform)).all():
        bad = int(np.argmin(finite))
        raise WaveformError(f"sample {bad} is {waveform[bad]}: a waveform must be finite")
    return waveform
