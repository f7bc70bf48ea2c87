"""`sernet-infer file` on everything a user may give it: right answers or one clear line, never a traceback."""

import io
import json
import subprocess
import sys
import wave
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from sernet.runtime import Network, load_bundle, recognise
from sernet.runtime.bundle import pack_bundle


def infer(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sernet.runtime.cli", "file", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def answer(path: Path) -> dict:
    done = infer("--json", path)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return json.loads(done.stdout)


def expected_probabilities(waveform: np.ndarray) -> dict[str, float]:
    """What the network says of samples read by another library."""
    return recognise(Network(load_bundle()), waveform.astype(np.float32)).probabilities


def test_an_emodb_clip_gets_the_networks_answer(emodb: Path):
    path = emodb / "wav" / "03a01Wa.wav"
    waveform, _ = soundfile.read(path, dtype="float32")
    result = answer(path)
    assert result["probabilities"] == pytest.approx(expected_probabilities(waveform))
    assert result["label"] == max(result["probabilities"], key=result["probabilities"].__getitem__)
    assert result["end_s"] == pytest.approx(len(waveform) / 16000)


def test_a_ravdess_flac_gets_the_networks_answer(ravdess: Path):
    path = ravdess / "Actor_05" / "03-01-05-02-01-01-05.flac"
    waveform, _ = soundfile.read(path, dtype="float32")
    assert answer(path)["probabilities"] == pytest.approx(expected_probabilities(waveform))


def test_a_44100_hz_stereo_file_is_mixed_down_and_resampled(emodb: Path, tmp_path: Path):
    waveform, _ = soundfile.read(emodb / "wav" / "03a01Wa.wav", dtype="float32")
    at_44100 = soxr.resample(waveform, 16000, 44100)
    soundfile.write(tmp_path / "stereo.wav", np.stack([0.9 * at_44100, 0.3 * at_44100], axis=1), 44100, "FLOAT")
    ours, expected = answer(tmp_path / "stereo.wav")["probabilities"], expected_probabilities(0.6 * waveform)
    assert list(ours.values()) == pytest.approx(list(expected.values()), abs=0.1), "resampled twice, so not exact"
    assert max(ours, key=ours.__getitem__) == max(expected, key=expected.__getitem__)


def test_a_fifth_of_a_second_is_answered(emodb: Path, tmp_path: Path):
    waveform, _ = soundfile.read(emodb / "wav" / "03a01Wa.wav", dtype="int16")
    soundfile.write(tmp_path / "short.wav", waveform[8000:11200], 16000)
    result = answer(tmp_path / "short.wav")
    assert result["end_s"] == pytest.approx(0.2)
    assert result["probabilities"] == pytest.approx(expected_probabilities(waveform[8000:11200] / 32768))


def test_every_file_is_answered_although_another_is_bad(tmp_path: Path):
    soundfile.write(tmp_path / "good.wav", np.zeros(16000), 16000)
    done = infer("--json", tmp_path / "missing.wav", tmp_path / "good.wav")
    assert done.returncode == 2
    assert json.loads(done.stdout)["file"].endswith("good.wav")
    assert done.stderr.count("\n") == 1 and "missing.wav" in done.stderr


def write_empty(path: Path) -> None:
    path.write_bytes(b"")


def write_text(path: Path) -> None:
    path.write_text("this is not audio\n" * 20)


def write_without_samples(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))


def write_cut_short(path: Path) -> None:
    soundfile.write(path, np.zeros(16000), 16000)
    path.write_bytes(path.read_bytes()[:5000])


def write_not_finite(path: Path) -> None:
    soundfile.write(path, np.array([0.0, np.nan, 0.0]), 16000, "FLOAT")


def write_nothing(path: Path) -> None:
    assert not path.exists()


BAD_FILES = [
    write_empty,
    write_text,
    write_without_samples,
    write_cut_short,
    write_not_finite,
    write_nothing,
    Path.mkdir,
]


@pytest.mark.parametrize("write", BAD_FILES, ids=lambda write: write.__name__)
def test_a_bad_file_gets_one_line_and_code_2(write, tmp_path: Path):
    path = tmp_path / "bad.wav"
    write(path)
    done = infer(path)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and "bad.wav" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "nothing.tflite"], "cannot read the model nothing.tflite"),
        (["--windows", "--hop", "4"], "the hop must be above 0 and at most the window"),
    ],
)
def test_a_bad_option_gets_one_line_and_code_2(arguments, message, tmp_path: Path):
    soundfile.write(tmp_path / "good.wav", np.zeros(16000), 16000)
    done = infer(*arguments, tmp_path / "good.wav")
    assert done.returncode == 2 and message in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("option", [["--hop", "nan"], ["--hop", "inf"], ["--threads", "0"], ["--threads", "100000"]])
def test_an_impossible_number_is_refused_by_its_option(option: list[str], tmp_path: Path):
    done = infer(*option, tmp_path / "any.wav")
    assert done.returncode == 2 and f"argument {option[0]}" in done.stderr and "Traceback" not in done.stderr


def test_a_recording_too_long_for_one_answer_is_sent_to_windows(tmp_path: Path):
    soundfile.write(tmp_path / "long.wav", np.zeros(61 * 16000), 16000)
    done = infer(tmp_path / "long.wav")
    assert done.returncode == 2 and "--windows" in done.stderr and done.stderr.count("\n") == 1


def test_windows_cover_the_whole_file(tmp_path: Path):
    soundfile.write(tmp_path / "long.wav", np.random.default_rng(0).normal(0, 0.1, 5 * 16000), 16000)
    done = infer("--json", "--windows", "--hop", "1", tmp_path / "long.wav")
    spans = [(item["start_s"], item["end_s"]) for item in map(json.loads, done.stdout.splitlines())]
    assert spans == [(0.0, 3.0), (1.0, 4.0), (2.0, 5.0)]


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of the package with a temperature, and a threshold that no answer reaches."""
    bundle = load_bundle()
    with zipfile.ZipFile(io.BytesIO(bundle.model)) as archive:
        flatbuffer = bundle.model[: archive.infolist()[0].header_offset]
    figure = {"metric": "coverage", "value": 0.75, "low": 0.5, "high": 0.875, "resampled": "speakers", "n": 535}
    measured = figure | {"protocol": "loso-calibrated", "reading": "int8", "seeds": [0, 1]}
    bias = (0.25, -0.25, 0.0, 0.0, 0.0, 0.0, 0.0)
    manifest = replace(bundle.manifest, temperature=2.5, bias=bias, uncertain_below=1.01, accuracy=(measured,))
    path = tmp_path_factory.mktemp("calibrated") / "calibrated.tflite"
    path.write_bytes(pack_bundle(flatbuffer, manifest))
    return path


def test_an_answer_below_the_threshold_is_uncertain_and_still_shows_its_guesses(calibrated: Path, tmp_path: Path):
    waveform = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    soundfile.write(tmp_path / "clip.wav", waveform, 16000, "FLOAT")
    expected = recognise(Network(load_bundle(calibrated)), waveform).probabilities
    result = json.loads(infer("--json", "--model", calibrated, tmp_path / "clip.wav").stdout)
    assert result["label"] == "uncertain" and result["probabilities"] == pytest.approx(expected)
    text = infer("--model", calibrated, tmp_path / "clip.wav").stdout
    guesses = sorted(expected.items(), key=lambda item: -item[1])[:3]
    shown = ", ".join(f"{label} {probability:.2f}" for label, probability in guesses)
    assert text.endswith(f"0.00-1.00 s  uncertain  ({shown})\n")


def test_info_tells_the_calibration_and_whose_reading_a_figure_is(calibrated: Path):
    command = [sys.executable, "-m", "sernet.runtime.cli", "info", str(calibrated)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "coverage 0.750 [0.500, 0.875] (loso-calibrated, int8, n = 535)" in text
    assert "temperature:  2.500" in text and "bias:         +0.25, -0.25, +0.00" in text
    assert "below a probability of 1.010" in text


def test_info_tells_what_the_model_says_of_itself():
    command = [sys.executable, "-m", "sernet.runtime.cli", "info"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    manifest = load_bundle().manifest
    assert manifest.corpus["licence"] in text and all(label in text for label in manifest.labels)
    document = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout)
    assert document == json.loads(json.dumps(manifest.to_json()))
