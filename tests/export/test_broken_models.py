"""Broken models: refused in one line, and no file is left."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from sernet.cli import main
from sernet.export.formats import Format
from sernet.runtime.bundle import pack_bundle
from sernet.runtime.interpreter import quiet_native_log
from sernet.runtime.stream_plan import StreamPlan

FORMS = [[], ["--stream"]]


@pytest.fixture
def broken_run(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of the tiny run, to be broken."""
    run = tmp_path / "broken"
    shutil.copytree(tiny_run, run)
    return run


def refusal(run: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that the export says, when it fails and leaves nothing."""
    assert main(["export", str(run), "--format", "int8", *words]) != 0
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("sernet: error:")]
    assert not (run / "export").exists() or list((run / "export").iterdir()) == []
    return line


@pytest.mark.parametrize("words", FORMS)
def test_weights_that_are_no_numbers(broken_run: Path, words: list[str], capsys: pytest.CaptureFixture[str]):
    model = keras.saving.load_model(broken_run / "model.keras")
    layer = model.get_layer("body3_convolution")
    kernel = layer.kernel.numpy()
    kernel[0, 0, 0, 0] = np.nan
    layer.kernel.assign(kernel)
    model.save(broken_run / "model.keras")
    assert "weights that are no numbers (body3_convolution/kernel)" in refusal(broken_run, words, capsys)


@pytest.mark.parametrize("words", FORMS)
def test_another_number_of_labels(broken_run: Path, words: list[str], capsys: pytest.CaptureFixture[str]):
    values = json.loads((broken_run / "run.json").read_text())
    values["labels"].append("surprise")
    (broken_run / "run.json").write_text(json.dumps(values))
    outputs = len(values["labels"]) - 1
    assert f"{outputs} outputs, and the run {outputs + 1} labels" in refusal(broken_run, words, capsys)


@pytest.mark.parametrize("words", FORMS)
def test_unfrozen_variables(
    broken_run: Path, words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """What TensorFlow's converter makes of a concrete function of a Keras 3 model."""

    def convert_function(model: keras.Model, target: Format, calibration: np.ndarray | None = None) -> bytes:
        function = tf.function(model).get_concrete_function(tf.TensorSpec((1, *model.input_shape[1:]), tf.float32))
        converter = tf.lite.TFLiteConverter.from_concrete_functions([function], model)
        with quiet_native_log():
            return converter.convert()

    monkeypatch.setattr("sernet.export.exporter.convert", convert_function)
    assert "unfrozen variables (" in refusal(broken_run, words, capsys)


def test_a_file_that_was_written_wrong(
    broken_run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """Other weights than those that were checked: here another network's."""

    def pack_other(flatbuffer: bytes, manifest) -> bytes:
        if not manifest.accuracy:  # the bundle that is checked
            return pack_bundle(flatbuffer, manifest)
        changed = bytearray(flatbuffer)
        half = len(changed) // 2
        changed[half : half + 20_000] = bytes(20_000)
        return pack_bundle(bytes(changed), manifest)

    monkeypatch.setattr("sernet.export.exporter.pack_bundle", pack_other)
    assert "answers otherwise than the model that was checked" in refusal(broken_run, [], capsys)


def test_a_streaming_form_without_its_masks(
    broken_run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """What a layer computes before the clip's first row is not zero: the answer is another one."""
    monkeypatch.setattr(StreamPlan, "valid", lambda plan, rows, *_: np.ones((1, rows.count, 1, 1), np.float32))
    assert "otherwise than the whole-clip one" in refusal(broken_run, ["--stream"], capsys)
