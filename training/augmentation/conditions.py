"""The conditions a model is tested under: the same clips, as other places and devices would have recorded them.

A clip's noise and room depend on its file's name alone: every model hears the very same samples, wherever the corpus
lies, and the three noises of a clip differ in level only.
"""

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from sernet.runtime.errors import SernetError
from sernet.training.augmentation.level import apply_gain
from sernet.training.augmentation.noise import PINK, add_noise
from sernet.training.augmentation.room import Room, reverberate
from sernet.training.augmentation.telephone import telephone

Condition = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""(waveform at 16 kHz, generator of its noise and room) to a waveform of the same length, float32."""

ROOMS = 16


def _noisy(snr_db: float) -> Condition:
    # Pink: even power per octave, as much of the noise of homes and streets has it, so no part of the mel scale is
    # spared. Training draws pink noise too, among others: what is tested is the level, not a colour never heard.
    return lambda waveform, generator: add_noise(waveform, snr_db, generator, PINK)


def _in_a_room(waveform: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return reverberate(waveform, rooms()[int(generator.integers(ROOMS))].response)


CONDITIONS: dict[str, Condition] = {
    "snr20": _noisy(20.0),
    "snr10": _noisy(10.0),
    "snr5": _noisy(5.0),
    "gain-20": lambda waveform, _: apply_gain(waveform, -20.0),
    "room": _in_a_room,
    "telephone": lambda waveform, _: telephone(waveform),
}
"""By name: pink noise at 20, 10 and 5 dB below the active speech, 20 dB quieter, in a room, through a telephone."""


def under_condition(name: str, waveform: np.ndarray, path: Path | str) -> np.ndarray:
    """A clip's waveform under the condition `name`: (samples,), float32.

    Args:
        waveform: (samples,), float at 16 kHz.
        path: the clip's file; only its name counts.

    Raises:
        SernetError: no such condition, or `waveform` is none.
    """
    if name not in CONDITIONS:
        raise SernetError(f"no condition {name!r}: use one of {', '.join(CONDITIONS)}")
    return CONDITIONS[name](waveform, _generator("clip", Path(path).name))


@cache
def rooms() -> tuple[Room, ...]:
    """The rooms of the condition ``room``: always the same, from a stream of numbers that no training seed gives."""
    generator = _generator("test rooms")
    return tuple(Room.draw(generator) for _ in range(ROOMS))


def _generator(*key: str) -> np.random.Generator:
    """Random numbers that depend on the key alone, on every machine."""
    digest = hashlib.sha256("/".join(("sernet", *key)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest))
