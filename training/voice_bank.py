"""Every clip in many voices: features of virtual speakers, computed once, kept on disk, shared by folds and seeds."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import platformdirs

from sernet.runtime.audio_file import read_audio
from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import FrontEnd
from sernet.runtime.normalisation import Heard, Normalisation, speech_frames
from sernet.training.augmentation.virtual_speaker import AugmentationConfig, VirtualSpeaker
from sernet.training.augmentation.vocal_tract import warped_mel_matrix
from sernet.training.clip import Clip

VERSION = 1
"""Raised when the same settings would give other features than before."""


@dataclass(frozen=True)
class VoiceBank:
    """Features of clips, each as it is (voice 0) and as virtual speakers say it (voices 1, 2, ...).

    All clips of a speaker share the virtual speaker of a voice, so that a speaker's statistics in one voice are those
    of one voice in one room. Virtual speakers depend on the speaker's name and the voice's number alone: banks of
    different folds hold the same features, and nothing of one clip depends on another.
    """

    clips: tuple[Clip, ...]
    front_end: FrontEnd
    """Its normalisation is not applied: features are kept as they are."""
    features: list[list[np.ndarray]]
    """[clip][voice]: (frames, feature_count), float16."""

    @property
    def voices(self) -> int:
        """Voices of each clip, its own included."""
        return len(self.features[0])

    @cached_property
    def heard(self) -> list[list[Heard]]:
        """[clip][voice]: what a device hears of its speaker."""
        return [[self.front_end.hear(voice.astype(np.float32)) for voice in clip] for clip in self.features]

    def others(self, index: int) -> np.ndarray:
        """Numbers of the other clips of a clip's speaker; none when the corpus does not name its speakers."""
        speaker = self.clips[index].speaker
        same = [speaker is not None and clip.speaker == speaker for clip in self.clips]
        same[index] = False
        return np.flatnonzero(same)

    def fitted(self) -> "VoiceBank":
        """The same bank, its front end with mean and deviation of these clips' speech.

        The mean is that of all voices; the deviation is taken around each speaker's mean in each voice, because that is
        what is left once a speaker is known.
        """
        normalisation = self.front_end.normalisation
        assert normalisation is not None, "only a front end that normalises has something to fit"
        size = self.front_end.feature_count
        total, frames, squares, known = np.zeros(size), 0.0, np.zeros(size), np.zeros(size)
        groups: dict[tuple[str, int], Heard] = {}
        for clip, voices, heard in zip(self.clips, self.features, self.heard, strict=True):
            for voice, (features, one) in enumerate(zip(voices, heard, strict=True)):
                key = (clip.speaker or str(clip.path), voice)
                groups[key] = groups[key] + one if key in groups else one
                values = features.astype(np.float64)
                speech = speech_frames(self.front_end.levels(values), normalisation.speech_range_db)
                squares += np.square(values[speech]).sum(axis=0)
        for group in groups.values():
            total += group.total
            frames += group.frames
            known += group.total**2 / max(group.frames, 1.0)
        if frames == 0:
            raise SernetError("the training clips hold no speech")
        deviation = np.sqrt(np.maximum((squares - known) / frames, 1e-6))
        fitted = replace(normalisation, mean=_plain(total / frames), deviation=_plain(deviation))
        return replace(self, front_end=replace(self.front_end, normalisation=fitted))


def voice_bank(
    clips: Sequence[Clip],
    front_end: FrontEnd,
    augmentation: AugmentationConfig,
    voices: int,
    progress: Callable[[int, int], None] | None = None,
) -> VoiceBank:
    """The bank of these clips; features of a clip that were computed before are read from the user's cache.

    Args:
        clips: any clips.
        front_end: how samples become features.
        augmentation: how virtual speakers are drawn.
        voices: voices of each clip, its own included.
        progress: told how many of how many clips are there.

    Raises:
        SernetError: a clip cannot be read, or is too short for a frame.
    """
    raw = replace(front_end, normalisation=front_end.normalisation and Normalisation())
    settings = json.dumps([VERSION, raw.to_json(), augmentation.to_json(), voices], sort_keys=True)
    folder = Path(platformdirs.user_cache_dir("sernet")) / "voices" / hashlib.sha256(settings.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    features = []
    for index, clip in enumerate(clips):
        features.append(_cached(folder, clip, raw, augmentation, voices))
        if progress:
            progress(index + 1, len(clips))
    return VoiceBank(tuple(clips), front_end, features)


def clip_voices(clip: Clip, front_end: FrontEnd, augmentation: AugmentationConfig, voices: int) -> list[np.ndarray]:
    """Features of one clip in all voices: (frames, feature_count) each, float16; whole clips, of different lengths."""
    waveform = read_audio(clip.path, front_end.sample_rate)
    if front_end.frame_count(len(waveform)) < 1:
        raise SernetError(f"{clip.path}: {len(waveform)} samples are fewer than a frame's {front_end.frame_length}")
    features = [front_end.features(waveform)]
    generator = np.random.default_rng(_number(clip.path.name))
    for voice in range(1, voices):
        speaker, mel_matrix = _virtual_speaker(clip.speaker or clip.path.name, voice, front_end, augmentation)
        features.append(front_end.features(speaker.apply(waveform, generator), mel_matrix))
    return [one.astype(np.float16) for one in features]


def _cached(
    folder: Path, clip: Clip, front_end: FrontEnd, augmentation: AugmentationConfig, voices: int
) -> list[np.ndarray]:
    stat = clip.path.stat()
    key = json.dumps([str(clip.path), clip.speaker, stat.st_size, stat.st_mtime_ns])
    path = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.npz"
    if not path.is_file():
        temporary = path.with_suffix(f".{os.getpid()}.npz")
        try:
            features = clip_voices(clip, front_end, augmentation, voices)
            np.savez(temporary, frames=[len(one) for one in features], features=np.concatenate(features))
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    with np.load(path) as stored:
        return np.split(stored["features"], np.cumsum(stored["frames"])[:-1])


@lru_cache(maxsize=1024)
def _virtual_speaker(
    name: str, voice: int, front_end: FrontEnd, augmentation: AugmentationConfig
) -> tuple[VirtualSpeaker, np.ndarray]:
    """The virtual speaker that a voice makes of a speaker, and its mel matrix."""
    speaker = VirtualSpeaker.draw(np.random.default_rng((voice, _number(name))), augmentation)
    return speaker, warped_mel_matrix(front_end, speaker.warp)


def _number(name: str) -> int:
    """A seed made of a name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")


def _plain(values: np.ndarray) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)
