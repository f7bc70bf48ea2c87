"""TensorFlow's front end, tf.signal: the definition that ours follows."""

import numpy as np

from sernet.benchmarks.peers.front_ends import Features
from sernet.runtime.front_end import FrontEnd

PACKAGES = ("tensorflow", "tensorflow-cpu")


def batch(front_end: FrontEnd) -> Features:
    """One graph for waveforms of any length, in a session of one thread.

    A session has threads of its own; those of TensorFlow's functions are shared, and as many as it was first used with.
    """
    import tensorflow as tf

    one = tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=1, inter_op_parallelism_threads=1, use_per_session_threads=True
    )
    with tf.Graph().as_default() as graph:
        waveform = tf.compat.v1.placeholder(tf.float32, [None])
        spectrogram = tf.abs(
            tf.signal.stft(waveform, front_end.frame_length, front_end.frame_step, front_end.frame_length)
        )
        matrix = tf.signal.linear_to_mel_weight_matrix(
            front_end.mel_bins,
            front_end.frame_length // 2 + 1,
            front_end.sample_rate,
            front_end.low_hz,
            front_end.high_hz,
        )
        bands = tf.math.log(tf.matmul(spectrogram, matrix) + front_end.log_offset)
        cepstrum = tf.signal.mfccs_from_log_mel_spectrograms(bands)[..., : front_end.coefficients]
        features = tf.clip_by_value(cepstrum, -front_end.clip, front_end.clip)
    session = tf.compat.v1.Session(graph=graph, config=one)

    def compute(samples: np.ndarray) -> np.ndarray:
        return session.run(features, {waveform: samples})

    return compute
