"""Splits are functions of Clips and leak no speaker unless asked to."""

import random
from pathlib import Path

import pytest

from sernet.runtime.errors import SernetError
from sernet.training.clip import Clip
from sernet.training.config import TrainConfig
from sernet.training.splits import split_clips

CLIPS = [
    Clip(Path(f"/{speaker}/{label}/{take}.wav"), label, speaker, str(take), "own")
    for speaker in "abcdefghij"
    for label in ("anger", "neutral")
    for take in range(3)
]


@pytest.mark.parametrize("seed", range(5))
def test_no_speaker_stands_on_two_sides_and_no_clip_is_lost(seed: int):
    split = split_clips(CLIPS, TrainConfig(seed=seed))
    assert split.shared_speakers == ()
    assert sorted(split.train + split.validation + split.test, key=str) == sorted(CLIPS, key=str)
    assert [len({clip.speaker for clip in side}) for side in split.sides.values()] == [7, 1, 2]


def test_the_order_of_the_clips_does_not_matter_and_the_seed_does():
    shuffled = random.Random(0).sample(CLIPS, len(CLIPS))
    assert split_clips(CLIPS, TrainConfig()) == split_clips(shuffled, TrainConfig())
    assert len({split_clips(CLIPS, TrainConfig(seed=seed)).test for seed in range(5)}) > 1


def test_named_speakers_are_held_out():
    split = split_clips(CLIPS, TrainConfig(test_speakers=("c", "h")))
    assert {clip.speaker for clip in split.test} == {"c", "h"}


def test_a_random_split_says_whom_it_leaks():
    split = split_clips(CLIPS, TrainConfig(split="random"))
    assert len(split.shared_speakers) > 0
    assert len(set(split.train + split.validation + split.test)) == len(CLIPS)


def test_clips_without_speakers_cannot_be_split_by_speaker():
    nameless = [Clip(clip.path, clip.label, None, None, "own") for clip in CLIPS]
    with pytest.raises(SernetError, match="--split random"):
        split_clips(nameless, TrainConfig())
    assert split_clips(nameless, TrainConfig(split="random")).shared_speakers == ("unknown",)


@pytest.mark.parametrize(
    ("clips", "config", "message"),
    [
        (CLIPS[:12], TrainConfig(), "at least 3 speakers and the corpus has 2"),
        (CLIPS, TrainConfig(test_speakers=("z",)), "no speaker z"),
        (CLIPS, TrainConfig(test_speakers=tuple("abcdefghij")), "no clips are left"),
        (CLIPS[:2], TrainConfig(split="random"), "no clips are left"),
    ],
)
def test_a_split_that_cannot_be_made_is_refused(clips, config, message):
    with pytest.raises(SernetError, match=message):
        split_clips(clips, config)
