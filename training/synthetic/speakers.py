"""The ten speakers: who they are, and what a seed makes of them (expressiveness, room, microphone)."""

import hashlib
from dataclasses import dataclass

import numpy as np

from sernet.training.synthetic.acoustics import Waveform, room
from sernet.training.synthetic.prosody import EMOTIONS

SAMPLE_RATE = 16_000
FORMANTS = 6


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice that never changes, before any emotion."""

    code: str
    pitch: float
    """Bottom of the neutral pitch contour in Hz."""
    vocal_tract: float
    """Formant frequencies over those of an average man: the shorter the vocal tract, the higher."""
    rate: float
    """Words a minute."""


# Women and men in turn, so that the first few are a fair choice. Their pitches differ by more than any emotion moves
# them: mean pitch alone does not tell the emotion.
SPEAKERS = (
    Speaker("f1", 168, 1.14, 175),
    Speaker("m1", 92, 1.00, 168),
    Speaker("f2", 185, 1.17, 190),
    Speaker("m2", 106, 1.03, 184),
    Speaker("f3", 156, 1.12, 164),
    Speaker("m3", 84, 0.97, 159),
    Speaker("f4", 176, 1.19, 182),
    Speaker("m4", 115, 1.05, 172),
    Speaker("f5", 196, 1.15, 170),
    Speaker("m5", 98, 0.95, 178),
)


def generator(*key: object) -> np.random.Generator:
    """Random numbers that depend on `key` alone, on every machine and in every order of calls."""
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return np.random.default_rng(np.random.SeedSequence(int.from_bytes(digest)))


@dataclass(frozen=True, slots=True)
class Session:
    """A speaker on the day of the recording: everything that stays the same between the clips of one speaker."""

    formants: tuple[float, ...]
    """Each formant over an average man's, with the speaker's own vowels."""
    pitch_range: float
    """Span of the neutral pitch contour in semitones."""
    intensity: dict[str, float]
    """How far this speaker goes in each emotion: 1 is the full portrayal."""
    level: float
    """RMS of neutral speech, in dB of full scale."""
    tilt: float
    """Colour of voice and microphone, in dB per octave."""
    breath: float
    """Aspiration of the neutral voice, in percent of its amplitude."""
    room: Waveform
    """Impulse response, shape (samples,), at 16 kHz."""
    snr: float
    """Neutral speech over the microphone's noise, in dB."""


def session(speaker: Speaker, seed: int) -> Session:
    """The speaker's session under this seed."""
    rng = generator(seed, speaker.code)
    return Session(
        formants=tuple((speaker.vocal_tract * rng.normal(1, 0.025, FORMANTS)).tolist()),
        pitch_range=rng.uniform(5, 8),
        intensity={label: rng.uniform(0.7, 1.3) for label in EMOTIONS},
        level=rng.uniform(-32, -27),
        tilt=rng.normal(0, 0.7),
        breath=rng.uniform(1, 4),
        room=room(SAMPLE_RATE, rng.uniform(0.15, 0.45), rng.uniform(0.02, 0.25), rng),
        snr=rng.uniform(24, 40),
    )
