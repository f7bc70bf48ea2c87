"""What each emotion does to the voice, as departures from the speaker's neutral way of speaking.

The directions follow experiments in which listeners named the emotion of synthesised speech, and reviews of them:

- F. Burkhardt and W. F. Sendlmeier, "Verification of acoustical correlates of emotional speech using
  formant-synthesis", ISCA Workshop on Speech and Emotion, 2000 (German, formant synthesis, and the emotions of EMO-DB).
- M. Schröder, "Emotional speech synthesis: a review", Eurospeech 2001 (its table of prosody rules).
- I. R. Murray and J. L. Arnott, "Toward the simulation of emotion in synthetic speech", JASA 93, 1993 (its table
  of vocal effects: the source for disgust, and for loudness).

The sizes are ours and smaller than theirs: synthesised caricatures would be told apart by their mean pitch alone.
"""

from dataclasses import astuple, dataclass

import numpy as np

NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Prosody:
    """Departures from neutral; zero everywhere is neutral speech."""

    pitch: float = 0.0
    """Level of the pitch contour, in semitones. Raised in joy, anger and most of all fear (Burkhardt & Sendlmeier)."""
    pitch_range: float = 0.0
    """Span of the pitch contour, in percent. Doubled in joy, narrow in boredom and sadness (Schröder)."""
    rate: float = 0.0
    """Words a minute, in percent. Faster in joy, anger, fear, slower in boredom, disgust, sadness (Schröder)."""
    loudness: float = 0.0
    """Level, in dB. Higher in anger and joy, lower in sadness and disgust (Murray & Arnott)."""
    tilt: float = 0.0
    """Slope of the spectrum, in dB per octave. A tense voice (anger) is brighter, a lax one (sadness) is duller."""
    breath: float = 0.0
    """Aspiration noise, in percent of the voice's amplitude. Sadness is breathy (Schröder), as is fear's falsetto."""
    tremor: float = 0.0
    """Depth of a 5 to 8 Hz pitch modulation, in semitones. Crying (Burkhardt & Sendlmeier), fear (Murray & Arnott)."""
    formants: float = 0.0
    """Formant frequencies, in percent. A smile shortens the vocal tract: raised in joy (Burkhardt & Sendlmeier)."""


EMOTIONS = {
    "anger": Prosody(pitch=3.0, pitch_range=60, rate=14, loudness=6.0, tilt=1.5, formants=1),
    "boredom": Prosody(pitch=-1.5, pitch_range=-45, rate=-20, loudness=-2.0, tilt=-0.6),
    "disgust": Prosody(pitch=-1.5, pitch_range=20, rate=-22, loudness=-1.0, tilt=0.9, breath=3, formants=-4),
    "fear": Prosody(pitch=5.0, pitch_range=0, rate=22, loudness=0.5, tilt=-0.3, breath=7, tremor=0.6, formants=1),
    "happiness": Prosody(pitch=4.0, pitch_range=100, rate=8, loudness=3.5, tilt=0.6, formants=5),
    NEUTRAL: Prosody(),
    "sadness": Prosody(pitch=-0.5, pitch_range=-40, rate=-20, loudness=-5.0, tilt=-1.4, breath=9, tremor=0.25),
}
"""Label to a full portrayal of the emotion."""

BETWEEN_TAKES = Prosody(pitch=0.8, pitch_range=15, rate=5, loudness=1.2, tilt=0.4, breath=1.5, tremor=0.08, formants=1)
"""Standard deviation from one take to the next."""


def perform(label: str, intensity: float, rng: np.random.Generator) -> Prosody:
    """One take of an emotion: the portrayal times `intensity` (0 neutral, 1 full), plus what no take repeats."""
    portrayal = intensity * np.array(astuple(EMOTIONS[label]))
    return Prosody(*(portrayal + rng.standard_normal(portrayal.size) * astuple(BETWEEN_TAKES)).tolist())
