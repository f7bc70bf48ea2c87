"""How examples are made of clips: every number of `examples.py`."""

from dataclasses import asdict, dataclass, field
from typing import Any

from sernet.runtime.errors import SernetError
from sernet.runtime.settings import settings_from
from sernet.training.augmentation.virtual_speaker import AugmentationConfig


@dataclass(frozen=True)
class ExampleConfig:
    """How a clip becomes an example of one epoch; every number is drawn anew each epoch."""

    voices: int = 25
    """Voices of each clip in the bank, its own included."""
    own_voice: float = 0.2
    """Probability of the clip's own voice."""
    crop_s: float = 2.0
    """Length of an example; a shorter clip stands somewhere in zeros, which are the mean."""
    tempo: float = 0.1
    """Frames are stretched by a factor from 1 - tempo to 1 + tempo."""
    time_masks: int = 2
    """Stretches of frames that are set to zero (SpecAugment, Park et al., 2019)."""
    time_mask_s: float = 0.2
    """Longest of them."""
    frequency_masks: int = 2
    """Stretches of bands that are set to zero."""
    frequency_mask_bands: int = 6
    """Widest of them."""
    mixup: float = 0.2
    """Alpha of mixup (Zhang et al., 2018): two examples are blended by a draw of Beta(alpha, alpha); 0: none."""
    class_balance: float = 0.0
    """A clip is taken more often the fewer clips its class has, by their number to the power of minus this: 0 takes
    every clip as often, 1 every class; 0.5 is square-root sampling (Mahajan et al., ECCV 2018)."""
    unknown_speaker: float = 0.4
    """Probability that nothing was heard of the speaker before; otherwise 1 to `most_heard` other clips were."""
    most_heard: int = 20
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    """How the other voices are drawn."""

    def __post_init__(self) -> None:
        for name in ("own_voice", "unknown_speaker", "tempo", "class_balance"):
            if not 0 <= getattr(self, name) <= 1:
                raise SernetError(f"{name.replace('_', ' ')} must lie between 0 and 1, not {getattr(self, name)}")
        if self.voices < 1 or self.crop_s <= 0 or self.most_heard < 1:
            raise SernetError("voices, crop_s and most_heard must be above 0")
        for name in ("time_masks", "time_mask_s", "frequency_masks", "frequency_mask_bands", "mixup"):
            if getattr(self, name) < 0:
                raise SernetError(f"{name} must be 0 or more, not {getattr(self, name)}")

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values."""
        return asdict(self) | {"augmentation": self.augmentation.to_json()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "ExampleConfig":
        """The opposite of `to_json`. Raises SernetError as `settings_from` does."""
        nested = values.get("augmentation", {})
        if not isinstance(nested, dict):
            raise SernetError(f"the examples have augmentation = {nested!r}, not a table")
        return settings_from(cls, values | {"augmentation": AugmentationConfig.from_json(nested)}, "examples")
