"""The gate on sound whose speech is known to the sample: bursts in a room's noise, at many levels."""

import itertools

import numpy as np
import pytest

from sernet.runtime.live.voice_activity import Detector, EnergyActivity, open_voice_activity
from sernet.runtime.live.voice_gate import LONGEST_S, Piece, VoiceGate

RATE = 16000


def voice(seconds: float, seed: int = 0) -> np.ndarray:
    """Syllables at 4 Hz of a harmonic voice, with a peak at full scale."""
    time = np.arange(round(seconds * RATE)) / RATE
    pitch = 140 + 20 * np.sin(2 * np.pi * 0.5 * time + seed)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    harmonics = sum(np.sin(k * phase) / k for k in range(1, 20))
    sound = harmonics * (0.15 + np.abs(np.sin(2 * np.pi * 2 * time)))
    return (sound / np.abs(sound).max()).astype(np.float32)


def scene(spoken: list[np.ndarray], gain_db: float, noise_db: float, pause_s: float = 1.5) -> tuple[np.ndarray, list]:
    """Speech between pauses in white noise, and where each begins and ends, in seconds."""
    pause = np.zeros(round(pause_s * RATE), np.float32)
    parts, bounds, at = [pause], [], len(pause)
    for speech in spoken:
        parts += [speech * 10 ** (gain_db / 20), pause]
        bounds.append((at / RATE, (at + len(speech)) / RATE))
        at += len(speech) + len(pause)
    sound = np.concatenate(parts)
    noise = np.random.default_rng(1).standard_normal(len(sound)) * 10 ** (noise_db / 20)
    return (sound + noise).astype(np.float32), bounds


def pieces_of(sound: np.ndarray, activity, **options) -> list[Piece]:
    gate = VoiceGate(activity.frame, RATE, **options)
    pieces = []
    frames = sound[: len(sound) // activity.frame * activity.frame].reshape(-1, activity.frame)
    for part in np.array_split(frames, 7):
        for frame, voiced in zip(part, activity.voiced(part), strict=True):
            pieces += gate.accept(frame, bool(voiced))
    return [*pieces, *gate.finish()]


def utterances(pieces: list[Piece]) -> list[tuple[float, np.ndarray]]:
    """Start in seconds and samples of each, from its pieces."""
    found, current = [], []
    for piece in pieces:
        current.append(piece)
        if piece.ended:
            found.append((current[0].start / RATE, np.concatenate([part.samples for part in current])))
            current = []
    assert not current, "an utterance was begun and not ended"
    return found


@pytest.mark.parametrize("noise_db", [-80.0, -60.0, -45.0])
@pytest.mark.parametrize("gain_db", [0.0, -20.0])
def test_what_is_said_between_pauses_is_an_utterance(gain_db: float, noise_db: float) -> None:
    sound, bounds = scene([voice(1.2, 1), voice(2.5, 2), voice(0.8, 3)], gain_db, noise_db)
    found = utterances(pieces_of(sound, EnergyActivity(RATE)))
    assert len(found) == len(bounds)
    for (start, samples), (begin, end) in zip(found, bounds, strict=True):
        assert begin - 0.55 <= start <= begin, "it begins a little before the voice"
        assert end - 0.15 <= start + len(samples) / RATE <= end + 0.25, "and its last pause is not part of it"


def test_pieces_are_the_stream_s_own_samples_without_gaps() -> None:
    sound, _ = scene([voice(1.2, 1), voice(2.5, 2)], -6.0, -60.0)
    for start, samples in utterances(pieces_of(sound, EnergyActivity(RATE))):
        first = round(start * RATE)
        np.testing.assert_array_equal(samples, sound[first : first + len(samples)])


def test_a_pause_inside_a_sentence_does_not_end_it_and_a_longer_one_does() -> None:
    for pause_s, count in ((0.4, 1), (1.2, 2)):
        sound, _ = scene([voice(1.0, 1), voice(1.0, 2)], -6.0, -60.0, pause_s)
        assert len(utterances(pieces_of(sound, EnergyActivity(RATE)))) == count
    sound, _ = scene([voice(1.0, 1), voice(1.0, 2)], -6.0, -60.0, 0.4)
    assert len(utterances(pieces_of(sound, EnergyActivity(RATE), pause_s=0.2))) == 2


@pytest.mark.parametrize("noise_db", [-60.0, -30.0, -15.0])
def test_silence_steady_noise_and_clicks_are_no_speech(noise_db: float) -> None:
    noise = (np.random.default_rng(2).standard_normal(20 * RATE) * 10 ** (noise_db / 20)).astype(np.float32)
    noise[5 * RATE : 5 * RATE + 200] = 0.9  # a click
    noise += 0.1  # and a cheap microphone's constant
    assert utterances(pieces_of(noise, EnergyActivity(RATE))) == []
    assert utterances(pieces_of(np.zeros(5 * RATE, np.float32), EnergyActivity(RATE))) == []


def test_noise_that_begins_is_learned() -> None:
    """A fan is switched on: it may open the gate, and does not keep it open."""
    sound = np.random.default_rng(3).standard_normal(30 * RATE).astype(np.float32) * 1e-4
    sound[5 * RATE :] *= 300
    found = utterances(pieces_of(sound, EnergyActivity(RATE)))
    assert len(found) <= 1
    assert all(start + len(samples) / RATE < 5 + 7 for start, samples in found)


def test_who_never_pauses_is_answered_all_the_same() -> None:
    found = utterances(pieces_of(voice(2.5 * LONGEST_S), open_voice_activity("off", RATE)))
    assert [round(len(samples) / RATE) for _, samples in found] == [20, 20, 10]
    for (start, samples), (after, _) in itertools.pairwise(found):
        assert start + len(samples) / RATE == pytest.approx(after, abs=0.2), "nothing is lost between them"


@pytest.mark.parametrize("detector", ["energy", "webrtc", "silero"])
def test_every_detector_finds_a_real_clip(emodb, detector: Detector) -> None:
    import soundfile

    clip = soundfile.read(emodb / "wav" / "03a01Fa.wav", dtype="float32")[0]
    sound, ((begin, end),) = scene([clip], 0.0, -70.0)
    activity = open_voice_activity(detector, RATE)
    for _ in range(2):  # and again after a reset
        ((start, samples),) = utterances(pieces_of(sound, activity))
        assert start == pytest.approx(begin, abs=0.5) and start + len(samples) / RATE == pytest.approx(end, abs=0.3)
        activity.reset()
