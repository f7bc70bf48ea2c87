"""Other packages' front ends: set to our numbers, and timed in turns."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sernet.benchmarks.peers.front_ends import kaldi, librosa, own, python_speech, tf_signal
from sernet.benchmarks.suite import front_ends
from sernet.benchmarks.suite.job import Job
from sernet.runtime.filter_bank import mel_matrix
from sernet.runtime.front_end import FrontEnd

pytestmark = pytest.mark.usefixtures("peers_installed")

FRONT_END = FrontEnd(clip=1000.0)
TOLERANCE = {"librosa": 0.02, "tf.signal": 5e-4}


@pytest.fixture(scope="module")
def waveform(voice: Callable[..., np.ndarray]) -> np.ndarray:
    return voice(3.0)


@pytest.mark.parametrize(("name", "module"), [("librosa", librosa), ("tf.signal", tf_signal)])
def test_those_that_can_be_set_to_our_definition_agree(waveform: np.ndarray, name: str, module: Any) -> None:
    theirs, ours = module.batch(FRONT_END)(waveform), FRONT_END.features(waveform)
    assert theirs.shape == ours.shape == (184, 40)
    worst, tolerance = float(np.abs(theirs - ours).max()), TOLERANCE[name]
    assert worst <= tolerance, f"{name}: worst difference {worst:.2e}, tolerance {tolerance:.0e}"


def test_kaldi_is_ours_but_for_powers(waveform: np.ndarray) -> None:
    """The same frames, window and bands, but of powers, and an orthonormal cosine transform."""
    from scipy.fft import dct

    theirs = kaldi.batch(FRONT_END)(waveform)
    periodic = np.hanning(1025)[:1024]
    frames = np.lib.stride_tricks.sliding_window_view(waveform.astype(np.float64), 1024)[::256] * periodic
    bands = np.abs(np.fft.rfft(frames)) ** 2 @ mel_matrix(128, 513, 16000, 80.0, 7600.0)
    by_hand = dct(np.log(np.maximum(bands, np.finfo(np.float32).eps)), norm="ortho")[:, :40]
    assert theirs.shape == (184, 40)
    worst = float(np.abs(theirs - by_hand).max())
    assert worst <= 1e-3, f"worst difference {worst:.2e}, tolerance 1e-03"


@pytest.mark.parametrize("module", [own, kaldi])
def test_streaming_gives_the_frames_of_the_batch(waveform: np.ndarray, module: Any) -> None:
    streaming = module.streaming(FRONT_END, 160)
    for _ in range(2):  # nothing of the waveform before is left
        np.testing.assert_array_equal(streaming(waveform), module.batch(FRONT_END)(waveform))


def test_python_speech_features_hears_the_same(waveform: np.ndarray) -> None:
    """Another definition, of one frame more; frame by frame the cepstra run alike."""
    theirs, ours = python_speech.batch(FRONT_END)(waveform), FRONT_END.features(waveform)
    for coefficient in range(1, 8):
        one, other = theirs[: len(ours), coefficient], ours[:, coefficient]
        assert np.corrcoef(one, other)[0, 1] > 0.8, coefficient


@pytest.fixture(scope="module")
def result(tiny_job: Job) -> Any:
    return front_ends.measure(tiny_job)


def test_values_follow_the_contract(result: Any, check_contract: Callable[..., None]) -> None:
    check_contract(result.values)
    medians = {(v["front_end"], v["mode"]) for v in result.values if v["metric"] == "latency median"}
    assert medians == {(name, "batch") for name in front_ends.MODULES} | {
        (name, "streaming") for name in front_ends.STREAMING
    }
    assert {v["front_end"] for v in result.values if v["metric"] == "worst difference"} == {"librosa", "tf.signal"}


def test_medians_are_those_of_the_raw_samples(result: Any) -> None:
    for value in result.values:
        if value["metric"] == "latency median":
            samples = result.details["samples"][value["mode"]][value["front_end"]]
            assert value["value"] == np.median(np.concatenate(samples)) and value["n"] == sum(map(len, samples))


def test_a_missing_package_is_left_out_with_the_line_that_installs_it(
    tiny_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kaldi, "PACKAGES", ("no-such-package",))
    monkeypatch.setattr(front_ends, "FEW_TURNS", 1)
    result = front_ends.measure(tiny_job)
    assert 'pip install "sernet[peers]"' in result.details["left_out"]["kaldi-native-fbank"]
    assert {v["front_end"] for v in result.values} == set(front_ends.MODULES) - {"kaldi-native-fbank"}
