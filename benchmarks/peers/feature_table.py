"""A peer's features of many clips: made by two processes, and kept for another benchmark."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sernet.benchmarks.peers.apart import apart
from sernet.benchmarks.peers.peer import SAMPLE_RATE, Peer
from sernet.benchmarks.tracking import Tracker
from sernet.runtime.audio_file import read_audio
from sernet.runtime.errors import SernetError
from sernet.training.atomic import atomic_path
from sernet.training.clip import Clip

CHUNK = 16
"""Clips that a process is given at once."""


def feature_table(peer: Peer, clips: Sequence[Clip], folder: Path, track: Tracker) -> np.ndarray:
    """Features of all clips, (clips, features), float32.

    Args:
        peer: whose features.
        clips: any.
        folder: where they are kept, by the peer's versions and the clips' files.
        track: shows how far it is.

    Raises:
        SernetError: a package is missing, a clip cannot be read, or it is too short for the peer.
    """
    path = folder / f"{_key(peer, clips)}.npy"
    if not path.is_file():
        table = _extract(peer, clips, track)
        with atomic_path(path) as temporary:
            np.save(temporary, table)
    return np.load(path)


def _extract(peer: Peer, clips: Sequence[Clip], track: Tracker) -> np.ndarray:
    chunks = [(peer, clips[start : start + CHUNK]) for start in range(0, len(clips), CHUNK)]
    return np.concatenate(list(apart(_features, chunks, track, f"{peer.name}: features")))


def _features(peer: Peer, clips: Sequence[Clip]) -> np.ndarray:
    table = np.stack([peer.features(read_audio(clip.path, SAMPLE_RATE)) for clip in clips]).astype(np.float32)
    for clip, row in zip(clips, table, strict=True):
        if not np.isfinite(row).all():
            raise SernetError(f"{clip.path}: {peer.name} makes no features of it: it is too short or silent")
    return table


def _key(peer: Peer, clips: Sequence[Clip]) -> str:
    files = [(str(clip.path), (stat := clip.path.stat()).st_size, stat.st_mtime_ns) for clip in clips]
    identity = json.dumps([peer.name, peer.versions(), files])
    return hashlib.sha256(identity.encode()).hexdigest()[:24]
