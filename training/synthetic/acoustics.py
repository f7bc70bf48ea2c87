"""Signal processing between the synthesiser and the file: the larynx, the room, the microphone.

Waveforms are float arrays of shape (samples,) at `sample_rate` Hz; every function returns a new one.
"""

import numpy as np
import numpy.typing as npt
from scipy import ndimage, signal

Waveform = npt.NDArray[np.floating]

LOWEST_TILTED, TILT_PIVOT = 100.0, 1000.0
"""Hz below which the tilt is flat, and where its gain is 1."""


def rms(waveform: Waveform) -> float:
    """Root mean square; 0 for an empty waveform."""
    return float(np.sqrt(np.mean(np.square(waveform)))) if waveform.size else 0.0


def trim(waveform: Waveform, floor: float = 1e-3) -> Waveform:
    """Without the samples before the first and after the last one above `floor` (a part of the peak)."""
    loud = np.flatnonzero(np.abs(waveform) > floor * np.max(np.abs(waveform), initial=0))
    return waveform[loud[0] : loud[-1] + 1] if loud.size else waveform[:0]


def unsteady(waveform: Waveform, sample_rate: int, tremor: float, drift: float, rng: np.random.Generator) -> Waveform:
    """Modulate the pitch by playing the tape faster and slower.

    `tremor`: depth of a 5 to 8 Hz sine; `drift`: standard deviation of a random movement below 3 Hz; both in semitones.
    The formants move along, by an amount too small to hear.
    """
    time = np.arange(waveform.size) / sample_rate
    knots = rng.standard_normal(int(time.size / sample_rate * 6) + 2)
    movement = drift * np.interp(time, np.arange(knots.size) / 6, knots)
    movement += tremor * np.sin(2 * np.pi * (rng.uniform(5, 8) * time + rng.uniform()))
    positions = np.cumsum(2 ** (movement / 12))
    return ndimage.map_coordinates(waveform, [positions[positions < waveform.size - 1]], order=3, mode="constant")


def breathy(waveform: Waveform, sample_rate: int, amount: float, rng: np.random.Generator) -> Waveform:
    """Add aspiration: noise above 1.5 kHz that follows the voice's envelope, `amount` (0 to 1) times as strong."""
    slow = signal.butter(2, 20, fs=sample_rate, output="sos")
    envelope = np.maximum(signal.sosfiltfilt(slow, np.abs(waveform)), 0)
    hiss = signal.sosfilt(signal.butter(2, 1500, "highpass", fs=sample_rate, output="sos"), noise(waveform.size, rng))
    return waveform + amount * envelope * hiss


def tilted(waveform: Waveform, sample_rate: int, slope: float) -> Waveform:
    """Change the slope of the spectrum by `slope` dB per octave around 1 kHz, without changing phases."""
    size = 1 << (waveform.size - 1).bit_length()  # a large prime would take ten times as long
    spectrum = np.fft.rfft(waveform, size)
    frequencies = np.fft.rfftfreq(size, 1 / sample_rate)
    octaves = np.log2(np.maximum(frequencies, LOWEST_TILTED) / TILT_PIVOT)
    return np.fft.irfft(spectrum * 10 ** (slope * octaves / 20), size)[: waveform.size]


def room(sample_rate: int, reverberation: float, distance: float, rng: np.random.Generator) -> Waveform:
    """Impulse response of a room: the direct sound, then noise that decays exponentially.

    `reverberation`: time to decay by 60 dB, in seconds; `distance`: energy of the echoes over that of the direct sound.
    Model: J. A. Moorer, "About this reverberation business", Computer Music Journal 3(2), 1979.
    """
    time = np.arange(int(reverberation * sample_rate)) / sample_rate
    echoes = noise(time.size, rng) * 10 ** (-3 * time / reverberation)
    response = echoes * np.sqrt(distance / np.sum(echoes**2))
    response[0] = 1.0
    return response


def noise(samples: int, rng: np.random.Generator) -> Waveform:
    """White Gaussian noise with an RMS of 1."""
    return rng.standard_normal(samples)
