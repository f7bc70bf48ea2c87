"""The Clip contract: what a corpus yields and what every split is a function of."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Clip:
    """One labelled recording of one speaker.

    Splits are functions of Clips, so a split cannot leak a speaker or a sentence without a test seeing it.
    """

    path: Path
    """Audio file (absolute)."""
    label: str
    """Emotion, in the corpus's own English term, for example ``anger``."""
    speaker: str | None
    """Speaker, unique within the corpus; None when the corpus does not say."""
    sentence: str | None
    """Text or code of what is said; None when the corpus does not say."""
    corpus: str
    """Name of the corpus the clip comes from, for example ``emodb``."""
