"""Protocols: every clip is answered once, and the sides share only what the protocol says they may."""

import random
from collections import Counter
from pathlib import Path

import pytest
from sklearn.model_selection import LeaveOneGroupOut

from sernet.runtime.errors import SernetError
from sernet.training.clip import Clip
from sernet.training.corpora import CORPORA
from sernet.training.corpora.corpus import CorpusOptions
from sernet.training.protocols import PROTOCOLS, Fold, named_protocol

CLIPS = [
    Clip(Path(f"/own/{speaker}_{label}_{sentence}.wav"), label, speaker, sentence, "own")
    for speaker in "abcdef"
    for label in ("anger", "neutral")
    for sentence in ("one", "two", "three", "four")
]
OTHER = [Clip(Path(f"/other/{clip.path.name}"), clip.label, clip.speaker, clip.sentence, "other") for clip in CLIPS]
ONE_CORPUS = [name for name in PROTOCOLS if name != "cross-corpus"]


def names(folds: list[Fold]) -> list[str]:
    return [fold.name for fold in folds]


@pytest.mark.parametrize("name", ONE_CORPUS)
@pytest.mark.parametrize("seed", [0, 3])
def test_every_clip_is_answered_equally_often_and_never_by_a_model_that_was_trained_on_it(name: str, seed: int):
    folds = PROTOCOLS[name].folds(CLIPS, seed)
    times = 2 if PROTOCOLS[name].answers_again else 1
    assert Counter(clip for fold in folds for clip in fold.test) == dict.fromkeys(CLIPS, times)
    assert all(fold.train and not set(fold.train) & set(fold.test) for fold in folds)
    assert len(set(names(folds))) == len(folds)


@pytest.mark.parametrize("name", ONE_CORPUS)
def test_the_sides_share_no_more_than_the_protocol_says(name: str):
    protocol = PROTOCOLS[name]
    for fold in protocol.folds(CLIPS, 0):
        speakers = {clip.speaker for clip in fold.train} & {clip.speaker for clip in fold.test}
        sentences = {clip.sentence for clip in fold.train} & {clip.sentence for clip in fold.test}
        assert protocol.shares_speakers or not speakers
        assert protocol.shares_sentences or not sentences


@pytest.mark.parametrize("name", ONE_CORPUS)
def test_the_order_of_the_clips_does_not_matter_and_the_seed_matters_where_folds_are_drawn(name: str):
    protocol = PROTOCOLS[name]
    assert protocol.folds(CLIPS, 0) == protocol.folds(random.Random(0).sample(CLIPS, len(CLIPS)), 0)
    drawn = [protocol.folds(CLIPS, seed) for seed in range(4)]
    assert any(folds != drawn[0] for folds in drawn) == (name in {"random-peek", "group-kfold"})


def test_leaving_one_speaker_out_is_what_scikit_learn_leaves_out():
    clips = sorted(CLIPS, key=lambda clip: str(clip.path))
    expected = LeaveOneGroupOut().split(clips, groups=[clip.speaker for clip in clips])
    folds = PROTOCOLS["loso"].folds(CLIPS, 0)
    assert [(set(fold.train), set(fold.test)) for fold in folds] == [
        ({clips[i] for i in train}, {clips[i] for i in test}) for train, test in expected
    ]


def test_an_inner_fold_knows_nothing_of_the_speaker_it_is_named_after_and_answers_the_next_ones():
    outer, inner = PROTOCOLS["loso"].folds(CLIPS, 0), PROTOCOLS["loso-inner"].folds(CLIPS, 0)
    assert names(inner) == names(outer) == list("abcdef")
    # of six speakers two: half of the others train
    for fold, following in zip(inner, ("bc", "cd", "de", "ef", "fa", "ab"), strict=True):
        assert {clip.speaker for clip in fold.test} == set(following)
        assert {clip.speaker for clip in fold.train} == set("abcdef") - {fold.name, *following}


def test_every_speaker_of_emodb_is_answered_by_three_inner_folds(emodb: Path):
    folds = PROTOCOLS["loso-inner"].folds(CORPORA["emodb"].read(emodb, CorpusOptions()).clips, 0)
    answered = Counter(speaker for fold in folds for speaker in {clip.speaker for clip in fold.test})
    assert len(answered) == 10 and set(answered.values()) == {3}
    assert all(len({clip.speaker for clip in fold.train}) == 6 for fold in folds)


def test_the_three_readings_of_one_training_have_the_same_folds():
    family = [protocol for protocol in PROTOCOLS.values() if protocol.family == "loso"]
    assert {protocol.name for protocol in family} == {"loso", "loso-enrolled", "loso-peek"}
    assert all(protocol.folds(CLIPS, 0) == family[0].folds(CLIPS, 0) for protocol in family)
    assert [protocol.name for protocol in PROTOCOLS.values() if protocol.peek] == ["loso-peek", "random-peek"]


def test_emodb_has_the_folds_that_the_literature_speaks_of(emodb: Path):
    clips = CORPORA["emodb"].read(emodb, CorpusOptions()).clips
    counts = {name: len(PROTOCOLS[name].folds(clips, 0)) for name in ONE_CORPUS}
    assert counts.pop("group-kfold") == 5 and counts.pop("text") == 20
    assert counts == dict.fromkeys(["loso", "loso-enrolled", "loso-peek", "loso-inner", "random-peek"], 10)
    text = PROTOCOLS["text"].folds(clips, 0)
    assert {len({clip.sentence for clip in fold.train}) for fold in text} == {5}


def test_ravdess_speakers_fall_into_five_even_groups_with_every_emotion(ravdess: Path):
    clips = CORPORA["ravdess"].read(ravdess, CorpusOptions()).clips
    folds = PROTOCOLS["group-kfold"].folds(clips, 0)
    assert sorted(len({clip.speaker for clip in fold.test}) for fold in folds) == [4, 5, 5, 5, 5]
    assert all(len({clip.label for clip in fold.test}) == 8 for fold in folds)


def test_across_corpora_there_is_a_fold_for_each_direction():
    folds = {fold.name: fold for fold in PROTOCOLS["cross-corpus"].folds([*CLIPS, *OTHER], 0)}
    assert set(folds) == {"own-to-other", "other-to-own"}
    fold = folds["other-to-own"]
    assert {clip.corpus for clip in fold.train} == {"other"} and set(fold.test) == set(CLIPS)


@pytest.mark.parametrize(
    ("name", "clips", "message"),
    [
        ("loso", [Clip(c.path, c.label, None, c.sentence, "own") for c in CLIPS], "needs to know who speaks"),
        ("text", [Clip(c.path, c.label, c.speaker, None, "own") for c in CLIPS], "needs to know what is said"),
        ("loso", CLIPS[:8], "at least 2 speakers, and the corpus has 1"),
        ("loso-inner", CLIPS[:16], "at least 3 speakers, and the corpus has 2"),
        ("group-kfold", CLIPS[:32], "at least 5 speakers, and the corpus has 4"),
        ("random-peek", CLIPS[:9], "10 folds need at least as many clips"),
        ("text", [c for c in CLIPS if c.sentence == "one"], "has 1 sentence"),
        ("cross-corpus", CLIPS, "needs two corpora"),
    ],
)
def test_a_corpus_that_does_not_fit_the_protocol_is_refused(name: str, clips: list[Clip], message: str):
    with pytest.raises(SernetError, match=message):
        PROTOCOLS[name].folds(clips, 0)


def test_clips_without_speakers_can_be_answered_at_random():
    nameless = [Clip(clip.path, clip.label, None, None, "own") for clip in CLIPS]
    assert len(PROTOCOLS["random-peek"].folds(nameless, 0)) == 10


def test_an_unknown_protocol_names_those_there_are():
    with pytest.raises(SernetError, match=r"no protocol 'losso': use one of loso, loso-enrolled"):
        named_protocol("losso")
