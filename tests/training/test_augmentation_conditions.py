"""The test conditions: the same for every model, on every machine, and as strong as their names say."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from sernet.runtime.audio_file import read_audio
from sernet.runtime.errors import SernetError
from sernet.training.augmentation.conditions import CONDITIONS, rooms, under_condition
from sernet.training.augmentation.level import SAMPLE_RATE, active_power
from sernet.training.augmentation.virtual_speaker import AugmentationConfig, VirtualSpeaker


@pytest.fixture(scope="module")
def clip(emodb: Path) -> Path:
    return sorted((emodb / "wav").glob("*.wav"))[42]


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_clip_keeps_its_length_and_depends_on_its_files_name_alone(name: str, clip: Path):
    speech = read_audio(clip)
    heard = under_condition(name, speech, clip)
    assert heard.shape == speech.shape and heard.dtype == np.float32 and np.abs(heard - speech).max() > 0.01
    np.testing.assert_array_equal(heard, under_condition(name, speech, f"/another/folder/{clip.name}"))


@pytest.mark.parametrize("name", ["snr20", "snr10", "snr5"])
def test_the_noise_is_pink_and_as_far_below_the_speech_as_the_name_says(name: str, clip: Path):
    speech = read_audio(clip)
    noise = (under_condition(name, speech, clip) - speech).astype(np.float64)
    assert 10 * np.log10(active_power(speech) / np.mean(noise**2)) == pytest.approx(float(name[3:]), abs=0.01)
    frequencies, power = signal.welch(noise, SAMPLE_RATE, nperseg=1024)
    band = (frequencies > 150) & (frequencies < 7500)
    assert np.polyfit(np.log(frequencies[band]), np.log(power[band]), 1)[0] == pytest.approx(-1.0, abs=0.15)


def test_the_noises_of_a_clip_differ_in_level_only_and_those_of_two_clips_in_everything(clip: Path):
    speech = read_audio(clip)
    soft, loud = (under_condition(name, speech, clip) - speech for name in ("snr20", "snr10"))
    np.testing.assert_allclose(soft * np.sqrt(10), loud, atol=1e-5)
    other = under_condition("snr10", speech, "another.wav") - speech
    assert abs(np.corrcoef(loud, other)[0, 1]) < 0.1


def test_20_db_quieter_is_a_tenth(clip: Path):
    speech = read_audio(clip)
    np.testing.assert_allclose(under_condition("gain-20", speech, clip), 0.1 * speech, rtol=1e-6)


def test_clips_come_from_several_rooms_none_of_which_a_training_seed_draws():
    click = np.eye(1, 8000, dtype=np.float32)[0]
    heard = {under_condition("room", click, f"{number}.wav").tobytes() for number in range(100)}
    assert 12 <= len(heard) <= len(rooms()) == 16
    always = AugmentationConfig(room_probability=1.0)
    drawn = {VirtualSpeaker.draw(np.random.default_rng(seed), always).room for seed in range(200)}
    assert len(drawn) == 200 and not drawn & set(rooms())


def test_another_process_hears_the_same_samples():
    program = (
        "import numpy as np; from sernet.training.augmentation.conditions import CONDITIONS, under_condition;"
        "click = np.eye(1, 2000, dtype=np.float32)[0];"
        "print(*(under_condition(name, click, 'a.wav').tobytes().hex() for name in CONDITIONS))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    click = np.eye(1, 2000, dtype=np.float32)[0]
    assert done.stdout.split() == [under_condition(name, click, "a.wav").tobytes().hex() for name in CONDITIONS]


def test_an_unknown_condition_is_refused_with_those_there_are():
    with pytest.raises(SernetError, match="no condition 'snr15': use one of snr20, snr10"):
        under_condition("snr15", np.ones(100, np.float32), "a.wav")
