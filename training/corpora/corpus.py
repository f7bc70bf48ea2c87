"""What every corpus tells about itself, and what reading one gives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from sernet.runtime.errors import SernetError
from sernet.training.clip import Clip

AudioType = Literal["all", "impro", "script"]
AUDIO_TYPES: tuple[str, ...] = get_args(AudioType)


@dataclass(frozen=True)
class CorpusOptions:
    """Which part of a corpus is read; only IEMOCAP has such parts.

    Raises SernetError for an unknown audio type.
    """

    audio_type: str = "all"
    """``all``, ``impro`` (improvised dialogues) or ``script`` (scripted ones)."""
    merge_excited: bool = False
    """Count clips labelled excited as happy."""

    def __post_init__(self) -> None:
        if self.audio_type not in AUDIO_TYPES:
            raise SernetError(f"unknown audio type {self.audio_type!r}: use one of {', '.join(AUDIO_TYPES)}")


@dataclass(frozen=True)
class Reading:
    """What a reader found in a folder, judged by names and labels alone: no audio is opened."""

    clips: list[Clip]
    left_out: list[str]
    """One line for each kind of file that was not taken, with the first names."""


@dataclass(frozen=True)
class Corpus:
    """A corpus: what it is, under which terms it comes, and how to read it."""

    name: str
    """Short name, also the name of its folder, for example ``emodb``."""
    title: str
    language: str
    licence: str
    """Licence, with what it forbids in a few words."""
    home: str
    """Public home page."""
    labels: tuple[str, ...]
    """Emotions in the order of a model's outputs, always alphabetical."""
    speakers: int | None
    """Published number of speakers; None when nobody published it."""
    published: Mapping[str, int]
    """Published number of clips of each label; empty when nobody published it."""
    obtain: str
    """How to get the corpus, in a sentence."""
    read: Callable[[Path, CorpusOptions], Reading]
    """Reads the corpus's folder; a folder without the corpus gives no clips."""
    note: str = ""
    """What every report on this corpus must say, for example ``synthetic``."""
    has_options: bool = False
    """Whether CorpusOptions other than the default make sense."""
    checksum_file: str | None = None
    """File beside this one with the SHA-256 of every published clip."""

    def expected(self, options: CorpusOptions) -> Mapping[str, int]:
        """Published number of clips of each label in the part that `options` selects."""
        return self.published
