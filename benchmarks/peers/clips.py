"""Clips of a wanted length, for times that depend on it."""

from collections.abc import Sequence

import soundfile

from sernet.training.clip import Clip

SECONDS = 3.0
"""Of the networks' window, and of the clips that are timed."""


def clips_near(clips: Sequence[Clip], seconds: float, count: int) -> list[Clip]:
    """So many clips, nearest first to a length; fewer where there are not as many."""
    return sorted(clips, key=lambda clip: abs(soundfile.info(clip.path).duration - seconds))[:count]
