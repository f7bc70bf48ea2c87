"""What a device has heard of a speaker before a clip: other recordings of the same speaker, and never a label."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sernet.runtime.front_end import FrontEnd
from sernet.runtime.normalisation import Heard
from sernet.training.clip import Clip
from sernet.training.network_inputs import raw_features


@dataclass(frozen=True)
class Enrolled:
    """What was heard before one clip."""

    clips: tuple[int, ...]
    """Places of the other clips of its speaker, in the order they were heard."""
    heard: Heard | None
    """Their statistics; the last clip counts in part. None where the speaker has no other clip, or is not known."""


def enrol(clips: Sequence[Clip], front_end: FrontEnd, seconds: float | None) -> list[Enrolled]:
    """For each clip other clips of its speaker, until they hold enough speech.

    They come in an order that the clip's file name draws. The clip itself is never among them, nor is a clip of
    another speaker.

    Args:
        clips: the test clips; those of one speaker enrol each other.
        front_end: one that normalises, fitted.
        seconds: seconds of speech to hear; None hears all other clips.
    """
    assert front_end.normalisation is not None, "only a front end that normalises has a use for profiles"
    heard = [front_end.hear(raw_features(clip, front_end, 0.0)) for clip in clips]
    of_speaker = defaultdict(list)
    for index, clip in enumerate(clips):
        of_speaker[clip.speaker].append(index)
    wanted = np.inf if seconds is None else seconds * front_end.sample_rate / front_end.frame_step
    enrolled = []
    for index, clip in enumerate(clips):
        others = [other for other in of_speaker[clip.speaker] if other != index and clip.speaker is not None]
        enrolled.append(_until(_shuffled(others, clip.path.name), heard, wanted))
    return enrolled


def _shuffled(places: list[int], name: str) -> list[int]:
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    return np.random.default_rng(seed).permutation(np.array(places, int)).tolist()


def _until(order: Sequence[int], heard: Sequence[Heard], wanted: float) -> Enrolled:
    """Hearings in order, until so many frames are there."""
    total, taken = None, []
    for place in order:
        missing = wanted - (total.frames if total else 0.0)
        if missing <= 0:
            break
        one = heard[place].faded(missing)
        total = one if total is None else total + one
        taken.append(place)
    return Enrolled(tuple(taken), total)
