"""Virtual speakers: one draw makes a voice, a room and a device, and all clips of a speaker go through it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import check_waveform
from sernet.runtime.settings import settings_from
from sernet.training.augmentation.level import SAMPLE_RATE, apply_gain, peak_normalised
from sernet.training.augmentation.noise import BROWN, PINK, WHITE, add_noise
from sernet.training.augmentation.room import Room, reverberate
from sernet.training.augmentation.speed import change_speed
from sernet.training.augmentation.telephone import telephone

Range = tuple[float, float]
"""Lowest and highest value; draws are uniform between them."""


@dataclass(frozen=True)
class AugmentationConfig:
    """How virtual speakers are drawn. A probability says how often a change is made at all."""

    speed_probability: float = 0.7
    speed: Range = (0.9, 1.1)
    """Tempo, pitch and formants together."""
    warp_probability: float = 0.7
    warp: Range = (0.85, 1.15)
    """Formants alone (`warped_mel_matrix`)."""
    room_probability: float = 0.3
    noise_probability: float = 0.5
    snr_db: Range = (5.0, 35.0)
    """Active speech over noise."""
    noise_slopes: tuple[float, ...] = (WHITE, PINK, BROWN)
    """One of them is drawn: the exponent by which the noise's power spectrum falls."""
    telephone_probability: float = 0.1
    """Of a narrow band: calls, cheap headsets."""
    gain_db: Range = (-30.0, 0.0)
    """Of a clip that peaks at full scale; always drawn: nobody's microphone has the corpus's level."""
    padding_s: Range = (0.0, 0.4)
    """Silence before and after each clip, drawn for each."""

    def __post_init__(self) -> None:
        for name in ("speed", "warp", "room", "noise", "telephone"):
            if not 0 <= (chance := getattr(self, f"{name}_probability")) <= 1:
                raise SernetError(f"{name} probability must lie between 0 and 1, not {chance}")
        lowest = {"speed": 0.5, "warp": 0.5, "snr_db": -np.inf, "gain_db": -np.inf, "padding_s": 0.0}
        highest = {"speed": 2.0, "warp": 2.0}
        for name, low in lowest.items():
            values, high = getattr(self, name), highest.get(name, np.inf)
            if not (len(values) == 2 and np.isfinite(values).all() and low <= values[0] <= values[1] <= high):
                raise SernetError(f"{name} must be a lowest and a highest value from {low:g} to {high:g}, not {values}")
        if not (self.noise_slopes and np.isfinite(self.noise_slopes).all()):
            raise SernetError(f"noise_slopes must be one finite number or more, not {self.noise_slopes}")

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "AugmentationConfig":
        """The opposite of `to_json`; also reads a preset's table. Raises SernetError as `settings_from` does."""
        for name, value in values.items():
            if isinstance(value, list) and not all(isinstance(item, (int, float)) for item in value):
                raise SernetError(f"the augmentation has {name} = {value!r}, not a list of numbers")
        tuples = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        return settings_from(cls, tuples, "augmentation")


@dataclass(frozen=True)
class VirtualSpeaker:
    """A voice, a room and a device. Without arguments it changes nothing but the level.

    All clips of one real speaker go through the same one, so that statistics over a speaker keep their meaning.
    """

    speed: float = 1.0
    warp: float = 1.0
    """Alpha of `warped_mel_matrix`; `apply` leaves it to the front end."""
    room: Room | None = None
    snr_db: float | None = None
    noise_slope: float = PINK
    on_telephone: bool = False
    gain_db: float = 0.0
    padding_s: Range = (0.0, 0.0)

    @classmethod
    def draw(
        cls, generator: np.random.Generator, config: AugmentationConfig = AugmentationConfig()
    ) -> "VirtualSpeaker":
        """A virtual speaker. Every value is drawn, used or not: another probability leaves the others' values alone."""
        speed_drawn, warp_drawn, room_drawn, noise_drawn = generator.random(4)
        speed, warp, snr_db, gain_db = (
            float(generator.uniform(*span)) for span in (config.speed, config.warp, config.snr_db, config.gain_db)
        )
        slope = float(config.noise_slopes[int(generator.integers(len(config.noise_slopes)))])
        room = Room.draw(generator)
        telephone_drawn = generator.random()
        return cls(
            speed=speed if speed_drawn < config.speed_probability else 1.0,
            warp=warp if warp_drawn < config.warp_probability else 1.0,
            room=room if room_drawn < config.room_probability else None,
            snr_db=snr_db if noise_drawn < config.noise_probability else None,
            noise_slope=slope,
            on_telephone=bool(telephone_drawn < config.telephone_probability),
            gain_db=gain_db,
            padding_s=config.padding_s,
        )

    def apply(self, waveform: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """A clip as this speaker and device give it: peak at full scale, speed, silence, room, noise, line, gain.

        Args:
            waveform: (samples,), float at 16 kHz.
            generator: of what differs from clip to clip: the length of the silence, and the noise itself.

        Returns:
            (any,), float32, longer or shorter than before. It may exceed full scale. A waveform that is none raises
            WaveformError.
        """
        waveform = change_speed(peak_normalised(check_waveform(waveform)), self.speed)
        before, after = (generator.uniform(*self.padding_s, 2) * SAMPLE_RATE).astype(int)
        waveform = np.pad(waveform, (before, after))
        if self.room is not None:
            waveform = reverberate(waveform, self.room.response)
        if self.snr_db is not None:
            waveform = add_noise(waveform, self.snr_db, generator, self.noise_slope)
        if self.on_telephone:
            waveform = telephone(waveform)
        return apply_gain(waveform, self.gain_db)
