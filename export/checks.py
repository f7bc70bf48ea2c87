"""A file is published only after it has passed these checks."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from sernet.export.flatbuffer import operators
from sernet.export.formats import Format
from sernet.runtime.bundle import Bundle
from sernet.runtime.calibration import NONE
from sernet.runtime.errors import SernetError
from sernet.runtime.interpreter import quantise
from sernet.runtime.network import Network
from sernet.runtime.streaming_network import StreamingNetwork, open_network

NETWORK_OPERATORS = Counter(
    {"CONV_2D": 8, "AVERAGE_POOL_2D": 7, "CONCATENATION": 1, "MEAN": 1, "FULLY_CONNECTED": 1, "SOFTMAX": 1}
)
"""Light-SERNet with batch normalisation and ReLU folded into the convolutions."""

_VARIABLE_OPERATORS = ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE")


STREAM_TOLERANCE = 1e-5
"""Largest difference of a probability between the whole-clip network and its streaming form, in floats."""


class ExportCheckError(SernetError):
    """A converted model is not what it should be; nothing was published."""


@dataclass(frozen=True)
class Agreement:
    """How a variant answers, compared with Keras on the same clips."""

    probabilities: np.ndarray
    """(clips, classes), the variant's own."""
    share: float
    """Of clips that get Keras's answer."""
    worst_difference: float
    """Largest difference of any probability."""


def check_weights(model: keras.Model, labels: int) -> None:
    """Let pass a trained network that has a probability for each label, and numbers for weights.

    Raises:
        ExportCheckError: it has not.
    """
    if (outputs := model.output_shape[-1]) != labels:
        raise ExportCheckError(f"the trained network has {outputs} outputs, and the run {labels} labels: train again")
    for weight in model.weights:
        if not np.isfinite(np.asarray(weight)).all():
            raise ExportCheckError(f"the trained network has weights that are no numbers ({weight.path}): train again")


def check_operators(flatbuffer: bytes) -> Counter[str]:
    """Operators of a model, all of them built in.

    Raises:
        ExportCheckError: a variable was not frozen, or an operator is not built in.
    """
    found = operators(flatbuffer)
    if unfrozen := [name for name in found if name in _VARIABLE_OPERATORS]:
        raise ExportCheckError(f"the model has unfrozen variables ({', '.join(unfrozen)})")
    if foreign := [name for name in found if name.startswith("Flex") or name == "CUSTOM"]:
        raise ExportCheckError(f"the model needs operators that no device has: {', '.join(foreign)}")
    return found


def check_structure(flatbuffer: bytes, target: Format, parameters: int) -> None:
    """Let pass a converted network whose operators and size are as expected.

    Args:
        flatbuffer: the whole-clip network, without a front end.
        target: the format it was converted to.
        parameters: weights of the Keras model.

    Raises:
        ExportCheckError: as of `check_operators`, or the operators are not Light-SERNet's, or the size is off.
    """
    found = check_operators(flatbuffer)
    own = Counter({name: count for name, count in found.items() if name not in target.extra_operators})
    if own != NETWORK_OPERATORS:
        missing, surplus = _listed(NETWORK_OPERATORS - own), _listed(own - NETWORK_OPERATORS)
        raise ExportCheckError(
            f"the {target.name} model's operators are not Light-SERNet's: {missing or 'none'} missing, "
            f"{surplus or 'none'} too many"
        )
    expected = parameters * target.bytes_per_weight
    if not 0.9 * expected <= len(flatbuffer) <= 1.25 * expected + 32_768:
        raise ExportCheckError(f"the {target.name} model has {len(flatbuffer):,} bytes instead of {expected:,.0f}")


def check_answers(bundle: Bundle, target: Format, inputs: Sequence[np.ndarray], expected: np.ndarray) -> Agreement:
    """The variant's answers, when they are close enough to Keras's.

    Args:
        bundle: the variant, as a device loads it.
        target: its format.
        inputs: what the network takes, one for each clip.
        expected: (clips, classes), Keras's probabilities.

    Raises:
        ExportCheckError: an answer is no number, or too many answers differ.
    """
    network = open_network(bundle)
    probabilities = np.stack([network.probabilities(example) for example in inputs])
    if not np.isfinite(probabilities).all():
        raise ExportCheckError(f"the {target.name} model answers with numbers that are none")
    share = float(np.mean(probabilities.argmax(axis=1) == expected.argmax(axis=1)))
    worst = float(np.abs(probabilities - expected).max())
    if share < target.least_agreement or worst > target.worst_difference:
        raise ExportCheckError(
            f"the {target.name} model agrees with Keras on {share:.1%} of {len(inputs)} clips, worst difference "
            f"{worst:.3g}; at least {target.least_agreement:.0%} and at most {target.worst_difference:g} are published"
        )
    return Agreement(probabilities, share, worst)


def check_written(bundle: Bundle, inputs: Sequence[np.ndarray], agreement: Agreement) -> None:
    """Let pass a bundle that has been written and read again, when it answers as it did before.

    Raises:
        ExportCheckError: it answers otherwise.
    """
    network = open_network(bundle)
    for example, before in zip(inputs, agreement.probabilities, strict=False):
        if not np.allclose(NONE.applied(network.uncalibrated(example)), before, atol=1e-6):
            raise ExportCheckError("the file that was written answers otherwise than the model that was checked")


def check_stream(whole: Bundle, stream: Bundle, target: Format, inputs: Sequence[np.ndarray]) -> None:
    """Let pass a streaming form that answers as the whole-clip network does.

    In full int8 it gives the same bytes under the reference kernels, in float32 and float16 the same probabilities
    within `STREAM_TOLERANCE`. The dynamic format takes the range of its activations from what it is given at a time, a
    block instead of a clip: only `check_answers` can judge it.

    Args:
        whole, stream: the two forms, as a device loads them.
        target: their format.
        inputs: features of clips, (frames, feature_count) each.

    Raises:
        ExportCheckError: an answer differs.
    """
    if target.name == "dynamic":
        return
    whole_clip = Network(whole, reference_kernels=target.full_integer)
    streaming = StreamingNetwork(stream, reference_kernels=target.full_integer)
    for example in inputs:
        quantised = quantise(example, whole_clip.input_tensor)
        one, other = (network.raw_output(quantised).astype(np.float64) for network in (whole_clip, streaming))
        worst = float(np.abs(one - other).max())
        if not worst <= (0 if target.full_integer else STREAM_TOLERANCE):
            raise ExportCheckError(
                f"the streaming {target.name} model answers a clip of {len(example)} frames otherwise than the "
                f"whole-clip one: worst difference {worst:.3g}"
            )


def _listed(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counter.items()))
