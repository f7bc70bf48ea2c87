"""Presets and settings."""

import dataclasses
import math
from pathlib import Path

import pytest

from sernet.runtime.errors import SernetError
from sernet.training.config import TrainConfig, load_preset


def test_the_paper_preset_holds_the_papers_numbers():
    config = load_preset("paper")
    assert (config.epochs, config.batch_size, config.learning_rate, config.dropout) == (300, 32, 1e-4, 0.3)
    assert config.front_end.level_percentile == 99.9
    assert config.focal_gamma == 2.0


def test_the_papers_learning_rate_falls_at_every_twentieth_epoch_after_the_fiftieth():
    config = load_preset("paper")
    expected, rate = [], 1e-4
    for epoch in range(300):  # as the paper's script does it, step by step
        if epoch >= 50 and epoch % 20 == 0:
            rate *= math.exp(-0.15)
        expected.append(rate)
    assert [config.learning_rate_at(epoch) for epoch in range(300)] == pytest.approx(expected)


def test_a_preset_of_your_own_is_a_toml_file(tmp_path: Path):
    (tmp_path / "mine.toml").write_text("epochs = 7\n[front_end]\ninput_type = 'spectrogram'\n")
    config = load_preset(str(tmp_path / "mine.toml"))
    assert (config.epochs, config.front_end.input_type) == (7, "spectrogram")


def test_a_preset_holds_what_differs_from_its_base(tmp_path: Path):
    (tmp_path / "mine.toml").write_text("base = 'sernet'\nepochs = 7\nwidths = [1, 2, 3, 4, 5, 6, 7, 8]\n")
    config = load_preset(str(tmp_path / "mine.toml"))
    assert config == dataclasses.replace(load_preset("sernet"), epochs=7, widths=(1, 2, 3, 4, 5, 6, 7, 8))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base = 'nothing'", "no preset 'nothing'"),
        ("base = 3", "no preset '3'"),
        ("distillation = 0.5", "distillation needs the network that this one is pruned_from"),
        ("sparsity = 0.8", "a sparse network needs the dense one that it is pruned_from"),
        ("pruned_from = 'sernet'\nsparsity = 0.8", "set keep to last"),
        ("base = 'sernet'\npruned_from = 'sernet'\nsparsity = 0.8", "set dropout to 0"),
        ("base = 'sernet-sparse'", "a base that has one itself"),
        ("sparsity_pattern = '1:2'", "sparsity_pattern '1:2' is unknown"),
        ("base = 'sernet-small'", "a base that has one itself"),
        ("widths = [1, 2]", "widths must be 8 numbers of filters above 0"),
        ("widths = [1, 2, 3, 4, 5, 6, 7, 0]", "widths must be 8 numbers of filters above 0"),
        ("widths = 3", "widths = 3, not a list"),
        ("epochs = ", "is not TOML"),
        ("epoch = 3", "the preset has settings this version does not know: epoch"),
        ("[front_end]\nmels = 3", "settings this version does not know: mels"),
        ("merge_excited = 1", "merge_excited = 1, not of type bool"),
        ("[front_end]\nclip = 'x'", "clip = 'x', not of type float"),
        ("front_end = 3", "front_end = 3, not a table"),
        ("test_speakers = 5", "test_speakers = 5, not a list"),
        ("dropout = 2.0", "dropout must be"),
        ("seed = -1", "the seed must be"),
        ("input_duration = inf", "at most 60 s"),
        ("split = 'random'\ntest_speakers = ['a']", "split by random"),
        ("test_fraction = 1.5", "test fraction must lie between 0 and 1"),
        ("epochs = 'many'", "epochs = 'many', not of type int"),
    ],
)
def test_a_wrong_preset_is_told_in_one_line(text: str, message: str, tmp_path: Path):
    (tmp_path / "wrong.toml").write_text(text)
    with pytest.raises(SernetError, match=message) as error:
        load_preset(str(tmp_path / "wrong.toml"))
    assert "\n" not in str(error.value)


def test_settings_survive_json():
    config = load_preset("paper")
    assert TrainConfig.from_json(config.to_json()) == config
