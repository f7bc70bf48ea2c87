"""Clips as the network's input: read, cut or padded, turned into features, and kept where the cache setting says."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import platformdirs

from sernet.runtime.audio_file import read_audio
from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import FrontEnd
from sernet.training.clip import Clip
from sernet.training.config import Cache

Progress = Callable[[int, int], None]
"""Called with how many of how many clips are done."""


def clip_waveform(clip: Clip, front_end: FrontEnd, seconds: float) -> np.ndarray:
    """A clip's samples, cut to its middle or centred in zeros: (seconds * sample_rate,), float32."""
    return front_end.fit(read_audio(clip.path, front_end.sample_rate), front_end.sample_count(seconds))


def clip_features(clip: Clip, front_end: FrontEnd, seconds: float) -> np.ndarray:
    """A clip's features: (frames, feature_count), float32. Raises SernetError with the clip's path if it is broken."""
    try:
        return front_end.features(clip_waveform(clip, front_end, seconds))
    except SernetError as error:
        message = str(error)
        raise SernetError(message if str(clip.path) in message else f"{clip.path}: {message}") from None


def features_of(
    clips: Sequence[Clip], front_end: FrontEnd, seconds: float, cache: Cache = "ram", progress: Progress | None = None
) -> "Features":
    """Features of all clips, indexable by an array of indices: (clips, frames, feature_count), float32.

    With the cache ``disk`` they are a memory map of a file in the user's cache, shared by all runs with these very
    clips and front end; with ``none`` each access computes them.
    """
    if cache == "none":
        return LazyFeatures(clips, front_end, seconds)
    shape = (len(clips), front_end.frame_count(front_end.sample_count(seconds)), front_end.feature_count)
    if cache == "ram":
        return _fill(np.empty(shape, np.float32), clips, front_end, seconds, progress)
    path = Path(platformdirs.user_cache_dir("sernet")) / "features" / f"{_key(clips, front_end, seconds)}.npy"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            _fill(np.lib.format.open_memmap(temporary, "w+", np.float32, shape), clips, front_end, seconds, progress)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    return np.load(path, mmap_mode="r")


class LazyFeatures:
    """Features that are computed each time they are asked for; indexed like the array that `features_of` gives."""

    def __init__(self, clips: Sequence[Clip], front_end: FrontEnd, seconds: float) -> None:
        self._clips, self._front_end, self._seconds = clips, front_end, seconds

    def __len__(self) -> int:
        return len(self._clips)

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        return np.stack([clip_features(self._clips[index], self._front_end, self._seconds) for index in indices])


Features = np.ndarray | LazyFeatures
"""(clips, frames, feature_count), float32, indexed by arrays of clip numbers."""


class Batches(keras.utils.PyDataset):
    """One epoch's batches of features and one-hot labels.

    Their order depends on `seed` and `epoch` (counted from 1) alone, so that a run can resume; without a seed it is
    the order of the clips.
    """

    def __init__(
        self,
        features: Features,
        targets: np.ndarray,
        batch_size: int,
        *,
        seed: int | None = None,
        epoch: int = 0,
    ) -> None:
        super().__init__()
        self._features, self._targets, self._batch_size = features, targets, batch_size
        self._order = np.arange(len(targets))
        if seed is not None:
            np.random.default_rng((seed, epoch)).shuffle(self._order)

    def __len__(self) -> int:
        return -(-len(self._targets) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        return self._features[chosen][..., None], self._targets[chosen]


def _fill(
    array: np.ndarray, clips: Sequence[Clip], front_end: FrontEnd, seconds: float, progress: Progress | None
) -> np.ndarray:
    for index, clip in enumerate(clips):
        array[index] = clip_features(clip, front_end, seconds)
        if progress:
            progress(index + 1, len(clips))
    return array


def _key(clips: Sequence[Clip], front_end: FrontEnd, seconds: float) -> str:
    files = [(str(clip.path), (stat := clip.path.stat()).st_size, stat.st_mtime_ns) for clip in clips]
    return hashlib.sha256(json.dumps([front_end.to_json(), seconds, files]).encode()).hexdigest()[:24]
