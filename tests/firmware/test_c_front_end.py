"""The C engine's front end, in integers alone, gives the rows that numpy's gives, and the labels."""

import ctypes
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from sernet.export.c_engine.front_end_source import CFrontEndError, check_front_end
from sernet.export.c_engine.writer import write_c
from sernet.runtime.bundle import load_bundle, pack_bundle
from sernet.runtime.front_end import FrontEnd
from sernet.runtime.interpreter import quantise
from sernet.runtime.listener import live_features
from sernet.runtime.network import Network

HERE = Path(__file__).resolve().parent
NANO = HERE.parents[1] / "models" / "emodb-nano-int8.tflite"
WITHIN_ONE_STEP = 0.999
PACKET = 160
MOST_ROWS = 8192


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(load_bundle(NANO), reference_kernels=True)


class Recorder:
    """The engine's front end, with something in the network's place that keeps its rows."""

    def __init__(self, content: bytes, folder: Path, shared_library: Callable[..., Path]) -> None:
        path = folder / "model.tflite"
        path.write_bytes(content)
        sources = ["engine/audio.c", "engine/features.c", HERE / "recorder.c"]
        library = shared_library(folder / "librecorder.so", write_c(path, folder / "model"), *sources)
        self._library = ctypes.CDLL(str(library))
        self._columns = load_bundle(path).manifest.front_end.feature_count

    def rows(self, samples: np.ndarray, packet: int = PACKET) -> np.ndarray:
        """Of a recording (samples,), int16: (rows, feature_count), int8."""
        self._library.recorder_reset()
        for first in range(0, len(samples), packet):
            part = np.ascontiguousarray(samples[first : first + packet])
            self._library.recorder_push(ctypes.c_void_p(part.ctypes.data), len(part))
        rows = np.zeros((MOST_ROWS, self._columns), np.int8)
        return rows[: self._library.recorder_finish(ctypes.c_void_p(rows.ctypes.data))]


@pytest.fixture(scope="module")
def recorder(shared_library: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Recorder:
    return Recorder(NANO.read_bytes(), tmp_path_factory.mktemp("recorder"), shared_library)


def streamed_rows(network: Network, samples: np.ndarray) -> np.ndarray:
    """What numpy's front end gives a network that streams."""
    features = live_features(network.bundle.manifest.front_end, samples.astype(np.float32) / 32768)
    return quantise(features, network.input_tensor)


def speech(seconds: float, level: float = 0.3) -> np.ndarray:
    """Something with pauses, tones and noise, like speech: (samples,), int16."""
    random = np.random.default_rng(0)
    time = np.arange(round(16000 * seconds)) / 16000
    pitch = 120 + 40 * np.sin(2 * np.pi * 0.7 * time)
    voice = np.sign(np.sin(2 * np.pi * np.cumsum(pitch) / 16000)) * (np.sin(2 * np.pi * 1.3 * time) > -0.2)
    return np.rint(32767 * np.clip(level * voice + 0.003 * random.standard_normal(len(time)), -1, 1)).astype(np.int16)


def compared(ours: np.ndarray, expected: np.ndarray) -> None:
    assert ours.shape == expected.shape
    steps = np.abs(ours.astype(int) - expected)
    share = float((steps <= 1).mean())
    told = f"{share:.4%} of {steps.size} features within one step, tolerance {WITHIN_ONE_STEP:.1%}; most {steps.max()}"
    print(told, f"equal: {float((steps == 0).mean()):.2%}")
    assert share >= WITHIN_ONE_STEP, told


@pytest.mark.parametrize("level", [0.95, 0.3, 0.01, 0.0005])
def test_rows_are_numpys(recorder: Recorder, network: Network, level: float) -> None:
    compared(recorder.rows(speech(9.7, level)), streamed_rows(network, speech(9.7, level)))


def test_rows_after_a_minute_are_numpys(recorder: Recorder, network: Network) -> None:
    """Beyond a minute what was heard first fades."""
    samples = np.concatenate([speech(70), speech(12, 0.05)])
    compared(recorder.rows(samples), streamed_rows(network, samples))


def test_packets_of_any_size_give_the_same_rows(recorder: Recorder) -> None:
    samples = speech(3.3)
    expected = recorder.rows(samples)
    for packet in (1, 37, 256, 1024, 5000, len(samples)):
        np.testing.assert_array_equal(recorder.rows(samples, packet), expected, err_msg=f"packets of {packet}")


def test_silence_and_single_samples_are_no_trouble(recorder: Recorder, network: Network) -> None:
    for samples in (np.zeros(20000), np.eye(1, 20000, 9000)[0], 32767 * np.eye(1, 20000, 9000)[0]):
        compared(recorder.rows(samples.astype(np.int16)), streamed_rows(network, samples.astype(np.int16)))


def test_the_loudest_samples_overflow_nothing(recorder: Recorder, network: Network) -> None:
    """Noise at full scale; of a pure tone the bands that hold nothing are those of the rounding, here as in numpy."""
    noise = np.random.default_rng(0).choice([-32768, 32767], 20000).astype(np.int16)
    compared(recorder.rows(noise), streamed_rows(network, noise))


@pytest.mark.parametrize(
    "settings",
    [
        {"clip": 10.0},
        {"input_type": "mel_spectrogram", "mel_bins": 40},
        {"frame_length": 512, "frame_step": 160, "mel_bins": 64},
        {"sample_rate": 8000, "high_hz": 3800.0, "frame_length": 256, "frame_step": 128, "mel_bins": 40},
    ],
)
def test_other_front_ends_give_numpys_rows(
    int8_model: Callable[..., bytes], shared_library: Callable[..., Path], tmp_path: Path, settings: dict[str, Any]
) -> None:
    """Without normalisation, and with other numbers than the released models'."""
    front_end = FrontEnd(**settings)
    manifest = load_bundle(NANO).manifest
    flatbuffer = int8_model(columns=front_end.feature_count)
    manifest = dataclasses.replace(manifest, front_end=front_end, labels=tuple("abcd"), bias=())
    recorder = Recorder(pack_bundle(flatbuffer, manifest), tmp_path, shared_library)
    network = Network(load_bundle(tmp_path / "model.tflite"), reference_kernels=True)
    samples = speech(3)
    expected = quantise(front_end.features(samples.astype(np.float32) / 32768), network.input_tensor)
    compared(recorder.rows(samples), expected)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"level_percentile": 99.9}, "levels whole clips"),
        ({"input_type": "spectrogram"}, "spectrogram"),
        ({"frame_length": 1000}, "power of two"),
        ({"frame_step": 255}, "odd"),
        ({"mel_bins": 70}, "multiple of four"),
    ],
)
def test_other_front_ends_are_refused(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(CFrontEndError, match=reason):
        check_front_end(FrontEnd(**settings))


def test_rows_of_emodb_are_numpys(recorder: Recorder, network: Network, emodb: Path) -> None:
    ours, expected = [], []
    for path in sorted((emodb / "wav").glob("*.wav"))[::10]:
        samples, _ = soundfile.read(path, dtype="int16")
        ours.append(recorder.rows(samples))
        expected.append(streamed_rows(network, samples))
    compared(np.concatenate(ours), np.concatenate(expected))
