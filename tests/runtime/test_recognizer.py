"""Sliding windows: the same answers as one window at a time, whatever the packets."""

import dataclasses

import numpy as np
import pytest
from scipy.special import softmax

from sernet.runtime import Bundle, Network, Recognizer, SernetError, WaveformError, load_bundle, recognise
from sernet.runtime.leaning import Leaning
from sernet.runtime.listener import Listener
from sernet.runtime.normalisation import Heard, Normalisation
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
def test_without_normalisation_each_answer_is_that_of_its_window_alone(packet: int):
    bundle = load_bundle()
    front_end = dataclasses.replace(bundle.manifest.front_end, normalisation=None)
    bundle = dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, front_end=front_end))
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


def test_a_bias_is_added_to_the_logarithms_and_can_change_the_answer():
    bundle = load_bundle()
    bundle = dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, temperature=1.0, bias=()))
    before = Network(bundle).waveform_probabilities(STREAM)
    bias = np.zeros(len(before))
    bias[np.argsort(before)[-2]] = 9.0
    manifest = dataclasses.replace(bundle.manifest, bias=tuple(bias.tolist()))
    after = Network(dataclasses.replace(bundle, manifest=manifest)).waveform_probabilities(STREAM)
    assert after.argmax() == np.argsort(before)[-2]
    np.testing.assert_allclose(after, softmax(np.log(np.maximum(before, 1e-12)) + bias), atol=1e-6)


def test_temperature_softens_without_changing_the_answer():
    bundle = load_bundle()
    manifests = [dataclasses.replace(bundle.manifest, temperature=temperature, bias=()) for temperature in (1.0, 3.0)]
    bundles = [dataclasses.replace(bundle, manifest=manifest) for manifest in manifests]
    before, after = (Network(each).waveform_probabilities(STREAM) for each in bundles)
    assert before.argmax() == after.argmax()
    assert after.max() < before.max()
    assert after.sum() == pytest.approx(1.0, abs=1e-6)


@pytest.fixture(scope="module")
def talk(voice) -> np.ndarray:
    """4.3 s with a pause."""
    return np.concatenate([voice(1.9), np.zeros(RATE, np.float32), voice(1.4, pitch=220.0, seed=4)])


@pytest.fixture(scope="module")
def normalising(normalising_bundle) -> Bundle:
    return load_bundle(normalising_bundle)


def by_hand(bundle: Bundle, window: np.ndarray, own: Heard, profile: Heard | None = None) -> np.ndarray:
    """Probabilities of a window, with its own level, the posterior mean and the zeros around it written out."""
    front_end = bundle.manifest.front_end
    assert front_end.normalisation is not None
    corpus = np.array(front_end.normalisation.mean)
    heard = own if profile is None else profile + own
    level = own.total.mean() / own.frames
    shape = (100 * (corpus - corpus.mean()) + heard.total - heard.total.mean()) / (100 + heard.frames)
    inputs = np.zeros((59, 40), np.float32)
    features = (front_end.features(window) - level - shape) / np.array(front_end.normalisation.deviation)
    start = max(0, (59 - len(features)) // 2)
    inputs = features if len(features) > 59 else inputs
    inputs[start : start + len(features)] = features
    return Network(bundle).probabilities(inputs.astype(np.float32))


@pytest.mark.parametrize("seconds", [0.3, 1.0, 1.7])
@pytest.mark.parametrize("known", [False, True])
def test_a_clip_is_measured_by_its_own_speech_and_the_profile(normalising, voice, seconds: float, known: bool):
    front_end = normalising.manifest.front_end
    clip, profile = voice(seconds, seed=2), front_end.hear(front_end.features(voice(20)))
    own = front_end.hear(front_end.features(clip))
    found = Network(normalising).waveform_probabilities(clip, profile if known else None)
    expected = by_hand(normalising, clip, own, profile if known else None)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_profile_changes_the_answer(normalising, voice):
    front_end = normalising.manifest.front_end
    clip, profile = voice(1), front_end.hear(front_end.features(voice(20, pitch=300.0, seed=8)))
    with_profile, without = (recognise(Network(normalising), clip, profile=one) for one in (profile, None))
    assert (
        max(abs(with_profile.probabilities[label] - without.probabilities[label]) for label in without.probabilities)
        > 0.01
    )


def test_an_answer_without_the_voice_s_leaning_decides_label_and_doubt(normalising, talk):
    labels = normalising.manifest.labels
    first = recognise(Network(normalising), talk[:RATE])
    leaning = Leaning(20.0, 200.0 * (np.array(labels) == first.label))
    expected = leaning.taken_from(np.array(list(first.probabilities.values())))
    found = recognise(Network(normalising), talk[:RATE], leaning=leaning)
    np.testing.assert_allclose(list(found.probabilities.values()), expected, atol=1e-6)
    assert found.label == labels[int(expected.argmax())] != first.label
    assert answers(Recognizer(normalising, leaning=leaning), 700, talk[:RATE]) == [found]
    sure = dataclasses.replace(normalising.manifest, uncertain_below=float(expected.max()) + 0.01)
    doubtful = Network(dataclasses.replace(normalising, manifest=sure))
    assert recognise(doubtful, talk[:RATE], leaning=leaning).label == UNCERTAIN


@pytest.mark.parametrize("known", [False, True])
def test_a_stream_of_one_window_is_answered_as_a_clip(normalising, talk, known: bool):
    front_end = normalising.manifest.front_end
    profile = front_end.hear(front_end.features(talk)) if known else None
    recognizer = Recognizer(normalising, hop_s=0.5, profile=profile)
    expected = recognise(Network(normalising), talk[:RATE], profile=profile)
    assert answers(recognizer, 700, talk[:RATE]) == [expected]


def test_each_answer_rests_on_the_window_and_all_speech_up_to_its_end(normalising, talk):
    front_end = normalising.manifest.front_end
    profile = front_end.hear(front_end.features(talk[::-1].copy()))
    found = answers(Recognizer(normalising, hop_s=0.5, profile=profile), 4096, talk)
    listener = Listener(front_end)
    listener.accept(talk)
    assert len(found) == 8
    for answer in found:
        start, end = round(answer.start_s * RATE), round(answer.end_s * RATE)
        expected = by_hand(normalising, talk[start:end], listener.hear(end), profile)
        np.testing.assert_allclose(list(answer.probabilities.values()), expected, atol=1e-5)


@pytest.mark.parametrize("packet", [1, 37, 4096])
def test_normalised_answers_are_the_same_whatever_the_packets(normalising, talk, packet: int):
    stream = talk[: round(1.8 * RATE)]
    expected = answers(Recognizer(normalising, hop_s=0.3), len(stream), stream)
    assert answers(Recognizer(normalising, hop_s=0.3), packet, stream) == expected
    assert len({tuple(answer.probabilities.values()) for answer in expected}) == len(expected)


def test_an_answer_knows_nothing_of_what_comes_after_it(normalising, talk, voice):
    other = np.concatenate([talk[: 2 * RATE], voice(2.3, pitch=90.0, seed=9)])
    one, two = (answers(Recognizer(normalising), 4096, stream) for stream in (talk, other))
    assert one[:3] == two[:3] and one[2].end_s == 2.0
    assert one[3] != two[3]


def test_a_reset_forgets_what_was_heard(normalising, talk):
    recognizer = Recognizer(normalising)
    first = answers(recognizer, 4096, talk)
    recognizer.reset()
    assert answers(recognizer, 4096, talk) == first


def test_speech_before_the_window_is_used(normalising, talk, voice):
    """The same last second after another beginning is measured differently."""
    ends = []
    for pitch in (100.0, 300.0):
        stream = np.concatenate([voice(3, pitch=pitch), talk[:RATE]])
        ends.append(answers(Recognizer(normalising, hop_s=1.0), 4096, stream)[-1])
    assert ends[0].start_s == ends[1].start_s == 3.0
    assert ends[0].probabilities != ends[1].probabilities


@pytest.mark.parametrize("length", [0, 1, 1023])
def test_a_clip_shorter_than_a_frame_cannot_be_measured(normalising, length: int):
    with pytest.raises(SernetError, match=f"{length} samples are fewer than a frame's 1024"):
        Network(normalising).waveform_probabilities(np.zeros(length, np.float32))
    assert answers(Recognizer(normalising), 100, STREAM[:length]) == []


def test_windows_that_do_not_overlap_leave_no_crumb_behind(normalising, talk):
    """After the last whole window 100 samples are left: no frame, so no answer."""
    found = answers(Recognizer(normalising, hop_s=1.0), 4096, talk[: 2 * RATE + 100])
    assert [answer.end_s for answer in found] == [1.0, 2.0]


@pytest.mark.parametrize("fault", ["fused", "without means"])
def test_a_normalising_bundle_that_cannot_work_is_refused(normalising, fault: str):
    manifest = normalising.manifest
    if fault == "fused":
        manifest = dataclasses.replace(manifest, input_kind="waveform")
    else:
        front_end = dataclasses.replace(manifest.front_end, normalisation=Normalisation())
        manifest = dataclasses.replace(manifest, front_end=front_end)
    with pytest.raises(SernetError, match="export it again"):
        Network(dataclasses.replace(normalising, manifest=manifest))
