"""What a device has heard of a speaker before a clip: other recordings of the same speaker, and never a label."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from sernet.runtime.front_end import FrontEnd
from sernet.runtime.normalisation import Heard
from sernet.training.clip import Clip
from sernet.training.network_inputs import raw_features


def enrolled_profiles(
    clips: Sequence[Clip], front_end: FrontEnd, seconds: float | None, *, condition: str | None = None
) -> list[Heard | None]:
    """For each clip a profile made of its speaker's other clips.

    They are taken in an order that the clip's file name draws, until they hold enough speech; the last one counts in
    part. The clip itself is never among them, nor is a clip of another speaker.

    Args:
        clips: the test clips; those of one speaker enrol each other.
        front_end: one that normalises, fitted.
        seconds: seconds of speech to hear; None hears all other clips.
        condition: one of `CONDITIONS`, that the device enrols under as well.

    Returns:
        A profile for each clip; None where the speaker has no other clip, or is not known.
    """
    assert front_end.normalisation is not None, "only a front end that normalises has a use for profiles"
    heard = [front_end.hear(raw_features(clip, front_end, 0.0, condition)) for clip in clips]
    of_speaker = defaultdict(list)
    for index, clip in enumerate(clips):
        of_speaker[clip.speaker].append(index)
    step_s = front_end.frame_step / front_end.sample_rate
    wanted = None if seconds is None else seconds / step_s
    profiles: list[Heard | None] = []
    for index, clip in enumerate(clips):
        others = [other for other in of_speaker[clip.speaker] if other != index and clip.speaker is not None]
        generator = np.random.default_rng(
            int.from_bytes(hashlib.sha256(clip.path.name.encode()).digest()[:8], "little")
        )
        profiles.append(_until([heard[other] for other in generator.permutation(others)] if others else [], wanted))
    return profiles


def _until(heard: Sequence[Heard], frames: float | None) -> Heard | None:
    """The sum of hearings in order, until so many frames are there."""
    total: Heard | None = None
    for one in heard:
        missing = None if frames is None else frames - (total.frames if total else 0.0)
        if missing is not None and missing <= 0:
            break
        if missing is not None and one.frames > missing:
            one = Heard(missing, one.total * (missing / one.frames))
        total = one if total is None else total + one
    return total
