"""What the page's network sees is what Python's sees, for the same samples."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sernet.runtime.bundle import Manifest, load_bundle, pack_bundle
from sernet.runtime.calibration import Calibration
from sernet.runtime.front_end import FrontEnd, InputType
from sernet.runtime.listener import Listener
from sernet.runtime.recognizer import Recognizer

Job = Callable[..., Any]
TOLERANCE = 1e-3


def assert_near(page: np.ndarray | None, python: np.ndarray) -> None:
    assert page is not None and page.size == python.size
    error = np.abs(page.reshape(python.shape) - python).max()
    assert error <= TOLERANCE, f"features differ by {error:.2g}, tolerance {TOLERANCE}"


def bundle_of(front_end: FrontEnd, folder: Path) -> Path:
    """A bundle whose network is missing: its front end alone is asked for."""
    path = folder / "front_end.tflite"
    manifest = Manifest("front-end", ("a", "b"), front_end, window_s=1.0, quantisation="float32")
    path.write_bytes(pack_bundle(b"\0\0\0\0TFL3", manifest))
    return path


def clip_input(front_end: FrontEnd, waveform: np.ndarray, window: int) -> np.ndarray:
    """What `Network.waveform_probabilities` gives the network."""
    if front_end.normalisation is None:
        return front_end.features(front_end.fit(waveform, max(window, len(waveform))))
    features = front_end.network_input(front_end.features(waveform))
    missing = max(0, front_end.frame_count(window) - len(features))
    return np.pad(features, ((missing // 2, missing - missing // 2), (0, 0)))


@pytest.mark.parametrize("kind", ["mfcc", "mel_spectrogram", "spectrogram"])
def test_features_are_pythons(job: Job, voice, tmp_path: Path, kind: InputType):
    front_end = FrontEnd(input_type=kind, mel_bins=64, coefficients=20, low_hz=50.0, high_hz=7000.0)
    waveform = np.concatenate([np.zeros(3000, np.float32), voice(1.3)])
    assert_near(job("features", waveform, bundle=bundle_of(front_end, tmp_path)).values, front_end.features(waveform))


@pytest.mark.parametrize("frame_length", [256, 512])
def test_other_rates_and_frames_come_from_the_bundle(job: Job, voice, tmp_path: Path, frame_length: int):
    front_end = FrontEnd(sample_rate=8000, frame_length=frame_length, frame_step=100, high_hz=3800.0)
    waveform = voice(1.0)[::2].copy()
    assert_near(job("features", waveform, bundle=bundle_of(front_end, tmp_path)).values, front_end.features(waveform))


@pytest.mark.parametrize("seconds", [0.4, 3.0, 4.2])
def test_a_clip_of_the_shipped_model_is_normalised_and_centred_as_pythons(job: Job, voice, seconds: float):
    bundle, waveform = load_bundle(), voice(seconds)
    expected = clip_input(bundle.manifest.front_end, waveform, bundle.window_samples)
    assert_near(job("clip", waveform).values, expected)


def test_a_clip_levelled_by_its_percentile_is_pythons(job: Job, voice, tmp_path: Path):
    front_end, waveform = FrontEnd(level_percentile=99.9), 0.1 * voice(0.7)
    expected = clip_input(front_end, waveform, 16000)
    assert_near(job("clip", waveform, bundle=bundle_of(front_end, tmp_path)).values, expected)


def test_five_recordings_are_pythons(job: Job, emodb: Path):
    from sernet.runtime.audio_file import read_audio

    bundle = load_bundle()
    for path in sorted((emodb / "wav").glob("*.wav"))[::110]:
        waveform = read_audio(path)
        expected = clip_input(bundle.manifest.front_end, waveform, bundle.window_samples)
        assert_near(job("clip", waveform).values, expected)


def test_windows_of_a_stream_are_pythons_with_its_pauses_and_its_end(job: Job, voice):
    """Speech, a pause with steady noise, and a louder speaker: the listener decides anew in each."""
    noise = np.random.default_rng(1).normal(0, 0.002, 96000).astype(np.float32)
    stream = np.concatenate([voice(4.3), noise, 1.9 * voice(3.1, pitch=240.0, seed=5)])
    bundle = load_bundle()
    front_end, recognizer = bundle.manifest.front_end, Recognizer(bundle)
    recognizer.accept(stream)
    recognizer.finish()
    answers = []
    while recognizer.ready():
        answers.append(recognizer.pop())
    listener = Listener(front_end)
    listener.accept(stream)
    inputs = []
    for answer in answers:
        start, end = round(answer.start_s * 16000), round(answer.end_s * 16000)
        inputs.append(front_end.normalised(front_end.features(stream[start:end]), listener.hear(end)))

    done = job("windows", stream)
    times = json.loads(done.stdout)
    assert [(t["start_s"], t["end_s"]) for t in times] == [(a.start_s, a.end_s) for a in answers]
    assert len(done.values) == len(inputs) * 184 * 40
    frames = np.array([len(i) for i in inputs])
    assert (frames[:-1] == 184).all()
    missing = 184 - frames[-1]
    inputs[-1] = np.pad(inputs[-1], ((missing // 2, missing - missing // 2), (0, 0)))
    assert_near(done.values, np.stack(inputs))
    assert {t["quiet"] for t in times} == {False, True}, "the pause is quiet, the speech is not"


def test_answers_are_calibrated_as_pythons(job: Job):
    bundle = load_bundle()
    manifest = bundle.manifest
    for output in np.random.default_rng(0).dirichlet(np.ones(7), 4).astype(np.float32):
        answer = json.loads(job("answer", output).stdout)
        expected = Calibration(manifest.temperature, manifest.bias).applied(output)
        np.testing.assert_allclose(list(answer["probabilities"].values()), expected, atol=1e-6)
        sure = expected.max() >= manifest.uncertain_below
        assert answer["label"] == (manifest.labels[int(expected.argmax())] if sure else "uncertain")


def test_the_description_is_the_bundles_own(job: Job):
    bundle = load_bundle()
    flatbuffer = bundle.model[: bundle.model.rindex(b"PK\3\4", 0, bundle.model.index(b"sernet.json"))]
    described = bundle.manifest.to_json() | {"model_sha256": hashlib.sha256(flatbuffer).hexdigest()}
    assert json.loads(job("description", np.zeros(1)).stdout) == json.loads(json.dumps(described))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: b"RIFF" + bytes(20), "not a TensorFlow Lite file"),
        (lambda content: b"\0\0\0\0TFL3" + bytes(20), "does not describe itself"),
        (lambda content: content[:-40], "does not describe itself"),
    ],
)
def test_a_file_that_is_no_bundle_is_told_in_one_line(job: Job, tmp_path: Path, change, message: str):
    path = tmp_path / "broken.tflite"
    path.write_bytes(change(load_bundle().model))
    done = job("description", np.zeros(1), bundle=path)
    assert done.returncode == 1 and message in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_model_that_a_browser_cannot_run_is_told_in_one_line(job: Job, tmp_path: Path):
    manifest = load_bundle().manifest
    path = tmp_path / "other.tflite"
    for other, message in (
        (replace(manifest, quantisation="int8"), "int8-float-io"),
        (replace(manifest, input_kind="waveform"), "int8-float-io"),
    ):
        path.write_bytes(pack_bundle(b"\0\0\0\0TFL3", other))
        done = job("description", np.zeros(1), bundle=path)
        assert done.returncode == 1 and message in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_front_end_with_a_number_that_the_page_does_not_know_is_refused(job: Job, tmp_path: Path, monkeypatch):
    values = asdict(FrontEnd()) | {"pre_emphasis": 0.97}
    monkeypatch.setattr(FrontEnd, "to_json", lambda self: values)
    manifest = load_bundle().manifest
    monkeypatch.setattr(Manifest, "to_json", lambda self: {"format_version": 1} | asdict(self) | {"front_end": values})
    path = tmp_path / "newer.tflite"
    path.write_bytes(pack_bundle(b"\0\0\0\0TFL3", manifest))
    done = job("description", np.zeros(1), bundle=path)
    assert done.returncode == 1 and "not known to this page" in done.stderr
