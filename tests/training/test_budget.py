"""Costs that are known before anything is trained, against the network itself, and the widest one that fits."""

import keras
import numpy as np
import pytest

from sernet.runtime.errors import SernetError
from sernet.training.budget import Budget, cost, widest
from sernet.training.config import WIDTHS, load_preset
from sernet.training.network import light_sernet, multiply_accumulates


@pytest.mark.parametrize("widths", [WIDTHS, load_preset("sernet-nano").widths, (1, 2, 3, 4, 5, 6, 7, 8)])
@pytest.mark.parametrize(("frames", "features"), [(184, 40), (434, 40), (61, 33)])
def test_costs_are_those_of_the_network(widths: tuple[int, ...], frames: int, features: int):
    model = light_sernet(frames, features, 7, widths=widths)
    found = cost(widths, frames, features, 7)
    assert found.macs == multiply_accumulates(model)
    kernels = sum(int(np.prod(weight.shape)) for weight in model.weights if weight.name == "kernel")
    biases = 7 + sum(layer.filters for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    assert found.weight_bytes == kernels + 4 * biases


def test_the_state_of_the_papers_network_is_that_of_a_row_streaming_engine():
    """Input ring, front ring, three maps of four rows, one row, and sums: as an engine was measured to need them."""
    rows = 480 + 7680 + 2560 + 1920 + 2560 + 800 + 1280
    assert cost(WIDTHS, 184, 40, 7).state_bytes == cost(WIDTHS, 434, 40, 7).state_bytes == rows


@pytest.mark.parametrize(
    "budget",
    [
        Budget(macs=40e6),
        Budget(macs=24e6, weight_bytes=64_000),
        Budget(weight_bytes=30_000),
        Budget(state_bytes=8_000),
        Budget(),
    ],
)
def test_the_widest_network_fits_and_a_wider_one_does_not(budget: Budget):
    widths = widest(budget, 184, 40, 7)
    assert budget.allows(cost(widths, 184, 40, 7)) and all(width % 4 == 0 for width in widths)
    if budget == Budget():
        assert widths == WIDTHS
    else:
        assert not budget.allows(cost(tuple(width + 4 for width in widths), 184, 40, 7))


def test_a_budget_that_no_network_keeps_is_told_with_the_least_there_is():
    with pytest.raises(SernetError, match=r"so small: 4 filters a convolution take [\d,]+ multiplications"):
        widest(Budget(macs=1000), 184, 40, 7)
