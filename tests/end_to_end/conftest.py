"""A real clip to speak, and a small network that tells its parts from one another."""

from pathlib import Path

import numpy as np
import pytest

from sernet.runtime.audio_file import read_audio
from sernet.runtime.bundle import Manifest, pack_bundle
from sernet.runtime.front_end import FrontEnd

RATE = 16000
LABELS = ("anger", "fear", "happiness", "neutral", "sadness")


@pytest.fixture(scope="session")
def speech(request: pytest.FixtureRequest) -> np.ndarray:
    """About 3 s at 16 kHz, with 2 s of silence at both ends: an EMO-DB clip, else a voice-like signal."""
    try:
        corpus: Path = request.getfixturevalue("emodb")
        voice = read_audio(corpus / "wav" / "03a01Fa.wav")
    except pytest.skip.Exception:
        voice = _voice_like(3 * RATE)
    silence = np.zeros(2 * RATE, np.float32)
    return np.concatenate([silence, voice, silence])


def _voice_like(samples: int) -> np.ndarray:
    time = np.arange(samples) / RATE
    phase = 2 * np.pi * np.cumsum(170 + 60 * np.sin(2 * np.pi * 0.7 * time)) / RATE
    harmonics = sum(np.sin(k * phase) / k for k in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * 2.3 * time), 0, None) * (0.3 + 0.7 * time / time[-1])
    return (0.4 * syllables * harmonics).astype(np.float32)


@pytest.fixture(scope="session")
def bundle(speech: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with a window of 1 s. Its random network is centred on `speech`, so that the windows' labels differ."""
    import keras
    import tensorflow as tf

    front_end = FrontEnd()
    features = np.stack([front_end.features(speech[k : k + RATE]) for k in range(0, len(speech) - RATE, RATE // 4)])
    keras.utils.set_random_seed(1)
    inputs = keras.Input((*features.shape[1:], 1))
    hidden = keras.layers.Conv2D(16, (5, 5), activation="relu")(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(hidden)
    means = keras.Model(inputs, pooled).predict(features[..., None], verbose=0)
    weights = np.random.default_rng(1).standard_normal((16, len(LABELS))) / means.std(axis=0).mean()
    dense = keras.layers.Dense(len(LABELS), activation="softmax")
    model = keras.Model(inputs, dense(pooled))
    dense.set_weights([weights, -means.mean(axis=0) @ weights])

    path = tmp_path_factory.mktemp("bundle") / "windows.tflite"
    manifest = Manifest("windows", LABELS, front_end, window_s=1.0, quantisation="float32")
    path.write_bytes(pack_bundle(tf.lite.TFLiteConverter.from_keras_model(model).convert(), manifest))
    return path
