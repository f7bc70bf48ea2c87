"""Two corpora on the labels they share."""

from pathlib import Path

import pytest

from sernet.runtime.errors import SernetError
from sernet.training.clip import Clip
from sernet.training.corpora import CORPORA
from sernet.training.shared_labels import on_shared_labels


def clips(labels, corpus: str) -> list[Clip]:
    return [Clip(Path(f"/{corpus}/{label}.wav"), label, "01", "a", corpus) for label in labels]


def test_emodb_and_ravdess_share_six_emotions_under_common_names():
    shared = on_shared_labels(clips(CORPORA["emodb"].labels, "emodb"), clips(CORPORA["ravdess"].labels, "ravdess"))
    assert shared.labels == ("anger", "disgust", "fear", "happiness", "neutral", "sadness")
    assert shared.dropped == ("boredom", "calm", "surprised")
    assert {clip.path.stem: clip.label for clip in shared.second} == {
        "angry": "anger",
        "disgust": "disgust",
        "fearful": "fear",
        "happy": "happiness",
        "neutral": "neutral",
        "sad": "sadness",
    }
    assert {clip.label for clip in shared.first} == set(shared.labels)


def test_too_little_in_common_is_refused():
    with pytest.raises(SernetError, match=r"share 1 labels .*at least 2"):
        on_shared_labels(clips(["angry", "calm"], "one"), clips(["anger", "bored"], "other"))
