"""A live session beside what its parts answer on their own."""

import numpy as np
import pytest

from sernet.runtime import Recognizer, load_bundle
from sernet.runtime.bundle import Bundle
from sernet.runtime.live.events import SILENCE
from sernet.runtime.live.session import LiveSession, LiveSettings
from sernet.runtime.live.smoothing import SteadyLabel
from sernet.runtime.network import Network
from sernet.runtime.recognizer import UNCERTAIN, recognise

RATE = 16000


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle()


@pytest.fixture(scope="module")
def spoken(voice) -> np.ndarray:
    return voice(4.0, seed=3)


def heard(session: LiveSession, samples: np.ndarray, block: int = 800) -> list:
    answers = [answer for k in range(0, len(samples), block) for answer in session.accept(samples[k : k + block])]
    return answers + session.finish()


@pytest.mark.parametrize("block", [1, 7, 800, 16000])
def test_windows_are_those_of_the_recognizer_whatever_the_blocks(bundle: Bundle, spoken: np.ndarray, block: int):
    spoken = spoken[: 3 * RATE + 20 * block] if block < 800 else spoken
    recognizer = Recognizer(bundle)
    recognizer.accept(spoken)
    recognizer.finish()
    expected = []
    while recognizer.ready():
        expected.append(recognizer.pop())
    answers = heard(LiveSession(bundle, LiveSettings(vad="off")), spoken, block)
    assert [answer.recognition for answer in answers] == expected
    assert {answer.kind for answer in answers} == {"window"}
    assert all(answer.voice == pytest.approx(1, abs=0.01) for answer in answers)


def test_a_window_without_speech_is_silence(bundle: Bundle, spoken: np.ndarray):
    silence = np.zeros(6 * RATE, np.float32)
    answers = heard(LiveSession(bundle), np.concatenate([silence, spoken, silence]))
    labels = {True: set(), False: set()}
    for answer in answers:
        recognition = answer.recognition
        beside = recognition.end_s < 6.1 or recognition.start_s > 9.9
        if beside:
            labels[True] |= {recognition.label, answer.steady_label}
            assert answer.voice < 0.1
        elif recognition.start_s > 6 and recognition.end_s < 10:
            labels[False] |= {recognition.label, answer.steady_label}
            assert answer.voice > 0.5
    assert labels[True] == {SILENCE} and SILENCE not in labels[False] and labels[False]


def test_an_utterance_is_answered_as_its_samples_are(bundle: Bundle, spoken: np.ndarray):
    silence = np.zeros(2 * RATE, np.float32)
    stream = np.concatenate([silence, spoken, silence, spoken[: 2 * RATE], silence])
    answers = heard(LiveSession(bundle, LiveSettings(mode="utterance")), stream)
    assert [answer.kind for answer in answers] == ["utterance"] * 2
    network = Network(bundle)
    for answer in answers:
        start, end = (round(at * RATE) for at in (answer.recognition.start_s, answer.recognition.end_s))
        samples = stream[start:end]
        assert answer.recognition == recognise(network, samples, start_s=start / RATE)
        assert answer.level_dbfs == pytest.approx(10 * np.log10(np.mean(samples.astype(float) ** 2)), abs=1e-3)
    assert answers[0].recognition.start_s == pytest.approx(2, abs=0.5)


def test_after_a_gap_nothing_is_remembered_and_time_goes_on(bundle: Bundle, spoken: np.ndarray):
    session = LiveSession(bundle, LiveSettings(vad="off"))
    once = heard(session, spoken)
    session.resume()
    assert session.heard_s == len(spoken) / RATE
    again = heard(session, spoken)
    for first, second in zip(once, again, strict=True):
        assert second.recognition.probabilities == first.recognition.probabilities
        assert second.recognition.start_s == first.recognition.start_s + len(spoken) / RATE
    session.reset()
    assert [answer.recognition for answer in heard(session, spoken)] == [answer.recognition for answer in once]


def test_a_label_that_flickers_is_held_and_a_clear_one_is_taken():
    generator = np.random.default_rng(0)
    steady, shown, raw = SteadyLabel(0.5, 0.0), [], []
    for number in range(60):
        lean = 0.1 if number < 30 else 0.9
        anger = float(np.clip(lean * 0.4 + 0.3 + generator.normal(0, 0.25), 0, 1))
        probabilities = {"anger": anger, "fear": 1 - anger}
        raw.append(max(probabilities, key=probabilities.__getitem__))
        shown.append(steady.after(probabilities))
    changes = [sum(a != b for a, b in zip(labels[1:], labels, strict=False)) for labels in (raw, shown)]
    assert changes[0] > 3 * changes[1] and changes[1] >= 1
    assert shown[-1] == "anger" and "fear" in shown[:30]


def test_an_unsure_label_is_uncertain_until_it_is_clearly_sure():
    steady = SteadyLabel(10.0, 0.5)  # a hop so long that nothing is averaged
    shown = [steady.after({"anger": top, "fear": 0.3}) for top in (0.52, 0.6, 0.48, 0.44, 0.52, 0.9)]
    assert shown == [UNCERTAIN, "anger", "anger", UNCERTAIN, UNCERTAIN, "anger"]
