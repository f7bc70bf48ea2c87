"""Every exported variant: operators, size, answers, bundle, and the same bytes on a microcontroller's interpreter."""

import json
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from sernet.export.checks import Agreement, ExportCheckError, check_structure, check_written
from sernet.export.converter import convert
from sernet.export.exporter import Exporter
from sernet.export.flatbuffer import operators
from sernet.export.formats import FORMATS
from sernet.export.microcontroller import MicroInterpreter
from sernet.runtime.bundle import load_bundle
from sernet.runtime.calibration import NONE
from sernet.runtime.interpreter import open_interpreter, quantise
from sernet.runtime.network import Network
from sernet.training.evaluation import predict
from sernet.training.features import clip_features

MODELS = Path(__file__).resolve().parents[2] / "models"


def test_every_variant_holds_light_sernets_nineteen_operators(exported: Path):
    """But for the variant that is rearranged; of that one `test_single_partition` tells."""
    for name, target in FORMATS.items():
        if target.single_partition:
            continue
        found = operators((exported / f"model-{name}.tflite").read_bytes())
        assert sum(count for op, count in found.items() if op not in target.extra_operators) == 19, (name, found)


def test_operators_are_those_that_the_interpreter_lists(exported: Path):
    """LiteRT's own list of the int8 model, as an oracle for the reading of the schema."""
    model = (exported / "model-int8.tflite").read_bytes()
    interpreter = open_interpreter(model, reference_kernels=True)
    assert sorted(details["op_name"] for details in interpreter._get_ops_details()) == sorted(
        operators(model).elements()
    )


def test_int8_and_int16x8_have_integers_at_both_ends_and_int8_float_io_has_floats(exported: Path):
    integers, floats = {"int8": np.int8, "int16x8": np.int16}, dict.fromkeys(("int8-float-io", "float32"), np.float32)
    for name, dtype in (integers | floats).items():
        network = Network(load_bundle(exported / f"model-{name}.tflite"))
        assert network.input_tensor["dtype"] == network.output_tensor["dtype"] == dtype


def test_float32_answers_as_keras_within_a_hundred_thousandth(exported: Path, exporter: Exporter):
    run = exporter.run
    network = Network(load_bundle(exported / "model-float32.tflite"))
    features = [clip_features(clip, run.config.front_end, 1.0) for clip in run.split.test]
    ours = np.stack([network.probabilities(example) for example in features])
    worst = np.abs(ours - predict(run, run.split.test)).max()
    assert worst < 1e-5, f"worst difference {worst:.1e}, tolerance 1e-5"


def test_int8_gives_the_same_bytes_in_tflm_and_in_the_reference_kernels(exported: Path):
    bundle = load_bundle(exported / "model-int8.tflite")
    micro, reference = MicroInterpreter(bundle.model), Network(bundle, reference_kernels=True)
    generator = np.random.default_rng(0)
    frames = reference.input_tensor["shape"][1]
    for scale in (0.1, 1.0, 5.0, 100.0):
        features = quantise(generator.normal(0, scale, (frames, 40)).astype(np.float32), reference.input_tensor)
        np.testing.assert_array_equal(micro.run(features), reference.raw_output(features))


def test_activations_in_int16_are_nearer_to_keras_than_in_int8(exported: Path):
    generator = np.random.default_rng(0)
    clips = [generator.normal(0, 3, (58, 40)).astype(np.float32) for _ in range(10)]
    answers = {
        name: np.stack([Network(load_bundle(exported / f"model-{name}.tflite")).probabilities(one) for one in clips])
        for name in ("float32", "int8", "int16x8")
    }
    worst = {name: np.abs(answers[name] - answers["float32"]).max() for name in ("int8", "int16x8")}
    assert worst["int16x8"] < worst["int8"], worst


def test_the_arena_is_reported(exported: Path):
    result = json.loads((exported / "model-int8.json").read_text())
    values = {item["metric"]: item["value"] for item in result["values"]}
    # concatenating 48 front rows of 20 x 96 bytes and their three sources is the least that must be held at once
    assert values["TensorFlow Lite Micro arena bytes"] > 2 * (58 // 2) * 20 * 96


def test_a_bundle_describes_itself_to_unzip(exported: Path, exporter: Exporter):
    with zipfile.ZipFile(exported / "model-int8.tflite") as archive:
        assert archive.testzip() is None
        assert archive.read("labels.txt").decode().split() == list(exporter.run.labels)
        manifest = json.loads(archive.read("sernet.json"))
    assert manifest["quantisation"] == "int8" and manifest["window_s"] == 1.0
    assert {item["metric"] for item in manifest["accuracy"]} == {"UA", "WA", "weighted F1"}
    assert all(item["protocol"].startswith("speaker hold-out") and item["n"] == 8 for item in manifest["accuracy"])


def test_a_model_card_says_data_protocol_numbers_and_limits(exported: Path):
    card = (exported / "model-int8.md").read_text()
    manifest = load_bundle(exported / "model-int8.tflite").manifest
    assert manifest.corpus["title"] in card and "not for judging people" in card
    for item in manifest.accuracy:
        assert f"| {item['metric']} | {item['value']:.3f} |" in card and item["protocol"] in card


def test_the_same_run_makes_the_same_bytes(exported: Path, exporter: Exporter, tmp_path: Path):
    again = exporter.export(FORMATS["int8"], tmp_path).path
    assert again.read_bytes() == (exported / "model-int8.tflite").read_bytes()


def test_calibration_uses_training_clips_alone(exporter: Exporter):
    run = exporter.run
    training = [clip_features(clip, run.config.front_end, 1.0) for clip in run.split.train]
    for example in exporter._calibration[..., 0]:
        assert any(np.array_equal(example, features) for features in training)


def test_a_written_file_whose_integers_do_not_sum_to_one_is_recognised():
    """In steps of 1/256 the packaged model's probabilities sum to 255 or 257 now and then; not what is compared."""
    bundle, generator = load_bundle(MODELS / "emodb-int8.tflite"), np.random.default_rng(0)
    network = Network(bundle)
    inputs = [generator.normal(0, scale, (184, 40)).astype(np.float32) for scale in np.geomspace(0.1, 10, 20)]
    own = np.stack([network.uncalibrated(example) for example in inputs])
    assert (np.abs(own.sum(axis=1) - 1) > 1e-3).any(), "all sums are 1: this test shows nothing"
    check_written(bundle, inputs, Agreement(NONE.applied(own), 1.0, 0.0))
    with pytest.raises(ExportCheckError, match="answers otherwise"):
        check_written(bundle, inputs, Agreement(NONE.applied(own)[::-1], 1.0, 0.0))


def test_a_model_with_other_operators_is_not_published():
    inputs = keras.Input((20, 40, 1))
    other = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(inputs)))
    flatbuffer = convert(other, FORMATS["float32"])
    with pytest.raises(ExportCheckError, match="8 CONV_2D"):
        check_structure(flatbuffer, FORMATS["float32"], other.count_params())


def test_a_model_whose_weights_are_missing_is_not_published(exported: Path):
    """What an unfrozen conversion gives: a small file that runs. Its size gives it away."""
    flatbuffer = (exported / "model-int8.tflite").read_bytes()
    with pytest.raises(ExportCheckError, match="bytes instead of"):
        check_structure(flatbuffer, FORMATS["float32"], 463_431)


def test_a_model_that_answers_otherwise_than_keras_leaves_no_file(tiny_run: Path, tmp_path: Path):
    from sernet.training.run import Run

    exporter = Exporter(Run.open(tiny_run))
    exporter._expected = exporter._expected[:, ::-1]  # as if Keras had said the opposite
    with pytest.raises(ExportCheckError, match="agrees with Keras on"):
        exporter.export(FORMATS["float32"], tmp_path)
    assert list(tmp_path.iterdir()) == []
