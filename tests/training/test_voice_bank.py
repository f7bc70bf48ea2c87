"""Clips in many voices: what they share, what is kept, and what a front end is fitted to."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from sernet.runtime.audio_file import read_audio
from sernet.runtime.errors import SernetError
from sernet.training import voice_bank as module
from sernet.training.augmentation.virtual_speaker import AugmentationConfig
from sernet.training.clip import Clip
from sernet.training.config import load_preset
from sernet.training.corpora import load_corpus
from sernet.training.voice_bank import VoiceBank, clip_voices, voice_bank

FRONT_END = load_preset("sernet").front_end
DRY = AugmentationConfig(
    speed_probability=0, warp_probability=0, room_probability=0, noise_probability=0, padding_s=(0, 0)
)
VOICES = 4


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module.platformdirs, "user_cache_dir", lambda name: str(tmp_path / name))
    return tmp_path


@pytest.fixture
def clips(tiny_corpus: Path) -> list[Clip]:
    return load_corpus(str(tiny_corpus)).clips[:12]


def test_the_first_voice_is_the_clip_itself(clips: list[Clip]):
    own = clip_voices(clips[0], FRONT_END, AugmentationConfig(), VOICES)[0]
    expected = FRONT_END.features(read_audio(clips[0].path, FRONT_END.sample_rate))
    np.testing.assert_array_equal(own, expected.astype(np.float16))


def test_only_the_level_differs_when_nothing_else_may(clips: list[Clip]):
    bands = dataclasses.replace(FRONT_END, input_type="mel_spectrogram")
    own, *others = [voice.astype(np.float64) for voice in clip_voices(clips[0], bands, DRY, VOICES)]
    for other in others:
        shift = other - own
        assert np.ptp(shift[own > -6]) < 0.1, "one shift for all loud bands and frames, within float16 and the offset"


def test_a_clip_says_the_same_in_every_bank(clips: list[Clip]):
    all_of_them = voice_bank(clips, FRONT_END, AugmentationConfig(), VOICES)
    some = voice_bank(clips[5:7], FRONT_END, AugmentationConfig(), VOICES)
    for one, other in zip(all_of_them.features[5:7], some.features, strict=True):
        for voice, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(voice, same)


def test_what_was_computed_is_read_again(clips: list[Clip], monkeypatch: pytest.MonkeyPatch):
    first = voice_bank(clips[:2], FRONT_END, AugmentationConfig(), VOICES)
    monkeypatch.setattr(module, "clip_voices", lambda *_: pytest.fail("computed again"))
    again = voice_bank(clips[:2], FRONT_END, AugmentationConfig(), VOICES)
    for one, other in zip(first.features[1], again.features[1], strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(pytest.fail.Exception):
        voice_bank(clips[:2], FRONT_END, DRY, VOICES)


def test_the_front_end_is_fitted_to_the_speech_of_the_clips(clips: list[Clip]):
    generator = np.random.default_rng(0)
    deviation = generator.uniform(0.5, 2, 40)
    means = {"s0": np.full(40, 3.0), "s1": np.full(40, 5.0)}
    speakers = [clip.speaker for clip in clips if clip.speaker in means]
    chosen = tuple(clip for clip in clips if clip.speaker in means)
    features = [[means[str(s)] + deviation * generator.standard_normal((3000, 40))] for s in speakers]
    fitted = VoiceBank(chosen, FRONT_END, features).fitted().front_end.normalisation
    assert fitted is not None
    frames = [len(clip[0]) for clip in features]
    expected = np.average([means[str(s)] for s in speakers], axis=0, weights=frames)
    np.testing.assert_allclose(fitted.mean, expected, atol=0.05)
    np.testing.assert_allclose(fitted.deviation, deviation, rtol=0.03, err_msg="the speakers' means do not count")


def test_a_clip_shorter_than_a_frame_is_named(tmp_path: Path):
    import soundfile

    path = tmp_path / "short.wav"
    soundfile.write(path, np.ones(500) * 0.1, 16000)
    clip = Clip(path, "low", "s0", None, "own")
    with pytest.raises(SernetError, match=r"short\.wav: 500 samples are fewer than a frame's 1024"):
        voice_bank([clip], FRONT_END, DRY, 2)
    assert not list(tmp_path.rglob("*.npz"))


def test_a_clip_without_a_speaker_has_no_others(clips: list[Clip]):
    bank = voice_bank(clips, FRONT_END, DRY, 1)
    for index in range(len(clips)):
        others = bank.others(index)
        assert index not in others
        assert {clips[other].speaker for other in others} == {clips[index].speaker}
    nobody = dataclasses.replace(bank, clips=tuple(dataclasses.replace(clip, speaker=None) for clip in clips))
    assert len(nobody.others(0)) == 0
