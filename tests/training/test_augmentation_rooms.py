"""Rooms, against geometry, Schroeder's integration and scipy's convolution."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sernet.runtime.audio_file import read_audio
from sernet.runtime.errors import SernetError
from sernet.training.augmentation.level import SAMPLE_RATE
from sernet.training.augmentation.room import DISTANCE_M, SOUND_M_S, T60_S, Room, reverberate

ROOMS = [Room.draw(np.random.default_rng(seed)) for seed in range(8)]
SAMPLES_TO_M = SOUND_M_S / SAMPLE_RATE


@pytest.mark.parametrize("room", ROOMS)
def test_echoes_fall_by_60_db_in_the_reverberation_time(room: Room):
    left = 10 * np.log10(np.cumsum(room.response[::-1].astype(np.float64) ** 2)[::-1])  # Schroeder, JASA 1965
    fall = left - left[1]  # after the direct sound
    used = np.flatnonzero((fall < -5) & (fall > -35))
    slope = np.polyfit(used / SAMPLE_RATE, fall[used], 1)[0]
    assert -60 / slope == pytest.approx(room.t60_s, rel=0.2), f"measured {-60 / slope:.2f} s, wanted {room.t60_s:.2f} s"


@pytest.mark.parametrize("room", ROOMS)
def test_the_direct_sound_is_the_first_sample_and_the_energy_is_one(room: Room):
    response = room.response
    assert response.dtype == np.float32 and len(response) == round(room.t60_s * SAMPLE_RATE)
    assert np.argmax(np.abs(response)) == 0
    assert np.sum(response.astype(np.float64) ** 2) == pytest.approx(1.0, rel=1e-5)


def room_with_a_near_floor() -> Room:
    """Mouth and microphone half a metre above the floor, two metres apart, all other walls far away."""
    distance = round(2.0 / SAMPLES_TO_M) * SAMPLES_TO_M
    return Room((10.0, 8.0, 4.0), 0.5, (4.0, 4.0, 0.5), (4.0 + distance, 4.0, 0.5), seed=3)


def test_the_floor_answers_when_and_as_loud_as_geometry_says():
    room = room_with_a_near_floor()
    detour = np.hypot(room.distance, 1.0)  # by way of the mouth's mirror image, half a metre below the floor
    arrival = round((detour - room.distance) / SAMPLES_TO_M)
    absorption = 24 * np.log(10) / SOUND_M_S * 320 / (304 * room.t60_s)  # Sabine: volume 320 m3, surface 304 m2
    wanted = np.sqrt(1 - absorption) * room.distance / detour
    echo = np.linalg.norm(room.response[1:100]) / room.response[0]  # the ceiling answers after 245 samples
    assert echo == pytest.approx(wanted, rel=0.1), f"floor echo {echo:.3f}, geometry says {wanted:.3f}"
    assert abs(np.argmax(np.abs(room.response[1:60])) + 1 - arrival) <= 7  # images are displaced by up to 8 cm an axis


@pytest.mark.parametrize("room", ROOMS[:4])
def test_late_echoes_are_as_strong_as_if_every_image_were_followed(room: Room, monkeypatch: pytest.MonkeyPatch):
    def clarity_db(response: np.ndarray) -> float:  # C50 of ISO 3382: the first 50 ms over what follows them
        early, late = np.split(response.astype(np.float64) ** 2, [SAMPLE_RATE // 20])
        return 10 * np.log10(early.sum() / late.sum())

    ours = clarity_db(room.response)
    monkeypatch.setattr("sernet.training.augmentation.room.ORDER", 35)
    followed = clarity_db(replace(room).response)
    assert ours == pytest.approx(followed, abs=1.5)


def test_rooms_are_drawn_within_their_bounds():
    generator = np.random.default_rng(11)
    rooms = [Room.draw(generator) for _ in range(200)]
    for room in rooms:
        for place in (room.source, room.microphone):
            assert all(0.4 <= at <= length - 0.4 for at, length in zip(place, room.size, strict=True))
        samples = room.distance / SAMPLES_TO_M
        assert samples == pytest.approx(round(samples), abs=1e-6)
        assert DISTANCE_M[0] - SAMPLES_TO_M <= room.distance <= DISTANCE_M[1] + SAMPLES_TO_M
    times = [room.t60_s for room in rooms]
    assert T60_S[0] <= min(times) < 0.25 and 0.75 < max(times) <= T60_S[1]
    assert len({room.size for room in rooms}) == 200


def test_a_room_always_has_the_same_response():
    room = ROOMS[0]
    again = Room(room.size, room.t60_s, room.source, room.microphone, room.seed)
    assert again == room
    np.testing.assert_array_equal(again.response, room.response)


def test_speech_in_a_room_keeps_its_length_and_its_place_in_time(emodb: Path):
    speech = read_audio(sorted((emodb / "wav").glob("*.wav"))[0])
    wet = reverberate(speech, room_with_a_near_floor().response)
    assert wet.shape == speech.shape and wet.dtype == np.float32
    expected = np.convolve(speech, room_with_a_near_floor().response)[: len(speech)]
    worst = np.abs(wet - expected).max()
    assert worst < 1e-5, f"worst difference to a direct convolution {worst:.1e}, tolerance 1e-5"
    lags = np.correlate(wet[2000:18000], speech[4000:16000], "valid")
    assert abs(int(np.argmax(lags)) - 2000) <= 2


def test_no_room_changes_nothing():
    speech = np.random.default_rng(0).uniform(-1, 1, 1000).astype(np.float32)
    np.testing.assert_allclose(reverberate(speech, np.ones(1, np.float32)), speech, atol=1e-6)
    assert len(reverberate(np.empty(0, np.float32), ROOMS[0].response)) == 0


def test_an_empty_response_is_refused():
    with pytest.raises(SernetError, match="no samples"):
        reverberate(np.ones(10, np.float32), np.empty(0, np.float32))
