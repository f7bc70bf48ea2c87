"""What is heard of a stream: each frame once, no pauses, whatever the blocks, and nothing of the future."""

from pathlib import Path

import numpy as np
import pytest

from sernet.runtime.audio_file import read_audio
from sernet.runtime.front_end import FrontEnd
from sernet.runtime.listener import MEMORY_S, Listener
from sernet.runtime.normalisation import Heard, Normalisation

RATE = 16000
FRONT_END = FrontEnd(input_type="mel_spectrogram", mel_bins=40, normalisation=Normalisation())
PIECE = 8000
NOISE = {"white": 0.0, "pink": 0.5, "brown": 1.0}


def noise(colour: str, seconds: float, root_mean_square: float = 1.0, seed: int = 0) -> np.ndarray:
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(round(seconds * RATE)))
    spectrum[1:] /= np.arange(1, len(spectrum)) ** NOISE[colour]
    spectrum[0] = 0
    samples = np.fft.irfft(spectrum)
    return (samples * root_mean_square / np.sqrt(np.mean(samples**2))).astype(np.float32)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


def heard_after_pieces(stream: np.ndarray, listener: Listener | None = None) -> list[Heard]:
    """What was heard after each half second."""
    listener = listener or Listener(FRONT_END, memory_s=float("inf"))
    listener.accept(stream)
    return [listener.hear(min(end, len(stream))) for end in range(PIECE, len(stream) + PIECE, PIECE)]


def mean(heard: Heard) -> np.ndarray:
    return heard.total / heard.frames


def off(found: Heard, expected: Heard, speech: np.ndarray) -> float:
    """Worst difference of the means, in deviations of `speech`'s features."""
    return float(np.abs((mean(found) - mean(expected)) / FRONT_END.features(speech).std(axis=0)).max())


def assert_same(one: Heard, other: Heard) -> None:
    assert one.frames == other.frames
    np.testing.assert_array_equal(one.total, other.total)


def test_the_first_piece_is_heard_as_a_clip_is(voice):
    clip = voice(2.3)
    listener = Listener(FRONT_END)
    listener.accept(clip)
    assert_same(listener.hear(len(clip)), FRONT_END.hear(FRONT_END.features(clip)))


@pytest.mark.parametrize("block", [1, 333, 8000])
def test_blocks_make_no_difference(voice, block: int):
    stream = np.concatenate([voice(0.7), silence(0.3), voice(0.6, seed=1)])
    whole, pieces = Listener(FRONT_END), Listener(FRONT_END)
    whole.accept(stream)
    ends = range(4000, len(stream) + 1, 4000)
    expected = [whole.hear(end) for end in ends]
    found = []
    for start in range(0, len(stream), block):
        pieces.accept(stream[start : start + block])
        arrived = min(start + block, len(stream))
        found += [pieces.hear(end) for end in ends if start < end <= arrived]
    for one, other in zip(found, expected, strict=True):
        assert_same(one, other)


def test_each_frame_is_counted_once(voice):
    stream = voice(4)
    listener = Listener(FRONT_END, memory_s=float("inf"))
    listener.accept(stream)
    for end in (RATE, RATE, RATE // 2, 3 * RATE, 3 * RATE + 10, 4 * RATE):  # asking again adds nothing
        heard = listener.hear(end)
    everything = FRONT_END.features(stream)
    assert heard.frames <= len(everything)
    expected = FRONT_END.hear(everything)
    assert heard.frames == pytest.approx(expected.frames, rel=0.05)
    assert off(heard, expected, stream) < 0.1


def test_nothing_of_the_future_is_heard(voice):
    stream = voice(3)
    short, long = Listener(FRONT_END), Listener(FRONT_END)
    short.accept(stream[:RATE])
    long.accept(stream)
    assert_same(short.hear(RATE), long.hear(RATE))


def test_a_new_stream_knows_nothing_of_the_last_one(voice):
    listener = Listener(FRONT_END)
    first = heard_after_pieces(voice(2), listener)[-1]
    listener.reset()
    assert_same(heard_after_pieces(voice(2), listener)[-1], first)


@pytest.mark.parametrize("pause", ["silence", *NOISE])
@pytest.mark.parametrize("first", ["speech", "pause"])
def test_a_pause_adds_nothing(voice, pause: str, first: str):
    stream = np.concatenate([voice(4) if first == "speech" else silence(4), silence(8)])
    if pause != "silence":
        stream = stream + noise(pause, 12, 0.003)
    frames = [heard.frames for heard in heard_after_pieces(stream)]
    assert len(set(frames[8:])) == 1, "a piece that lies in the pause was counted"
    assert (frames[-1] > 0) == (first == "speech")


def test_a_noise_that_begins_is_heard_for_three_seconds_at_most(voice):
    """Until the quietest of what lies behind is that noise."""
    stream = np.concatenate([voice(4), noise("white", 8, 0.003)])
    frames = [heard.frames for heard in heard_after_pieces(stream)]
    assert len(set(frames[8 + 6 :])) == 1


@pytest.mark.parametrize(("colour", "snr_db"), [("white", 40), ("white", 20), ("pink", 20)])
def test_long_pauses_do_not_move_the_mean(voice, colour: str, snr_db: int):
    """However long the noise between the sentences, what is heard is near to what the sentences alone give."""
    sentences = [voice(3, seed=seed) for seed in range(4)]
    level = np.sqrt(np.mean(np.concatenate(sentences) ** 2)) * 10 ** (-snr_db / 20)
    pieces = [part for sentence in sentences for part in (silence(6), sentence)]
    noisy = np.concatenate(pieces)
    noisy = noisy + noise(colour, len(noisy) / RATE, level)
    spoken = [noisy[9 * RATE * k + 6 * RATE :][: 3 * RATE] for k in range(4)]
    expected = sum((FRONT_END.hear(FRONT_END.features(one)) for one in spoken), Heard(0.0, np.zeros(40)))
    naive = FRONT_END.hear(FRONT_END.features(noisy))
    worst, without_gate = (
        off(heard, expected, np.concatenate(spoken)) for heard in (heard_after_pieces(noisy)[-1], naive)
    )
    assert worst < 0.25 < without_gate, (
        f"off by {worst:.2f} deviations, tolerance 0.25; without pieces {without_gate:.2f}"
    )


def test_real_sentences_between_long_pauses_are_heard_as_if_there_were_none(emodb: Path):
    clips = [read_audio(path) for path in sorted((emodb / "wav").glob("08*.wav"))[::6]]
    level = np.sqrt(np.mean(np.concatenate(clips) ** 2)) * 10 ** (-25 / 20)
    noisy = np.concatenate([part for clip in clips for part in (silence(5), clip)])
    noisy = noisy + noise("pink", len(noisy) / RATE, level)
    starts = np.cumsum([5 * RATE + len(clip) for clip in clips]) - [len(clip) for clip in clips]
    spoken = [noisy[start : start + len(clip)] for start, clip in zip(starts, clips, strict=True)]
    expected = sum((FRONT_END.hear(FRONT_END.features(one)) for one in spoken), Heard(0.0, np.zeros(40)))
    found = heard_after_pieces(noisy)[-1]
    worst = off(found, expected, np.concatenate(spoken))
    assert worst < 0.2, f"off by {worst:.2f} deviations of a feature, tolerance 0.2"
    assert found.frames == pytest.approx(expected.frames, rel=0.25)


def test_soft_speech_after_loud_speech_is_heard(voice):
    stream = np.concatenate([voice(4), 0.1 * voice(4, seed=1)])
    frames = [heard.frames for heard in heard_after_pieces(stream)]
    assert frames[-1] - frames[7] > 0.5 * frames[7]


def test_a_bump_does_not_deafen_it(voice):
    bump = noise("brown", 0.3, 0.5)
    stream = np.concatenate([silence(1), bump, silence(1), 0.01 * voice(4)])
    frames = [heard.frames for heard in heard_after_pieces(stream)]
    assert frames[-1] - frames[4] > 100


def test_older_speech_fades(voice):
    """Memory 2 s: after many seconds of another voice, little is left of the first, and the weight stays 2 s."""
    first, second = voice(6), voice(12, pitch=260.0, seed=5)
    forgetful = Listener(FRONT_END, memory_s=2.0)
    heard = heard_after_pieces(np.concatenate([first, second]), forgetful)
    assert heard[11].frames == heard[-1].frames == 2 * RATE / 256
    one, other = (FRONT_END.hear(FRONT_END.features(each)) for each in (first, second))
    assert np.linalg.norm(mean(heard[-1]) - mean(other)) < 0.3 * np.linalg.norm(mean(one) - mean(other))


def test_by_default_a_minute_is_remembered():
    assert MEMORY_S == 60


def bursts(seconds: float, root_mean_square: float) -> np.ndarray:
    """80 ms of noise, four times a second: somebody types."""
    time = np.arange(round(seconds * RATE)) / RATE
    return (noise("white", seconds, root_mean_square) * (time % 0.25 < 0.08)).astype(np.float32)


def test_typing_between_sentences_is_no_speech(voice):
    """It stands out from the room by 12 dB, speech by 40."""
    room = noise("white", 20, 0.0002)
    stream = np.concatenate([voice(4), bursts(12, 0.0006), voice(4, seed=1)]) + room
    frames = [heard.frames for heard in heard_after_pieces(stream)]
    assert frames[8 + 6] == frames[8 + 24 - 1], "typing was counted"
    assert frames[-1] > 1.5 * frames[7]


def test_what_a_muting_headset_lets_through_is_no_speech(voice):
    """Between its bursts is digital silence, so they stand out; but they are more than 30 dB below the speech."""
    stream = np.concatenate([voice(4), silence(4), bursts(6, 0.0001)])
    frames = [heard.frames for heard in heard_after_pieces(stream)]
    assert frames[-1] == frames[8]


def test_a_long_vowel_is_speech(voice):
    """Its level stays, but there were quieter sounds before it."""
    time = np.arange(RATE) / RATE
    overtones = np.arange(1, 30)[:, None]
    vowel = np.sum(0.1 / overtones * np.sin(2 * np.pi * 170 * overtones * time), axis=0, dtype=np.float32)
    frames = [heard.frames for heard in heard_after_pieces(np.concatenate([voice(3), vowel]))]
    assert frames[-1] - frames[5] > 50
