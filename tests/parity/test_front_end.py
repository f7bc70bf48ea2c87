"""The numpy front end against tf.signal, an independent definition, on real speech and on hostile signals."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from sernet.runtime.front_end import INPUT_TYPES, FeatureStream, FrontEnd, InputType, WaveformError

TOLERANCE = {"mfcc": 5e-4, "mel_spectrogram": 2e-3, "spectrogram": 2e-4}
RATE = 16000


def tf_signal_features(waveform: np.ndarray, input_type: InputType) -> np.ndarray:
    """The paper's features, written with tf.signal."""
    import tensorflow as tf

    spectrogram = tf.abs(tf.signal.stft(waveform.astype(np.float32), 1024, 256, 1024))
    if input_type == "spectrogram":
        return spectrogram.numpy()
    matrix = tf.signal.linear_to_mel_weight_matrix(128, 513, RATE, 80.0, 7600.0)
    log_mel = tf.math.log(tf.matmul(spectrogram, matrix) + 1e-6)
    if input_type == "mel_spectrogram":
        return log_mel.numpy()
    if len(log_mel) == 0:
        return np.empty((0, 40), np.float32)  # TensorFlow's own cosine transform fails on no frames
    mfcc = tf.signal.mfccs_from_log_mel_spectrograms(log_mel)[..., :40]
    return tf.clip_by_value(mfcc, -10.0, 10.0).numpy()


def hostile_signals() -> dict[str, np.ndarray]:
    time = np.arange(RATE) / RATE
    return {
        "silence": np.zeros(RATE, np.float32),
        "full-scale square wave": np.sign(np.sin(2 * np.pi * 437.0 * time)).astype(np.float32),
        "one sample": np.ones(1, np.float32),
        "one click": np.eye(1, RATE, 5000, dtype=np.float32)[0],
        "white noise": np.random.default_rng(0).uniform(-1, 1, RATE).astype(np.float32),
        "quietest PCM16 noise": np.random.default_rng(1).integers(-1, 2, RATE).astype(np.float32) / 32768,
        "one frame": np.random.default_rng(2).uniform(-1, 1, 1024).astype(np.float32),
        "one sample short of a frame": np.ones(1023, np.float32),
        "no sample": np.empty(0, np.float32),
    }


def assert_parity(waveform: np.ndarray, input_type: InputType, name: str) -> None:
    ours = FrontEnd(input_type=input_type).features(waveform)
    theirs = tf_signal_features(waveform, input_type)
    assert ours.shape == theirs.shape and ours.dtype == np.float32
    worst = np.abs(ours - theirs).max(initial=0.0)
    tolerance = TOLERANCE[input_type]
    assert worst <= tolerance, f"{name}, {input_type}: worst difference {worst:.2e}, tolerance {tolerance:.0e}"


@pytest.mark.parametrize("input_type", INPUT_TYPES)
@pytest.mark.parametrize("name", hostile_signals())
def test_equals_tf_signal_on_hostile_signals(name: str, input_type: InputType):
    assert_parity(hostile_signals()[name], input_type, name)


@pytest.mark.parametrize("input_type", INPUT_TYPES)
def test_equals_tf_signal_on_real_speech(emodb: Path, input_type: InputType):
    for path in sorted((emodb / "wav").glob("*.wav"))[::60]:
        waveform, _ = soundfile.read(path, dtype="float32")
        assert_parity(waveform, input_type, path.name)


@pytest.mark.parametrize("input_type", INPUT_TYPES)
@pytest.mark.parametrize("packet", [1, 160, 1000, 1024, 5000])
def test_streaming_equals_batch_bit_for_bit(input_type: InputType, packet: int):
    front_end = FrontEnd(input_type=input_type)
    waveform = np.random.default_rng(packet).normal(0, 0.1, 4000).astype(np.float32)
    stream = FeatureStream(front_end)
    frames = []
    for start in range(0, len(waveform), packet):
        stream.accept(waveform[start : start + packet])
        while stream.ready():
            frames.append(stream.pop())
    np.testing.assert_array_equal(np.stack(frames), front_end.features(waveform))


def test_a_stream_starts_anew_after_reset():
    stream = FeatureStream(FrontEnd())
    stream.accept(np.ones(1000, np.float32))
    stream.reset()
    stream.accept(np.zeros(1024, np.float32))
    np.testing.assert_array_equal(stream.pop(), FrontEnd().features(np.zeros(1024))[0])
    with pytest.raises(IndexError):
        stream.pop()


def test_three_and_seven_seconds_make_184_and_434_frames():
    front_end = FrontEnd()
    assert [front_end.frame_count(front_end.sample_count(s)) for s in (3, 7)] == [184, 434]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_sample_that_is_no_number_is_refused_by_its_place(bad: float):
    waveform = np.zeros(2000, np.float32)
    waveform[1234] = bad
    with pytest.raises(WaveformError, match="sample 1234"):
        FrontEnd().features(waveform)
    with pytest.raises(WaveformError, match="sample 1234"):
        FeatureStream(FrontEnd()).accept(waveform)


def test_stereo_is_refused():
    with pytest.raises(WaveformError, match="one dimension"):
        FrontEnd().features(np.zeros((2000, 2), np.float32))
