"""Filters that leave the network: what they fed is what the rest no longer sees."""

import keras
import numpy as np
import pytest

from sernet.runtime.errors import SernetError
from sernet.training.channel_pruning import BLOCKS, filter_importance, without_filters
from sernet.training.network import light_sernet

WIDE = (6, 5, 4, 8, 9, 10, 11, 12)
NARROW = (3, 5, 2, 4, 8, 6, 7, 10)


def network(seed: int = 0) -> keras.Model:
    """With statistics and gates as training would leave them: all different."""
    keras.utils.set_random_seed(seed)
    model = light_sernet(40, 40, 7, widths=WIDE)
    generator = np.random.default_rng(seed)
    for block in BLOCKS:
        layer = model.get_layer(f"{block}_normalisation")
        gamma, beta, mean, variance = (generator.normal(0, 0.5, weight.shape) for weight in layer.get_weights())
        layer.set_weights([1 + gamma, beta, mean, 0.5 + variance**2])
    return model


def clips(count: int = 6) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    features = generator.normal(0, 1, (count, 40, 40, 1)).astype("float32")
    return features, keras.utils.to_categorical(generator.integers(0, 7, count), 7)


def silenced(model: keras.Model, silent: dict[str, np.ndarray]) -> None:
    """Make filters give nothing but zeros."""
    for block, filters in silent.items():
        layer = model.get_layer(f"{block}_normalisation")
        gamma, beta, *statistics = layer.get_weights()
        gamma[filters] = beta[filters] = 0
        layer.set_weights([gamma, beta, *statistics])


def test_without_filters_that_give_zeros_the_answers_are_the_same():
    generator, model = np.random.default_rng(2), network()
    silent = {
        block: generator.permutation(wide)[: wide - narrow]
        for block, wide, narrow in zip(BLOCKS, WIDE, NARROW, strict=True)
    }
    silenced(model, silent)
    features, targets = clips()
    importance = filter_importance(model, [(features, targets)])
    for block, filters in silent.items():
        assert importance[block][filters].tolist() == [0] * len(filters)
    narrow = without_filters(model, NARROW, importance)
    assert narrow.count_params() < model.count_params()
    worst = np.abs(np.asarray(narrow(features)) - np.asarray(model(features))).max()
    assert worst < 1e-6, f"worst difference {worst:.1e}, tolerance 1e-6"


def test_all_filters_kept_make_the_same_network():
    model, (features, targets) = network(), clips()
    same = without_filters(model, WIDE, filter_importance(model, [(features, targets)]))
    for one, other in zip(same.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("block", ["time", "body1", "body5"])
def test_importance_is_the_squared_change_of_the_loss_by_a_gate(block: str):
    """Against finite differences: a gate in front of the activation, moved a little."""
    model, (features, targets) = network(), clips()
    importance = filter_importance(model, [(features, targets)])[block]
    loss = keras.losses.CategoricalCrossentropy()
    layer = model.get_layer(f"{block}_normalisation")
    gamma, beta, *statistics = layer.get_weights()
    slopes = []
    for number in range(len(gamma)):
        losses = []
        for gate in (0.99, 1.01):
            scale = np.ones_like(gamma)
            scale[number] = gate
            layer.set_weights([gamma * scale, beta * scale, *statistics])
            losses.append(float(loss(targets, model(features, training=False))))
        slopes.append((losses[1] - losses[0]) / 0.02)
    # a difference steps over the activation's kinks
    np.testing.assert_allclose(np.sqrt(importance), np.abs(slopes), rtol=0.1, atol=0.05 * np.abs(slopes).max())


def test_importance_is_a_sum_over_batches():
    model, (features, targets) = network(), clips()
    halves = [(features[:3], targets[:3]), (features[3:], targets[3:])]
    together = filter_importance(model, halves)
    for block in BLOCKS:
        separate = [filter_importance(model, [half])[block] for half in halves]
        np.testing.assert_allclose(together[block], sum(separate))


def test_more_filters_than_there_are_cannot_be_kept():
    model = network()
    importance = {block: np.ones(width) for block, width in zip(BLOCKS, WIDE, strict=True)}
    with pytest.raises(SernetError, match="body2 has 9 filters, of which 12 cannot be kept"):
        without_filters(model, (*NARROW[:4], 12, *NARROW[5:]), importance)
