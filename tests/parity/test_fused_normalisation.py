"""The fused batch normalisation against Keras's own."""

import keras
import numpy as np
import tensorflow as tf

from sernet.training.fused_normalisation import FusedBatchNormalization

SHAPE = (4, 6, 5, 3)
TOLERANCE = 2e-6


def trained_step(layer: keras.layers.Layer, inputs: np.ndarray) -> list[np.ndarray]:
    """Output, input gradient, parameter gradients and moving statistics of one training step."""
    x = tf.constant(inputs)
    weights = np.random.default_rng(1).standard_normal(SHAPE).astype(np.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        outputs = layer(x, training=True)
        loss = tf.reduce_sum(outputs * weights)
    gradients = tape.gradient(loss, [x, *[variable.value for variable in layer.trainable_variables]])
    return [outputs.numpy(), *[np.asarray(g) for g in gradients], *[v.numpy() for v in layer.non_trainable_variables]]


def test_a_training_step_equals_keras_own():
    inputs = (3 + 2 * np.random.default_rng(0).standard_normal(SHAPE)).astype(np.float32)
    layers = [kind(name="n") for kind in (keras.layers.BatchNormalization, FusedBatchNormalization)]
    expected, found = (trained_step(layer, inputs) for layer in layers)
    assert len(expected) == len(found) == 6
    for one, other in zip(expected, found, strict=True):
        worst = np.max(np.abs(one - other)) / (1 + np.max(np.abs(one)))
        assert worst < TOLERANCE, f"relative difference {worst:.2g}, tolerance {TOLERANCE}"
    assert not np.allclose(expected[-2], 0), "the moving mean has moved"


def test_inference_is_keras_own_bit_for_bit():
    inputs = np.random.default_rng(0).standard_normal(SHAPE).astype(np.float32)
    plain, fused = keras.layers.BatchNormalization(), FusedBatchNormalization()
    plain.build(SHAPE)
    fused.build(SHAPE)
    weights = [np.random.default_rng(2).uniform(0.5, 2, weight.shape) for weight in plain.get_weights()]
    plain.set_weights(weights)
    fused.set_weights(weights)
    np.testing.assert_array_equal(plain(inputs, training=False), fused(inputs, training=False))
