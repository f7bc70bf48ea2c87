"""Examples of an epoch: drawn by seed and epoch alone, from the right clips, with the right labels."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from sernet.runtime.errors import SernetError
from sernet.training.clip import Clip
from sernet.training.config import TrainConfig, load_preset
from sernet.training.example_config import ExampleConfig
from sernet.training.examples import ExampleBatches, balanced_order, mixed, placed, stretched
from sernet.training.voice_bank import VoiceBank

FRONT_END = load_preset("sernet").front_end
PLAIN = ExampleConfig(voices=1, crop_s=0.5, tempo=0.0, time_masks=0, frequency_masks=0, mixup=0.0, unknown_speaker=1.0)


@pytest.fixture
def bank() -> VoiceBank:
    generator = np.random.default_rng(0)
    clips = [Clip(Path(f"{i}.wav"), "low", f"s{i % 3}", None, "own") for i in range(12)]
    features = [[generator.standard_normal((60, 40)).astype(np.float16) for _ in range(3)] for _ in clips]
    return VoiceBank(tuple(clips), FRONT_END, features).fitted()


def batches(bank: VoiceBank, config: ExampleConfig, *, seed: int = 0, epoch: int = 1) -> list:
    made = ExampleBatches(bank, np.eye(12, dtype=np.float32), config, 4, seed=seed, epoch=epoch)
    return [made[index] for index in range(len(made))]


def test_every_clip_is_an_example_once_an_epoch(bank: VoiceBank):
    targets = np.concatenate([labels for _, labels in batches(bank, PLAIN)])
    np.testing.assert_array_equal(np.sort(targets.argmax(axis=1)), np.arange(12))


def test_examples_depend_on_seed_and_epoch_alone(bank: VoiceBank):
    config = ExampleConfig(voices=3, crop_s=0.5)
    one, same = batches(bank, config), batches(bank, config)
    for (inputs, labels), (again, labels_again) in zip(one, same, strict=True):
        np.testing.assert_array_equal(inputs, again)
        np.testing.assert_array_equal(labels, labels_again)
    assert not np.array_equal(one[0][0], batches(bank, config, epoch=2)[0][0])
    assert not np.array_equal(one[0][0], batches(bank, config, seed=1)[0][0])


def test_an_example_is_a_stretch_of_the_normalised_clip(bank: VoiceBank):
    one_voice = dataclasses.replace(bank, features=[voices[:1] for voices in bank.features])
    inputs, labels = batches(one_voice, PLAIN)[0]
    for example, clip in zip(inputs[..., 0], labels.argmax(axis=1), strict=True):
        whole = bank.front_end.network_input(one_voice.features[clip][0].astype(np.float32))
        assert any(np.array_equal(example, whole[start : start + len(example)]) for start in range(60))


def test_a_known_speaker_is_normalised_by_other_clips_of_the_same_voice(bank: VoiceBank):
    known = dataclasses.replace(PLAIN, unknown_speaker=0.0, most_heard=100)
    shifted = [
        [voices[0] + np.float16(10 * (clip.speaker == "s1"))]
        for clip, voices in zip(bank.clips, bank.features, strict=True)
    ]
    moved = dataclasses.replace(bank, features=shifted)
    means = {}
    for inputs, labels in batches(moved, known):
        for example, clip in zip(inputs, labels.argmax(axis=1), strict=True):
            means.setdefault(bank.clips[clip].speaker, []).append(example.mean())
    unknown = [
        example.mean()
        for inputs, labels in batches(moved, PLAIN)
        for example, clip in zip(inputs, labels.argmax(axis=1), strict=True)
        if bank.clips[clip].speaker == "s1"
    ]
    assert np.mean(means["s1"]) < 0.8 * np.mean(unknown), "what was heard before moves the mean"


@pytest.mark.parametrize(
    ("settings", "axis", "widest"),
    [({"time_masks": 1, "time_mask_s": 0.4}, 1, 25), ({"frequency_masks": 1, "frequency_mask_bands": 12}, 2, 12)],
)
def test_masks_are_the_mean_and_no_wider_than_allowed(bank: VoiceBank, settings: dict, axis: int, widest: int):
    found = [batches(bank, dataclasses.replace(PLAIN, **settings), epoch=epoch) for epoch in range(1, 9)]
    inputs = np.concatenate([inputs for epoch in found for inputs, _ in epoch])[..., 0]
    masked = (inputs == 0).all(axis=3 - axis).sum(axis=1)
    assert widest / 2 < masked.max() <= widest
    assert masked.min() < widest / 2


def test_mixtures_keep_the_share_of_their_labels():
    generator = np.random.default_rng(3)
    examples = np.arange(4, dtype=np.float32).reshape(4, 1, 1)
    targets = np.eye(4, dtype=np.float32)
    inputs, labels = mixed(examples, targets, 0.5, generator)
    np.testing.assert_allclose(labels.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(inputs.ravel(), labels @ np.arange(4), rtol=1e-6)
    assert (labels.diagonal() >= 0.5 - 1e-6).all(), "a clip keeps the larger share"


def test_tempo_stretches_by_linear_interpolation():
    features = np.linspace(0, 1, 11)[:, None].astype(np.float32) * np.ones((1, 3), np.float32)
    np.testing.assert_allclose(stretched(features, 2.0)[:, 0], np.linspace(0, 1, 22), atol=1e-6)
    np.testing.assert_array_equal(stretched(features, 1.0), features)


def test_a_short_clip_stands_whole_in_zeros():
    placed_in = placed(np.ones((5, 2), np.float32), 9, np.random.default_rng(0))
    assert placed_in.shape == (9, 2)
    assert placed_in.sum() == 10


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"own_voice": 2.0}, "own voice must lie between 0 and 1"),
        ({"voices": 0}, "voices, crop_s and most_heard must be above 0"),
        ({"mixup": -1.0}, "mixup must be 0 or more, not -1.0"),
        ({"augmentation": 3}, "not a table"),
        ({"colour": 3}, "does not know: colour"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict, message: str):
    with pytest.raises(SernetError, match=message):
        ExampleConfig.from_json(settings)


def test_a_preset_s_settings_survive_json():
    config = load_preset("sernet")
    assert TrainConfig.from_json(config.to_json()) == config
    assert config.examples is not None


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_rare_classes_are_taken_more_often_by_their_number_to_a_power(balance: float):
    sizes = np.array([40, 10, 90])
    targets = np.repeat(np.eye(3, dtype=np.float32), sizes, axis=0)
    orders = [balanced_order(targets, balance, np.random.default_rng(seed)) for seed in range(200)]
    counts = np.array([np.bincount(order, minlength=140) for order in orders])
    assert (counts.sum(axis=1) == 140).all(), "an epoch stays as long as it is"
    share = sizes ** (1 - balance) / np.sum(sizes ** (1 - balance))
    of_clip = np.repeat(140 * share / sizes, sizes)
    assert (np.abs(counts - of_clip) < 1).all(), "no clip is taken twice more than another of its class"
    np.testing.assert_allclose(counts.mean(axis=0), of_clip, atol=5 * 0.5 / np.sqrt(200))
    assert len({tuple(order) for order in orders}) == 200
