"""A fused model takes samples: its features are the numpy front end's, and no operator is foreign."""

import dataclasses
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from sernet.cli import main
from sernet.export.converter import convert
from sernet.export.flatbuffer import operators
from sernet.export.formats import FORMATS
from sernet.export.fused_front_end import FrontEndLayer, fused_model
from sernet.runtime.audio_file import read_audio
from sernet.runtime.bundle import Bundle, load_bundle, pack_bundle
from sernet.runtime.front_end import INPUT_TYPES, FrontEnd, InputType
from sernet.runtime.interpreter import open_interpreter
from sernet.runtime.network import Network
from sernet.runtime.normalisation import Normalisation
from sernet.runtime.recognizer import Recognizer
from sernet.training.corpora import load_corpus

TOLERANCE = 1e-3
RELEASED = Path(__file__).resolve().parents[2] / "models" / "emodb-int8-float-io.tflite"


@pytest.mark.parametrize("input_type", INPUT_TYPES)
def test_the_layer_equals_the_numpy_front_end(input_type: InputType):
    front_end = FrontEnd(input_type=input_type)
    generator = np.random.default_rng(0)
    for waveform in (generator.normal(0, 0.1, 16000), np.zeros(16000), generator.uniform(-1, 1, 16000)):
        waveform = waveform.astype(np.float32)
        ours = np.asarray(FrontEndLayer(front_end)(waveform[None]))[0, ..., 0]
        worst = np.abs(ours - front_end.features(waveform)).max()
        assert worst < TOLERANCE, f"{input_type}: worst difference {worst:.1e}, tolerance {TOLERANCE:.0e}"


@pytest.fixture(scope="module")
def fused_files(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny run's files of every format that goes with a fused front end, both forms."""
    folder = tmp_path_factory.mktemp("forms")
    formats = ["--format", "float32", "float16", "dynamic", "int8-float-io", "--out", str(folder)]
    assert main(["export", str(tiny_run), *formats, "--fused"]) == 0
    assert main(["export", str(tiny_run), *formats]) == 0
    return folder


@pytest.mark.parametrize("name", ["float32", "float16", "dynamic", "int8-float-io"])
def test_no_operator_is_foreign_and_the_network_s_own_are_the_plain_file_s(fused_files: Path, name: str):
    fused, plain = (operators((fused_files / f"{form}-{name}.tflite").read_bytes()) for form in ("fused", "model"))
    assert not [kind for kind in fused if kind.startswith("Flex") or kind == "CUSTOM"]
    assert fused >= plain and fused["RFFT2D"] == 1


def test_every_clip_of_emodb_but_one_at_most_gets_the_answer_of_the_two_steps(emodb: Path):
    """The released network, in full int8, on features that are not normalised: its answers are many, if not right."""
    released = load_bundle(RELEASED)
    front_end = dataclasses.replace(released.manifest.front_end, normalisation=None)
    manifest = dataclasses.replace(released.manifest, front_end=front_end, bias=(), input_kind="waveform")
    flatbuffer = fused_model(front_end, released.window_samples, released.model)
    fused = Network(Bundle(manifest, pack_bundle(flatbuffer, manifest)))
    plain = Network(Bundle(dataclasses.replace(manifest, input_kind="features"), released.model))
    waveforms = [read_audio(clip.path, 16000) for clip in load_corpus("emodb", data=emodb).clips]
    clips = [front_end.fit(waveform, released.window_samples) for waveform in waveforms]
    pairs = [[int(network.waveform_probabilities(clip).argmax()) for network in (fused, plain)] for clip in clips]
    counts = np.bincount([answer for _, answer in pairs], minlength=7)
    assert counts.min() > 5, f"some answer is hardly ever given ({counts}): this test shows little"
    different = sum(one != other for one, other in pairs)
    assert len(pairs) == 535 and different <= 1, f"{different} of {len(pairs)} clips get another answer, at most 1 may"


def test_its_features_of_emodb_are_numpy_s_within_a_ten_thousandth(emodb: Path):
    """As LiteRT computes them, in the file of the front end alone."""
    front_end = FrontEnd(level_percentile=99.9)
    waveform = keras.Input((48000,))
    alone = convert(keras.Model(waveform, FrontEndLayer(front_end)(waveform)), FORMATS["float32"])
    interpreter = open_interpreter(alone)
    (entry,), (exit_,) = interpreter.get_input_details(), interpreter.get_output_details()
    worst = 0.0
    for clip in load_corpus("emodb", data=emodb).clips:
        samples = front_end.fit(read_audio(clip.path, 16000), 48000)
        interpreter.set_tensor(entry["index"], samples[None])
        interpreter.invoke()
        features = interpreter.get_tensor(exit_["index"])[0, ..., 0]
        worst = max(worst, float(np.abs(features - front_end.features(samples)).max()))
    assert worst < 1e-4, f"worst difference {worst:.1e}, tolerance 1e-4"


def test_a_front_end_that_remembers_its_speaker_is_not_fused(tiny_run: Path, tmp_path: Path, capsys):
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    document = json.loads((run / "run.json").read_text())
    fitted = Normalisation((0.0,) * 40, (1.0,) * 40).to_json()
    document["config"]["front_end"]["normalisation"] = fitted
    (run / "run.json").write_text(json.dumps(document))
    (run / "front_end.json").write_text(json.dumps(document["config"]["front_end"]))
    assert main(["export", str(run), "--format", "float32", "--fused"]) == 2
    assert "cannot remember its speaker" in capsys.readouterr().err and not (run / "export").exists()


@pytest.fixture(scope="module")
def fused_run(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny run, as if it had been trained with a fused front end: training is the same."""
    folder = tmp_path_factory.mktemp("fused") / "run"
    shutil.copytree(tiny_run, folder)
    document = json.loads((folder / "run.json").read_text())
    document["config"]["fuse_front_end"] = True
    (folder / "run.json").write_text(json.dumps(document))
    return folder


def test_a_fused_bundle_answers_as_the_plain_one(fused_run: Path, tiny_run: Path, tmp_path: Path):
    assert main(["export", str(fused_run), "--format", "float32", "dynamic"]) == 0
    assert main(["export", str(tiny_run), "--format", "float32", "--out", str(tmp_path)]) == 0
    fused = load_bundle(fused_run / "export" / "model-float32.tflite")
    assert fused.manifest.input_kind == "waveform"
    waveform = np.random.default_rng(0).normal(0, 0.1, 12000).astype(np.float32)
    plain = Network(load_bundle(tmp_path / "model-float32.tflite")).waveform_probabilities(waveform)
    np.testing.assert_allclose(Network(fused).waveform_probabilities(waveform), plain, atol=1e-3)


def test_a_fused_bundle_streams_windows(fused_run: Path):
    recognizer = Recognizer(load_bundle(fused_run / "export" / "model-float32.tflite"))
    recognizer.accept(np.zeros(24000, np.float32))
    assert recognizer.ready() and recognizer.pop().end_s == 1.0


def test_a_full_integer_format_does_not_go_with_a_fused_front_end(fused_run: Path, capsys):
    assert main(["export", str(fused_run), "--format", "int8"]) == 2
    assert "does not go with a fused front end" in capsys.readouterr().err


def test_a_frame_length_that_is_no_multiple_of_the_step_is_refused():
    with pytest.raises(Exception, match="multiple of the step"):
        FrontEndLayer(FrontEnd(frame_step=300))
    assert issubclass(FrontEndLayer, keras.layers.Layer)
