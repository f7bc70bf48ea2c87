"""From samples in memory to a label, ours and the peers', in turns and with one thread each."""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from sernet.benchmarks.latency import BLOCK, UNTIMED, Samples, interleaved_latency
from sernet.benchmarks.peers.apart import apart
from sernet.benchmarks.peers.peer import SAMPLE_RATE, Classifier, Peer
from sernet.benchmarks.tracking import Tracker
from sernet.runtime.audio_file import read_audio
from sernet.runtime.bundle import load_bundle
from sernet.runtime.network import Network
from sernet.runtime.recognizer import recognise
from sernet.training.clip import Clip

CLIPS = BLOCK + UNTIMED
"""As many as a turn has calls: every turn is of the same clips, and times the same ones."""


def samples_to_label(
    models: Mapping[str, Path],
    classifiers: Mapping[Peer, Classifier],
    clips: Sequence[Clip],
    turns: int,
    track: Tracker,
) -> Samples:
    """Milliseconds of every call, by the names of the models and of the peers; all in one process.

    Args:
        models: our files, by name.
        classifiers: of the peers, fitted.
        clips: that are answered one after the other, `CLIPS` of them where there are as many.
        turns: of each model.
        track: shows that it is under way.

    Raises SernetError when a model or a clip cannot be read.
    """
    waveforms = [read_audio(clip.path, SAMPLE_RATE) for clip in clips]
    (samples,) = apart(_time, [(models, classifiers, waveforms, turns)], track, "samples to label")
    return samples


def _time(
    models: Mapping[str, Path], classifiers: Mapping[Peer, Classifier], waveforms: Sequence[np.ndarray], turns: int
) -> Samples:
    answering = {model: _ours(path) for model, path in models.items()}
    answering |= {peer.name: _theirs(peer, fitted) for peer, fitted in classifiers.items()}
    calls = {name: _cycling(answer, waveforms) for name, answer in answering.items()}
    with threadpool_limits(1):
        return interleaved_latency(calls, turns * BLOCK, lambda items, name: iter(items), "")


def _ours(path: Path) -> Callable[[np.ndarray], object]:
    network = Network(load_bundle(path))
    return lambda waveform: recognise(network, waveform).label


def _theirs(peer: Peer, classifier: Classifier) -> Callable[[np.ndarray], object]:
    return lambda waveform: classifier.predict(peer.features(waveform)[None])[0]


def _cycling(answer: Callable[[np.ndarray], object], waveforms: Sequence[np.ndarray]) -> Callable[[], object]:
    endless = cycle(waveforms)
    return lambda: answer(next(endless))
