"""Which clips train, validate and test: functions of Clips, so that no split leaks unseen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sernet.runtime.errors import SernetError
from sernet.training.clip import Clip
from sernet.training.config import TrainConfig


@dataclass(frozen=True)
class Split:
    """The three sides of a run. Epochs are chosen on `validation`; `test` is only ever measured."""

    train: tuple[Clip, ...]
    validation: tuple[Clip, ...]
    test: tuple[Clip, ...]

    @property
    def shared_speakers(self) -> tuple[str, ...]:
        """Speakers that stand on more than one side; a clip without a speaker counts as one unknown speaker."""
        return _shared(*({clip.speaker or "unknown" for clip in side} for side in self.sides.values()))

    @property
    def sides(self) -> dict[str, tuple[Clip, ...]]:
        """The sides by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def split_clips(clips: Sequence[Clip], config: TrainConfig) -> Split:
    """Split by speaker (no speaker stands on two sides); at random, or not at all, when the configuration asks for it.

    The same clips, configuration and seed give the same split, in whatever order the clips come.

    Raises:
        SernetError: too few speakers, a test speaker that does not exist, or a side that would be empty.
    """
    clips = sorted(clips, key=lambda clip: str(clip.path))
    if config.split == "all":
        return Split(tuple(clips), (), ())
    generator = np.random.default_rng(config.seed)
    divide = _by_speaker if config.split == "speaker" else _at_random
    split = divide(clips, config, generator)
    for name, side in split.sides.items():
        if not side:
            raise SernetError(f"no clips are left to {name} on: {len(clips)} are too few for this split")
    return split


def _by_speaker(clips: list[Clip], config: TrainConfig, generator: np.random.Generator) -> Split:
    if any(clip.speaker is None for clip in clips):
        raise SernetError(
            "the corpus does not name its speakers: give a manifest with a speaker column, or accept a split that "
            "leaks them with --split random"
        )
    speakers = sorted({str(clip.speaker) for clip in clips})
    unknown = sorted(set(config.test_speakers) - set(speakers))
    if unknown:
        raise SernetError(f"no speaker {', '.join(unknown)} in the corpus: it has {', '.join(speakers)}")
    if len(speakers) < 3:
        raise SernetError(
            f"a split by speaker needs at least 3 speakers and the corpus has {len(speakers)}: accept a split that "
            "leaks them with --split random"
        )
    drawn = [str(speaker) for speaker in generator.permutation(speakers)]
    test = set(config.test_speakers) or set(drawn[: _share(len(drawn), config.test_fraction)])
    rest = [speaker for speaker in drawn if speaker not in test]
    validation = set(rest[: _share(len(rest), config.validation_fraction)])
    return Split(
        train=tuple(clip for clip in clips if clip.speaker not in test | validation),
        validation=tuple(clip for clip in clips if clip.speaker in validation),
        test=tuple(clip for clip in clips if clip.speaker in test),
    )


def _at_random(clips: list[Clip], config: TrainConfig, generator: np.random.Generator) -> Split:
    drawn = [clips[index] for index in generator.permutation(len(clips))]
    tests = _share(len(drawn), config.test_fraction)
    validations = _share(len(drawn) - tests, config.validation_fraction)
    return Split(
        train=tuple(drawn[tests + validations :]),
        validation=tuple(drawn[tests:][:validations]),
        test=tuple(drawn[:tests]),
    )


def _share(count: int, fraction: float) -> int:
    return max(1, round(count * fraction))


def _shared(*sides: set[str]) -> tuple[str, ...]:
    together = [speaker for side in sides for speaker in side]
    return tuple(sorted({speaker for speaker in together if together.count(speaker) > 1}))
