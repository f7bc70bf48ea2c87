"""What a live stream tells: answers and interruptions, each with a line of JSON."""

from dataclasses import dataclass
from typing import Any, Literal

from sernet.runtime.recognizer import Recognition

SILENCE = "silence"
"""The label of a window in which nobody speaks."""


@dataclass(frozen=True)
class LiveAnswer:
    """One answer of a live stream, and how it came about."""

    kind: Literal["window", "utterance"]
    """What was answered: the newest window, or what was said between two pauses."""
    recognition: Recognition
    """Label, probabilities, and where in the stream; the label is `SILENCE` for a window without speech."""
    steady_label: str
    """The label to show: it changes only when the new one is clearly ahead; see `sernet.runtime.live.smoothing`."""
    level_dbfs: float
    """Level of what is new in a window, one hop, or of the utterance; see `level_dbfs`."""
    voice: float
    """Share of the window or of the utterance in which somebody speaks, in [0, 1]."""
    latency_ms: float = 0.0
    """From the arrival of the last sample that was waited for to the answer."""
    dropped: int = 0
    """Samples of the stream lost so far, as far as they could be counted."""
    overruns: int = 0
    """Times that samples were lost."""

    def to_json(self) -> dict[str, Any]:
        """event (the kind), the recognition's names, and the others here; see `sernet.runtime.outputs`."""
        return {
            "event": self.kind,
            **vars(self.recognition),
            "steady_label": self.steady_label,
            "level_dbfs": round(self.level_dbfs, 3),
            "voice": round(self.voice, 3),
            "latency_ms": round(self.latency_ms, 2),
            "dropped": self.dropped,
            "overruns": self.overruns,
        }


@dataclass(frozen=True)
class Interruption:
    """The stream stopped, or goes on: told when it stops, with `lost_s` None, and again when it goes on."""

    at_s: float
    """Where in the stream, which does not count the time that was not heard."""
    reason: str
    """Why it stopped, for people."""
    lost_s: float | None
    """Seconds that were not heard; None while nobody knows."""

    def to_json(self) -> dict[str, Any]:
        """event, at_s, reason, lost_s."""
        lost = None if self.lost_s is None else round(self.lost_s, 3)
        return {"event": "interruption", "at_s": self.at_s, "reason": self.reason, "lost_s": lost}


@dataclass(frozen=True)
class Drift:
    """A device gives more or less audio than time passes: its clock is off, or samples were lost unnoticed."""

    at_s: float
    """Where in the stream."""
    drift_s: float
    """Seconds of audio that are missing since the device was opened; below 0 there are too many."""

    def to_json(self) -> dict[str, Any]:
        """event, at_s, drift_s."""
        return {"event": "drift", "at_s": self.at_s, "drift_s": round(self.drift_s, 3)}


LiveEvent = LiveAnswer | Interruption | Drift
