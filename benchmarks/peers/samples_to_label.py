"""From samples in memory to a label, ours and the peers', in turns and with one thread each."""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle

import numpy as np
from threadpoolctl import threadpool_limits

from sernet.benchmarks.latency import BLOCK, UNTIMED, Samples, interleaved_latency
from sernet.benchmarks.peers.peer import SAMPLE_RATE, Classifier, Peer
from sernet.benchmarks.tracking import Tracker
from sernet.benchmarks.variant import Variant
from sernet.runtime.audio_file import read_audio
from sernet.runtime.recognizer import recognise
from sernet.training.clip import Clip

CLIPS = BLOCK + UNTIMED
"""As many as a turn has calls: every turn is of the same clips, and times the same ones."""


def samples_to_label(
    variants: Mapping[str, Variant],
    classifiers: Mapping[Peer, Classifier],
    clips: Sequence[Clip],
    turns: int,
    track: Tracker,
) -> Samples:
    """Milliseconds of every call, by the names of the models and of the peers.

    Args:
        variants: our files, by model.
        classifiers: of the peers, fitted.
        clips: that are answered one after the other, `CLIPS` of them where there are as many.
        turns: of each model.
        track: shows how far it is.
    """
    waveforms = [read_audio(clip.path, SAMPLE_RATE) for clip in clips]
    calls = {model: _cycling(_ours(variant), waveforms) for model, variant in variants.items()}
    calls |= {peer.name: _cycling(_theirs(peer, fitted), waveforms) for peer, fitted in classifiers.items()}
    with threadpool_limits(1):
        return interleaved_latency(calls, turns * BLOCK, track, "samples to label")


def _ours(variant: Variant) -> Callable[[np.ndarray], str]:
    network = variant.network()
    return lambda waveform: recognise(network, waveform).label


def _theirs(peer: Peer, classifier: Classifier) -> Callable[[np.ndarray], int]:
    return lambda waveform: int(classifier.predict(peer.features(waveform)[None])[0])


def _cycling(answer: Callable[[np.ndarray], object], waveforms: Sequence[np.ndarray]) -> Callable[[], object]:
    endless = cycle(waveforms)
    return lambda: answer(next(endless))
