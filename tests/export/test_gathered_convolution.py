"""Convolutions of one channel whose taps become channels: the very same answers."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from sernet.export.converter import convert
from sernet.export.flatbuffer import operators
from sernet.export.formats import FORMATS
from sernet.export.gathered_convolution import with_gathered_convolutions, with_plain_convolutions
from sernet.export.stream_graph import streaming_model
from sernet.runtime.bundle import load_bundle


@pytest.mark.parametrize("reference_kernels", [True, False])
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("kernel", [(11, 1), (1, 9), (3, 3), (2, 4), (1, 1)])
def test_every_value_is_the_same_at_any_height(
    answer: Callable[..., np.ndarray], kernel: tuple[int, int], padding: str, reference_kernels: bool
):
    inputs = keras.Input((16, 12, 1))
    layer = keras.layers.Conv2D(6, kernel, padding=padding, activation="relu", bias_initializer="normal")
    generator = np.random.default_rng(0)
    calibration = generator.normal(1, 1, (16, 16, 12, 1)).astype(np.float32)
    plain = convert(keras.Model(inputs, layer(inputs)), FORMATS["int8"], calibration)
    gathered = with_gathered_convolutions(plain)
    assert operators(gathered)["TRANSPOSE"] == 1 and operators(gathered)["CONV_2D"] == 1
    for height in (11, 12, 16, 57):
        values = generator.integers(-128, 128, (1, height, 12, 1)).astype(np.int8)
        ours, theirs = (answer(model, values, reference_kernels=reference_kernels) for model in (gathered, plain))
        np.testing.assert_array_equal(ours, theirs)


def test_convolutions_of_several_channels_and_of_floats_stay_as_they_are():
    inputs = keras.Input((8, 8, 2))
    model = keras.Model(inputs, keras.layers.Conv2D(3, 3)(inputs))
    of_two_channels = convert(model, FORMATS["int8"], np.ones((4, 8, 8, 2), np.float32))
    inputs = keras.Input((8, 8, 1))
    of_floats = convert(keras.Model(inputs, keras.layers.Conv2D(3, 3)(inputs)), FORMATS["float32"])
    for plain in (of_two_channels, of_floats):
        assert operators(with_gathered_convolutions(plain)) == operators(plain)


def test_the_published_network_can_be_taken_back_to_plain_convolutions(
    answer: Callable[..., np.ndarray], exported: Path
):
    published = load_bundle(exported / "model-int8-float-io.tflite").model
    plain = with_plain_convolutions(published)
    found = operators(plain)
    assert operators(published)["TRANSPOSE"] == 3 and found["TRANSPOSE"] == found["PAD"] == 0
    assert operators(with_gathered_convolutions(plain)) == operators(published)
    features = np.random.default_rng(0).normal(0, 2, (1, 58, 40, 1)).astype(np.float32)
    ours, theirs = (answer(model, features, reference_kernels=True) for model in (plain, published))
    np.testing.assert_array_equal(ours, theirs)


def test_a_model_without_gathered_convolutions_is_not_undone(exported: Path):
    plain = load_bundle(exported / "model-int8.tflite").model
    assert operators(with_plain_convolutions(plain)) == operators(plain)


def test_the_streaming_form_gathers_as_its_whole_clip_network_does(exported: Path):
    for name, count in (("int8-float-io", 3), ("int8", 0)):
        streaming, _ = streaming_model(load_bundle(exported / f"model-{name}.tflite").model)
        assert operators(streaming)["TRANSPOSE"] == count
