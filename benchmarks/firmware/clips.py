"""What boards are asked: recordings, and their rows of features."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sernet.runtime.audio_file import read_audio
from sernet.runtime.bundle import Bundle
from sernet.runtime.interpreter import quantise
from sernet.runtime.network import Network
from sernet.training.corpora.corpus import CorpusOptions
from sernet.training.corpora.locate import locate
from sernet.training.corpora.registry import named_corpus

NOISE_S = (0.5, 1.7, 3.0, 4.3, 7.0)
"""Lengths of the noise that stands in for recordings where there are none."""


@dataclass(frozen=True)
class Recording:
    """A recording and its rows."""

    samples: np.ndarray
    """(samples,), int16."""
    rows: np.ndarray
    """(frames, feature_count), int8: its features, normalised as a whole."""


def recordings(bundle: Bundle, clips: int | Sequence[np.ndarray] | None) -> tuple[str, list[Recording]]:
    """Recordings as `waveforms` gives them, or others, with their rows.

    Args:
        bundle: an int8 model.
        clips: how many; None, or more than there are: all. Or the waveforms themselves, as `waveforms` gives them.

    Returns:
        What they are, and the recordings.
    """
    if isinstance(clips, Sequence):
        return "recordings", _with_rows(bundle, clips)
    what, found = waveforms(bundle.manifest.front_end.sample_rate, clips)
    return what, _with_rows(bundle, found)


def waveforms(sample_rate: int, count: int | None) -> tuple[str, list[np.ndarray]]:
    """EMO-DB's recordings, so many evenly from the shortest to the longest; noise where the corpus is not here.

    Returns:
        What they are, and the recordings: (samples,), float32 in [-1, 1].
    """
    corpus = named_corpus("emodb")
    assert corpus is not None
    folder = locate(corpus)
    if folder is None:
        random = np.random.default_rng(0)
        noise = [(0.1 * random.standard_normal(round(seconds * sample_rate))).astype(np.float32) for seconds in NOISE_S]
        return "noise (EMO-DB is not here: sernet data fetch emodb)", noise
    clips = corpus.read(folder, CorpusOptions()).clips
    paths = sorted((clip.path for clip in clips), key=lambda path: (path.stat().st_size, path.name))
    return "EMO-DB", [read_audio(path, sample_rate) for path in _evenly(paths, count)]


def write_rows(clips: Sequence[np.ndarray], path: Path) -> None:
    """The file that `rows` of firmware_example reads: clips (rows, features), int8."""
    path.write_bytes(b"".join(np.int32(len(clip)).tobytes() + clip.tobytes() for clip in clips))


def write_samples(clips: Sequence[np.ndarray], path: Path) -> None:
    """The file that `samples` of firmware_example reads: clips (samples,), int16."""
    path.write_bytes(b"".join(np.int32(len(clip)).tobytes() + clip.astype("<i2").tobytes() for clip in clips))


def _evenly(paths: list[Path], count: int | None) -> list[Path]:
    count = len(paths) if count is None else min(count, len(paths))
    return [paths[index] for index in np.linspace(0, len(paths) - 1, count).astype(int)]


def _with_rows(bundle: Bundle, waveforms: Sequence[np.ndarray]) -> list[Recording]:
    front_end, tensor = bundle.manifest.front_end, Network(bundle).input_tensor
    found = []
    for waveform in waveforms:
        samples = np.clip(np.rint(waveform * 32768), -32768, 32767).astype(np.int16)
        features = front_end.features(samples.astype(np.float32) / 32768)
        found.append(Recording(samples, quantise(front_end.network_input(features), tensor)))
    return found
