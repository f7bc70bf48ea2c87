"""Two corpora on the labels they share: corpora name the same emotion in different words."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from sernet.runtime.errors import SernetError
from sernet.training.clip import Clip

COMMON_TERMS = {
    "angry": "anger",
    "fearful": "fear",
    "happy": "happiness",
    "sad": "sadness",
    "surprised": "surprise",
}
"""Labels that are words for the same emotion; any other stands for itself (`calm` is not `neutral`)."""


@dataclass(frozen=True)
class SharedLabels:
    """Clips of two corpora under common labels."""

    first: tuple[Clip, ...]
    second: tuple[Clip, ...]
    labels: tuple[str, ...]
    """Alphabetical."""
    dropped: tuple[str, ...]
    """Labels without a partner, in the corpora's own words; their clips are left out."""


def on_shared_labels(first: Sequence[Clip], second: Sequence[Clip]) -> SharedLabels:
    """Rename labels to common terms, and leave out clips whose label only one corpus has.

    Raises SernetError when fewer than two labels are shared.
    """
    present = [{common_term(clip.label) for clip in clips} for clips in (first, second)]
    shared = present[0] & present[1]
    if len(shared) < 2:
        raise SernetError(
            f"the corpora share {len(shared)} labels ({', '.join(sorted(present[0]))}; {', '.join(sorted(present[1]))})"
            ": at least 2 are needed"
        )
    dropped = sorted({clip.label for clip in (*first, *second) if common_term(clip.label) not in shared})
    kept = [
        tuple(
            dataclasses.replace(clip, label=common_term(clip.label))
            for clip in clips
            if common_term(clip.label) in shared
        )
        for clips in (first, second)
    ]
    return SharedLabels(kept[0], kept[1], tuple(sorted(shared)), tuple(dropped))


def common_term(label: str) -> str:
    """The term under which corpora are compared."""
    return COMMON_TERMS.get(label, label)
