"""Rooms: a shoebox, somebody who speaks in it, and a microphone."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import signal

from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import check_waveform
from sernet.training.augmentation.level import SAMPLE_RATE

Point = tuple[float, float, float]

SMALLEST_M, LARGEST_M = (3.0, 3.0, 2.4), (10.0, 8.0, 4.0)
"""Length, width and height of the rooms that are drawn."""
T60_S = (0.2, 0.8)
"""Seconds in which the echoes fall by 60 dB: from a furnished bedroom to a bare office."""
DISTANCE_M = (0.3, 3.0)
"""From mouth to microphone: from a phone in the hand to a Pi on the shelf."""
WALL_M = 0.4
"""Neither mouth nor microphone is nearer to a wall."""

ORDER = 15
"""Reflections that are followed one by one: 5,000 images, the first 90 ms or more."""
JITTER_M = 0.08
"""Images are displaced by up to this: exact ones line up into whistling echoes (De Sena et al., IEEE TASLP 2015)."""
SOUND_M_S = 343.0


@dataclass(frozen=True)
class Room:
    """A rectangular room with evenly absorbing walls. Lengths in metres, from one corner."""

    size: Point
    """Length, width, height."""
    t60_s: float
    """Reverberation time."""
    source: Point
    """The mouth."""
    microphone: Point
    """A whole number of samples of sound away from the mouth, so that the direct sound is one sample."""
    seed: int
    """Of the jitter and of the late echoes."""

    @classmethod
    def draw(cls, generator: np.random.Generator) -> "Room":
        """A room of random size, reverberation time and distance, all uniform."""
        size = generator.uniform(SMALLEST_M, LARGEST_M)
        t60 = generator.uniform(*T60_S)
        while True:
            source = generator.uniform(WALL_M, size - WALL_M)
            direction = generator.standard_normal(3)
            samples = round(generator.uniform(*DISTANCE_M) / SOUND_M_S * SAMPLE_RATE)
            microphone = source + direction / np.linalg.norm(direction) * samples / SAMPLE_RATE * SOUND_M_S
            if (microphone >= WALL_M).all() and (microphone <= size - WALL_M).all():
                break
        return cls(_point(size), float(t60), _point(source), _point(microphone), int(generator.integers(2**32)))

    @property
    def distance(self) -> float:
        """Metres from mouth to microphone."""
        return float(np.linalg.norm(np.subtract(self.source, self.microphone)))

    @cached_property
    def response(self) -> np.ndarray:
        """Impulse response from the direct sound on, of energy 1: (t60 * SAMPLE_RATE,), float32. Some 20 ms of work.

        The early part is of image sources (Allen and Berkley, JASA 1979; pyroomacoustics). From where they would be
        incomplete it goes on as noise that decays with the reverberation time, at the level they have reached
        (Lehmann and Johansson, IEEE TASLP 2010): following them to the end would take seconds.
        """
        generator = np.random.default_rng(self.seed)
        response = np.zeros(round(self.t60_s * SAMPLE_RATE))
        time = np.arange(len(response)) / SAMPLE_RATE
        early = self._image_sources(generator)
        complete = min(len(early), len(response), round(self._complete_s * SAMPLE_RATE))
        response[:complete] = early[:complete]
        decay = 10 ** (-3 * time / self.t60_s)
        last = slice(complete // 2, complete)
        level = np.sqrt(np.mean(response[last] ** 2) / np.mean(decay[last] ** 2))
        response[complete:] = level * (generator.standard_normal(len(response)) * decay)[complete:]
        return (response / np.linalg.norm(response)).astype(np.float32)

    @property
    def _complete_s(self) -> float:
        """Seconds after the direct sound within which every echo has at most `ORDER` reflections."""
        length, width, height = self.size
        shortest = min(a * b / np.hypot(a, b) for a, b in ((length, width), (width, height), (height, length)))
        return ((ORDER + 1) * shortest - self.distance) / SOUND_M_S

    def _image_sources(self, generator: np.random.Generator) -> np.ndarray:
        """Response of the image sources, from the direct sound on: (any,), float64."""
        import pyroomacoustics  # takes seconds to import

        pyroomacoustics.constants.set("num_threads", 1)  # a sum over threads would depend on their number
        absorption, _ = pyroomacoustics.inverse_sabine(self.t60_s, self.size, SOUND_M_S)
        box = pyroomacoustics.ShoeBox(
            self.size, fs=SAMPLE_RATE, materials=pyroomacoustics.Material(absorption), max_order=ORDER
        )
        box.set_sound_speed(SOUND_M_S)
        box.add_source(self.source).add_microphone(self.microphone)
        box.image_source_model()
        images, echoes = box.sources[0].images, box.sources[0].orders > 0
        images[:, echoes] += generator.uniform(-JITTER_M, JITTER_M, (3, int(echoes.sum())))
        box.compute_rir()
        direct = pyroomacoustics.constants.get("frac_delay_length") // 2 + self.distance / SOUND_M_S * SAMPLE_RATE
        return box.rir[0][0][round(direct) :]


def reverberate(waveform: np.ndarray, response: np.ndarray) -> np.ndarray:
    """The waveform in a room: (samples,), float32, as long as before and in step with it.

    Args:
        waveform: (samples,), float.
        response: (taps,), float; its first tap is the direct sound, as in `Room.response`.

    Raises:
        SernetError: the waveform or the response is none, or the response is empty.
    """
    waveform, response = check_waveform(waveform), check_waveform(response)
    if not len(response):
        raise SernetError("a room's response has no samples")
    return signal.oaconvolve(waveform, response)[: len(waveform)].astype(np.float32) if len(waveform) else waveform


def _point(values: np.ndarray) -> Point:
    x, y, z = values.tolist()
    return x, y, z
