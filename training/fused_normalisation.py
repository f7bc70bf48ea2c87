"""Batch normalisation as one operation: on a CPU, more than a quarter of a training step."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="sernet")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras's layer, with its training step computed by TensorFlow's fused kernel (Ioffe and Szegedy, 2015).

    Keras computes mean, variance and their gradients with a dozen passes over the feature maps; the fused kernel needs
    two, and takes bfloat16. Weights, their names and inference are Keras's own: weights go from one to the other. Only
    TensorFlow has the kernel; with another backend the layer is Keras's.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """(batch, rows, columns, channels) to the same shape."""
        if not training or keras.backend.backend() != "tensorflow":
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs,
            tf.cast(self.gamma, tf.float32),
            tf.cast(self.beta, tf.float32),
            epsilon=self.epsilon,
            is_training=True,
        )
        # the kernel gives the unbiased variance, Keras keeps the biased one
        count = tf.cast(tf.size(inputs) / tf.size(mean), tf.float32)
        for moving, batch in (
            (self.moving_mean, mean),
            (self.moving_variance, variance * (count - 1.0) / count),
        ):
            moving.assign(moving * self.momentum + batch * (1.0 - self.momentum))
        return outputs
