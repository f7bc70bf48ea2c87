"""One clip: a sentence, a speaker's session and an emotion become a waveform."""

import numpy as np
import numpy.typing as npt
from scipy import signal

from sernet.training.synthetic.acoustics import Waveform, breathy, noise, rms, tilted, trim, unsteady
from sernet.training.synthetic.espeak import Voice, speak
from sernet.training.synthetic.prosody import Prosody, perform
from sernet.training.synthetic.speakers import SAMPLE_RATE, Session, Speaker

DRIFT = 0.25
"""Random movement of every voice's pitch, in semitones: without it a synthesiser sings."""
NOISE_COLOUR = -3.0
"""Slope of the microphone's noise in dB per octave: pink."""
HIGHEST_PEAK = 0.97


def render(
    text: str, label: str, speaker: Speaker, session: Session, rng: np.random.Generator
) -> npt.NDArray[np.int16]:
    """Speak `text` with the emotion `label`; returns PCM16 at 16 kHz, shape (samples,), never clipped."""
    prosody = perform(label, session.intensity[label], rng)
    waveform, sample_rate = speak(text, _voice(speaker, session, prosody))
    waveform = unsteady(trim(waveform), sample_rate, max(prosody.tremor, 0), DRIFT, rng)
    waveform = signal.resample_poly(waveform, SAMPLE_RATE // 50, sample_rate // 50)
    waveform = breathy(waveform, SAMPLE_RATE, max(session.breath + prosody.breath, 0) / 100, rng)
    waveform = tilted(waveform, SAMPLE_RATE, session.tilt + prosody.tilt)
    waveform *= _amplitude(session.level + prosody.loudness) / rms(waveform)
    recording = _record(waveform, session, rng)
    recording *= min(1.0, HIGHEST_PEAK / np.max(np.abs(recording)))
    return np.rint(recording * 32767).astype(np.int16)


def _voice(speaker: Speaker, session: Session, prosody: Prosody) -> Voice:
    return Voice(
        pitch=speaker.pitch * 2 ** (prosody.pitch / 12),
        pitch_range=session.pitch_range * max(1 + prosody.pitch_range / 100, 0.2),
        rate=speaker.rate * (1 + prosody.rate / 100),
        formants=tuple(formant * (1 + prosody.formants / 100) for formant in session.formants),
    )


def _record(waveform: Waveform, session: Session, rng: np.random.Generator) -> Waveform:
    """Silence around the sentence, the room, and the noise of a microphone whose gain nobody touches."""
    before, after = (rng.uniform(0.1, 0.35, 2) * SAMPLE_RATE).astype(int)
    waveform = signal.fftconvolve(np.pad(waveform, (before, after)), session.room)[: before + waveform.size + after]
    hiss = tilted(noise(waveform.size, rng), SAMPLE_RATE, NOISE_COLOUR)
    return waveform + hiss * _amplitude(session.level - session.snr + rng.normal(0, 1.5)) / rms(hiss)


def _amplitude(decibels: float) -> float:
    return 10 ** (decibels / 20)
