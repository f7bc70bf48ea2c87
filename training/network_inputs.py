"""Clips as the trained network sees them, under a condition, with or without knowing the speaker."""

from collections.abc import Sequence

import numpy as np

from sernet.runtime.audio_file import read_audio
from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import FrontEnd
from sernet.runtime.normalisation import Heard
from sernet.training.augmentation.conditions import under_condition
from sernet.training.clip import Clip


def raw_features(clip: Clip, front_end: FrontEnd, seconds: float, condition: str | None = None) -> np.ndarray:
    """Features before normalisation: (frames, feature_count), float32.

    A front end that normalises takes the clip whole; any other has it cut or padded to `seconds`, as in training.

    Args:
        clip: any clip.
        front_end: how samples become features.
        seconds: length of the network's window.
        condition: one of `CONDITIONS` that the clip is put under; None leaves it as it is.

    Raises:
        SernetError: the clip cannot be read, or is shorter than one frame.
    """
    try:
        waveform = read_audio(clip.path, front_end.sample_rate)
        if condition is not None:
            waveform = under_condition(condition, waveform, clip.path)
        if front_end.normalisation is None:
            waveform = front_end.fit(waveform, front_end.sample_count(seconds))
        elif front_end.frame_count(len(waveform)) < 1:
            raise SernetError(f"{len(waveform)} samples are fewer than a frame's {front_end.frame_length}")
        return front_end.features(waveform)
    except SernetError as error:
        message = str(error)
        raise SernetError(message if str(clip.path) in message else f"{clip.path}: {message}") from None


def network_inputs(
    clips: Sequence[Clip],
    front_end: FrontEnd,
    seconds: float,
    *,
    condition: str | None = None,
    profiles: Sequence[Heard | None] | None = None,
) -> list[np.ndarray]:
    """What the network is given for each clip: (frames, feature_count), float32, at least a window of frames.

    Args:
        clips, front_end, seconds, condition: as of `raw_features`.
        profiles: for each clip, what was heard of its speaker before; None knows nobody.
    """
    inputs = []
    for clip, profile in zip(clips, profiles or [None] * len(clips), strict=True):
        features = front_end.network_input(raw_features(clip, front_end, seconds, condition), profile)
        missing = max(0, front_end.frame_count(front_end.sample_count(seconds)) - len(features))
        inputs.append(np.pad(features, ((missing // 2, missing - missing // 2), (0, 0))))
    return inputs


def middle(inputs: np.ndarray, frames: int) -> np.ndarray:
    """The middle of (any, feature_count), so many frames of it."""
    start = (len(inputs) - frames) // 2
    return inputs[start : start + frames]
