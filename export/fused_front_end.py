"""The front end as a Keras layer: a fused model takes samples, with builtin operators only."""

import keras
from keras import ops

from sernet.export.converter import convert
from sernet.export.flatbuffer import read_model
from sernet.export.formats import FORMATS
from sernet.export.graph_builder import CarryingGraph, ModelBuilder
from sernet.runtime.errors import SernetError
from sernet.runtime.filter_bank import dct_matrix, hann_window, mel_matrix
from sernet.runtime.front_end import FrontEnd


class FrontEndLayer(keras.layers.Layer):
    """`FrontEnd.features` on a batch: (batch, samples) to (batch, frames, feature_count, 1).

    Levelling is not part of it: it looks at the whole clip and stays with the device.
    """

    def __init__(self, front_end: FrontEnd, **kwargs) -> None:
        if front_end.frame_length % front_end.frame_step:
            raise SernetError(
                f"a fused front end needs a frame length ({front_end.frame_length}) that is a multiple of the step "
                f"({front_end.frame_step})"
            )
        super().__init__(trainable=False, **kwargs)
        self._front_end = front_end

    def call(self, waveform):
        """Features of (batch, samples)."""
        front_end = self._front_end
        step = front_end.frame_step
        frames = front_end.frame_count(waveform.shape[1])
        overlap = front_end.frame_length // step
        blocks = ops.reshape(waveform[:, : (frames + overlap - 1) * step], (-1, frames + overlap - 1, step))
        framed = ops.concatenate([blocks[:, first : first + frames] for first in range(overlap)], axis=-1)
        real, imaginary = ops.rfft(framed * hann_window(front_end.frame_length))
        features = ops.sqrt(ops.square(real) + ops.square(imaginary))
        if front_end.input_type != "spectrogram":
            bins = front_end.frame_length // 2 + 1
            bands = mel_matrix(front_end.mel_bins, bins, front_end.sample_rate, front_end.low_hz, front_end.high_hz)
            features = ops.log(ops.matmul(features, bands) + front_end.log_offset)
        if front_end.input_type == "mfcc":
            basis = dct_matrix(front_end.mel_bins, front_end.coefficients)
            features = ops.clip(ops.matmul(features, basis), -front_end.clip, front_end.clip)
        return features[..., None]


def fused_model(front_end: FrontEnd, samples: int, network: bytes) -> bytes:
    """A converted network behind its front end: (1, samples) to probabilities (1, classes).

    The front end computes in floats, whatever the network's numbers are: its spectrum has too wide a range for int8.

    Args:
        front_end: as the network was trained with.
        samples: of a window.
        network: takes features and gives probabilities in float32; in between, any format.

    Raises:
        SernetError: the front end's frames do not consist of whole steps.
    """
    waveform = keras.Input((samples,), name="waveform")
    alone = convert(keras.Model(waveform, FrontEndLayer(front_end, name="front_end")(waveform)), FORMATS["float32"])
    model = ModelBuilder("Light-SERNet, from samples")
    graph = CarryingGraph(model, "serving_default", read_model(alone))
    samples_in = graph.input("waveform", graph.tensor("waveform", (1, samples), "float32"))
    features = graph.carry_all(samples_in)
    graph.carry_from(read_model(network))
    graph.output("probabilities", graph.carry_all(features))
    return model.to_bytes()
