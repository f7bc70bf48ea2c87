"""Light-SERNet as published: its size, its work, and its indifference to length."""

import keras
import numpy as np
import pytest

from sernet.training.budget import cost
from sernet.training.config import load_preset
from sernet.training.network import light_sernet, multiply_accumulates


def test_seven_classes_make_463431_parameters_and_159326400_macs_for_3_s():
    model = light_sernet(184, 40, 7)
    assert model.count_params() == 463_431
    assert multiply_accumulates(model) == 159_326_400


def test_7_s_take_376171200_macs_with_the_same_weights():
    model = light_sernet(434, 40, 7)
    assert model.count_params() == 463_431
    assert multiply_accumulates(model) == 376_171_200


@pytest.mark.parametrize(
    ("preset", "macs", "parameters"),
    [("sernet", 159_326_400, 463_431), ("sernet-small", 37_250_400, 108_151), ("sernet-nano", 23_251_872, 60_311)],
)
def test_presets_keep_their_budgets(preset: str, macs: int, parameters: int):
    """A quarter of the work for small; below 8 M a second and 64 kB of int8 weights and int32 biases for nano."""
    model = light_sernet(184, 40, 7, widths=load_preset(preset).widths)
    assert (multiply_accumulates(model), model.count_params()) == (macs, parameters)
    if preset == "sernet-small":
        assert macs <= 40e6
    if preset == "sernet-nano":
        assert macs / 3 <= 8e6 and cost(load_preset(preset).widths, 184, 40, 7).weight_bytes <= 64_000


@pytest.mark.parametrize(("features", "classes"), [(40, 4), (128, 7), (513, 8)])
def test_every_input_type_gives_probabilities(features: int, classes: int):
    model = light_sernet(60, features, classes)
    probabilities = np.asarray(model(np.random.default_rng(0).normal(size=(2, 60, features, 1)).astype("float32")))
    assert probabilities.shape == (2, classes)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-6)


def test_the_weights_of_one_length_fit_every_other():
    fixed, open_length = light_sernet(60, 40, 7), light_sernet(None, 40, 7)
    open_length.set_weights(fixed.get_weights())
    features = np.random.default_rng(0).normal(size=(1, 60, 40, 1)).astype("float32")
    np.testing.assert_allclose(np.asarray(fixed(features)), np.asarray(open_length(features)), atol=1e-6)
    assert open_length(np.zeros((1, 91, 40, 1), "float32")).shape == (1, 7)


def test_only_the_five_later_convolutions_decay_and_have_no_bias():
    convolutions = [layer for layer in light_sernet(60, 40, 7).layers if isinstance(layer, keras.layers.Conv2D)]
    assert [layer.use_bias for layer in convolutions] == [True] * 3 + [False] * 5
    assert [layer.kernel_regularizer is not None for layer in convolutions] == [False] * 3 + [True] * 5
