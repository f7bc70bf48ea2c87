"""Sliding windows: the same answers as one window at a time, whatever the packets."""

import dataclasses

import numpy as np
import pytest

from sernet.runtime import Network, Recognizer, SernetError, WaveformError, load_bundle, recognise
from sernet.runtime.recognizer import UNCERTAIN, Recognition

RATE = 16000
STREAM = np.random.default_rng(0).normal(0, 0.1, round(4.7 * RATE)).astype(np.float32)


def answers(recognizer: Recognizer, packet: int, stream: np.ndarray = STREAM) -> list[Recognition]:
    found = []
    for start in range(0, len(stream), packet):
        recognizer.accept(stream[start : start + packet])
        while recognizer.ready():
            found.append(recognizer.pop())
    recognizer.finish()
    while recognizer.ready():
        found.append(recognizer.pop())
    return found


@pytest.mark.parametrize("packet", [160, 4096, 100_000])
def test_each_answer_is_that_of_its_window_alone(packet: int):
    bundle = load_bundle()
    found = answers(Recognizer(bundle, hop_s=0.5), packet)
    network = Network(bundle)
    windows = [(start, min(start + 3 * RATE, len(STREAM))) for start in range(0, len(STREAM), RATE // 2)]
    covered = [w for i, w in enumerate(windows) if i == 0 or windows[i - 1][1] < len(STREAM)]
    assert found == [recognise(network, STREAM[a:b], start_s=a / RATE) for a, b in covered]
    assert found[-1].end_s == pytest.approx(4.7)


def test_a_stream_shorter_than_a_window_gives_one_answer():
    found = answers(Recognizer(load_bundle()), 1000, STREAM[:3200])
    assert [(item.start_s, item.end_s) for item in found] == [(0.0, 0.2)]


def test_a_stream_without_samples_gives_none():
    assert answers(Recognizer(load_bundle()), 1000, STREAM[:0]) == []


def test_nothing_is_ready_before_a_whole_window():
    recognizer = Recognizer(load_bundle())
    recognizer.accept(STREAM[: 3 * RATE - 1])
    assert not recognizer.ready()
    with pytest.raises(IndexError):
        recognizer.pop()


def test_reset_starts_a_new_stream():
    recognizer = Recognizer(load_bundle())
    first = answers(recognizer, 4096)
    recognizer.reset()
    assert answers(recognizer, 4096) == first


def test_a_sample_that_is_no_number_is_refused():
    with pytest.raises(WaveformError, match="sample 0"):
        Recognizer(load_bundle()).accept(np.array([np.nan], np.float32))


@pytest.mark.parametrize("hop", [0.0, -1.0, 3.1])
def test_a_hop_that_leaves_gaps_or_never_moves_is_refused(hop: float):
    with pytest.raises(SernetError, match="at most the window"):
        Recognizer(load_bundle(), hop_s=hop)


def test_an_answer_below_the_threshold_is_uncertain():
    bundle = load_bundle()
    doubtful = dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, uncertain_below=1.01))
    assert recognise(Network(doubtful), STREAM).label == UNCERTAIN
    assert recognise(Network(bundle), STREAM).label in bundle.manifest.labels


def test_temperature_softens_without_changing_the_answer():
    bundle = load_bundle()
    soft = dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, temperature=3.0))
    before, after = (Network(each).waveform_probabilities(STREAM) for each in (bundle, soft))
    assert before.argmax() == after.argmax()
    assert after.max() < before.max()
    assert after.sum() == pytest.approx(1.0, abs=1e-6)
