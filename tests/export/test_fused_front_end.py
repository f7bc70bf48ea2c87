"""A fused model takes samples: its features are the numpy front end's, and no operator is foreign."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from sernet.cli import main
from sernet.export.fused_front_end import FrontEndLayer
from sernet.runtime.bundle import load_bundle
from sernet.runtime.front_end import INPUT_TYPES, FrontEnd, InputType
from sernet.runtime.network import Network
from sernet.runtime.recognizer import Recognizer

TOLERANCE = 1e-3


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
