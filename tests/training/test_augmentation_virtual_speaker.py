"""Virtual speakers: what is drawn, how often, and what it does to a clip."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest

from sernet.runtime.errors import SernetError
from sernet.training.augmentation.level import SAMPLE_RATE, active_power
from sernet.training.augmentation.room import Room
from sernet.training.augmentation.virtual_speaker import AugmentationConfig, VirtualSpeaker

CONFIG = AugmentationConfig()


def speech(seconds: float = 1.0) -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal(round(seconds * SAMPLE_RATE))).astype(np.float32)


def test_values_lie_in_their_ranges_as_often_as_their_probability_says():
    generator = np.random.default_rng(1)
    drawn = [VirtualSpeaker.draw(generator) for _ in range(600)]
    for name, unchanged, probability, bounds in (
        ("speed", 1.0, 0.7, (0.9, 1.1)),
        ("warp", 1.0, 0.7, (0.85, 1.15)),
        ("snr_db", None, 0.5, (5, 35)),
        ("room", None, 0.3, None),
        ("gain_db", 0.0, 1.0, (-30, 0)),
    ):
        values = [getattr(speaker, name) for speaker in drawn if getattr(speaker, name) != unchanged]
        spread = np.sqrt(probability * (1 - probability) / 600)
        assert abs(len(values) / 600 - probability) <= 4 * spread, name
        if bounds:
            low, high = bounds
            assert low <= min(values) < low + 0.1 * (high - low) and high - 0.1 * (high - low) < max(values) <= high, (
                name
            )
    assert {speaker.noise_slope for speaker in drawn} == {0.0, 1.0, 2.0}


def test_a_draw_is_its_generators_and_another_probability_leaves_the_other_values_alone():
    everything = AugmentationConfig(
        speed_probability=1.0,
        warp_probability=1.0,
        room_probability=1.0,
        noise_probability=1.0,
        telephone_probability=1.0,
    )
    for seed in range(20):
        usual, again, full, no_room = (
            VirtualSpeaker.draw(np.random.default_rng(seed), config)
            for config in (CONFIG, CONFIG, everything, replace(everything, room_probability=0.0))
        )
        assert usual == again
        assert no_room == replace(full, room=None) and full.room is not None
        assert full.on_telephone and no_room.on_telephone
        assert usual.speed in (full.speed, 1.0) and usual.room in (full.room, None) and usual.gain_db == full.gain_db


def test_nothing_asked_for_changes_nothing_but_the_level():
    changed = VirtualSpeaker().apply(speech(), np.random.default_rng(0))
    np.testing.assert_allclose(changed, speech() / np.abs(speech()).max(), rtol=1e-6)


@pytest.mark.parametrize("level", [1.0, 0.01])
def test_the_clip_peaks_at_the_drawn_gain_whatever_level_it_came_with(level: float):
    quiet = VirtualSpeaker(gain_db=-20.0).apply(level * speech(), np.random.default_rng(0))
    assert np.abs(quiet).max() == pytest.approx(0.1, rel=1e-5)


def test_on_the_telephone_nothing_above_the_line_s_band_is_left():
    line, open_air = (VirtualSpeaker(on_telephone=on).apply(speech(), np.random.default_rng(0)) for on in (True, False))
    power = [np.abs(np.fft.rfft(one)[4000:]) ** 2 for one in (line, open_air)]  # 1 s: bins are Hz
    assert power[0].sum() < 1e-3 * power[1].sum()


def test_speed_and_silence_make_the_length():
    speaker = VirtualSpeaker(speed=1.1, padding_s=(0.2, 0.2))
    changed = speaker.apply(speech(), np.random.default_rng(0))
    assert len(changed) == pytest.approx(SAMPLE_RATE / 1.1 + 0.4 * SAMPLE_RATE, abs=2)
    assert not changed[:3199].any() and changed[3200:3300].any() and not changed[-3199:].any()
    some = VirtualSpeaker(padding_s=(0.0, 0.4))
    lengths = {len(some.apply(speech(), np.random.default_rng(seed))) for seed in range(9)}
    assert len(lengths) == 9 and min(lengths) >= SAMPLE_RATE and max(lengths) <= 1.8 * SAMPLE_RATE


def test_noise_fills_the_silence_and_stands_below_the_reverberant_speech():
    room = Room.draw(np.random.default_rng(2))
    clean = VirtualSpeaker(room=room, padding_s=(0.3, 0.3))
    noisy = replace(clean, snr_db=10.0, gain_db=-6.0)
    wet = clean.apply(speech(), np.random.default_rng(4))
    noise = noisy.apply(speech(), np.random.default_rng(4)) / 10 ** (-6 / 20) - wet
    assert 10 * np.log10(active_power(wet) / np.mean(noise**2)) == pytest.approx(10.0, abs=0.05)
    assert np.abs(wet[:4000]).max() < 1e-5 and np.abs(noise[:4000]).max() > 1e-2
    assert np.abs(wet[-4800:-3800]).max() > 1e-3, "the room must ring on into the silence after the clip"


def test_a_speaker_sounds_alike_in_all_its_clips_and_after_a_journey_to_another_process():
    speaker = VirtualSpeaker.draw(np.random.default_rng(7), AugmentationConfig(room_probability=1.0))
    there = pickle.loads(pickle.dumps(speaker))
    assert there == speaker
    first, again = (each.apply(speech(), np.random.default_rng(8)) for each in (speaker, there))
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, again)
    assert len(speaker.apply(np.zeros(500, np.float32), np.random.default_rng(0))) >= 400
    assert np.isfinite(speaker.apply(np.empty(0, np.float32), np.random.default_rng(0))).all()


def test_the_configuration_survives_json():
    config = AugmentationConfig(speed=(0.8, 1.2), room_probability=0.1, noise_slopes=(1.0,))
    assert AugmentationConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
    assert AugmentationConfig.from_json({"gain_db": [-10, 0]}).gain_db == (-10, 0)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"room_probability": 1.5}, "room probability must lie between 0 and 1"),
        ({"speed": [1.1, 0.9]}, "speed must be a lowest and a highest value"),
        ({"speed": [0.1, 0.9]}, "speed must be"),
        ({"padding_s": [-1.0, 0.4]}, "padding_s must be"),
        ({"snr_db": [5.0]}, "snr_db must be"),
        ({"gain_db": [-30.0, float("nan")]}, "gain_db must be"),
        ({"noise_slopes": []}, "noise_slopes must be"),
        ({"warp": ["a", "b"]}, "warp = .* not a list of numbers"),
        ({"warp": 1.1}, "warp = 1.1, not of type tuple"),
        ({"reverb": 1.0}, "does not know: reverb"),
    ],
)
def test_a_wrong_configuration_gets_one_clear_line(values: dict, said: str):
    with pytest.raises(SernetError, match=said):
        AugmentationConfig.from_json(values)
