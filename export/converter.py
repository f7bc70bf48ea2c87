"""Keras to TensorFlow Lite."""

import contextlib
import io
import warnings
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from sernet.export.flatbuffer import read_model
from sernet.export.formats import Format
from sernet.export.graph_builder import ModelBuilder
from sernet.runtime.interpreter import quiet_native_log

_INTEGERS = {8: tf.int8, 16: tf.int16}
_INTEGER_OPERATORS = {
    8: tf.lite.OpsSet.TFLITE_BUILTINS_INT8,
    16: tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
}
"""By the bits of activations."""


def convert(model: keras.Model, target: Format, calibration: np.ndarray | None = None) -> bytes:
    """The model as a flatbuffer, for one input at a time.

    Args:
        model: from (batch, ...) to probabilities (batch, classes).
        target: how numbers are stored.
        calibration: (clips, ...), real inputs from which the ranges of a full-integer format are taken.
    """
    converter = tf.lite.TFLiteConverter.from_keras_model(_for_one_input(model))
    if target.name != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if target.name == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if target.activation_bits is not None:
        assert calibration is not None, "a full-integer format needs calibration inputs"

        def representative_inputs() -> Iterator[list[np.ndarray]]:
            for example in calibration:
                yield [example[None]]

        converter.representative_dataset = representative_inputs
        converter.target_spec.supported_ops = [_INTEGER_OPERATORS[target.activation_bits]]
        if not target.float_io:
            converter.inference_input_type = converter.inference_output_type = _INTEGERS[target.activation_bits]
    # the converter tells of itself on every channel there is; what matters is checked afterwards
    with quiet_native_log(), contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _with_short_names(converter.convert())


def _with_short_names(flatbuffer: bytes) -> bytes:
    """The converter names a tensor by the whole path of everything that was fused into it: 5 % of a small file."""
    model = read_model(flatbuffer)
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.name = "/".join(tensor.name.decode().split(";")[0].split("/")[-2:])
    return ModelBuilder.of(model).to_bytes()


def _for_one_input(model: keras.Model) -> keras.Model:
    """The same layers behind an input of batch size 1: browsers and microcontrollers take static shapes only."""
    inputs = keras.Input(batch_shape=(1, *model.input_shape[1:]), name=model.inputs[0].name)
    return keras.Model(inputs, model(inputs), name=model.name)
