"""A peer's answers: nothing of the test speaker is in them, and scikit-learn by hand gives the same."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import recall_score
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sernet.benchmarks.peers.answers import Answers, answer_folds
from sernet.benchmarks.peers.linear_svm import COMPLEXITIES, fit_linear_svm
from sernet.benchmarks.peers.open_smile import OpenSmile
from sernet.benchmarks.tracking import untracked
from sernet.training.clip import Clip
from sernet.training.protocols import PROTOCOLS

PEER = OpenSmile("eGeMAPSv02")
LABELS = ("anger", "fear", "neutral")
SPEAKERS = ("a", "b", "c", "d")
TAKES = 5
CLIPS = [
    Clip(Path(f"/corpus/{speaker}-{label}-{take}.wav"), label, speaker, str(take), "made up")
    for speaker in SPEAKERS
    for label in LABELS
    for take in range(TAKES)
]
TARGETS = np.array([LABELS.index(clip.label) for clip in CLIPS])
NAMES = np.array([clip.speaker for clip in CLIPS])


def made_up_features() -> np.ndarray:
    """Labels that lie apart, but not by far, and speakers that differ."""
    generator = np.random.default_rng(0)
    centres = {name: generator.normal(0, 1, 12) for name in (*LABELS, *SPEAKERS)}
    noise = generator.normal(0, 2.0, (len(CLIPS), 12))
    return (np.array([centres[c.label] + centres[str(c.speaker)] for c in CLIPS]) + noise).astype(np.float32)


def answered(features: np.ndarray, labels: np.ndarray = TARGETS) -> Answers:
    clips = [Clip(c.path, LABELS[t], c.speaker, c.sentence, c.corpus) for c, t in zip(CLIPS, labels, strict=True)]
    return answer_folds(
        OpenSmile("eGeMAPSv02"),
        features,
        clips,
        LABELS,
        PROTOCOLS["loso"],
        {"title": "made up", "note": ""},
        [0],
        untracked,
    )


@pytest.fixture(scope="module")
def answers() -> Answers:
    return answered(made_up_features())


def test_what_is_chosen_does_not_depend_on_the_test_speaker(answers: Answers) -> None:
    """Speaker a's features and labels become nonsense: the fold that answers a chooses the same, the others do not."""
    features, labels = made_up_features(), TARGETS.copy()
    features[NAMES == "a"] = np.random.default_rng(1).normal(0, 1e4, (len(LABELS) * TAKES, 12))
    labels[NAMES == "a"] = np.roll(labels[NAMES == "a"], TAKES)
    poisoned = answered(features, labels)
    assert poisoned.chosen["a"] == answers.chosen["a"]
    assert all(poisoned.chosen[speaker] != answers.chosen[speaker] for speaker in "bcd")


def test_a_test_clips_answer_does_not_depend_on_other_test_clips(answers: Answers) -> None:
    features = made_up_features()
    others = (NAMES == "a") & (TARGETS > 0)
    features[others] *= 1e4
    kept = [index for index, name in enumerate(answers.pooled.clips) if name.startswith("a-anger")]
    assert len(kept) == TAKES
    np.testing.assert_array_equal(answered(features).pooled.answers[kept], answers.pooled.answers[kept])


def test_answers_and_choice_are_those_of_scikit_learn_by_hand(answers: Answers) -> None:
    features = made_up_features().astype(np.float64)
    position = {name: index for index, name in enumerate(answers.pooled.clips)}
    rows = [position[clip.path.name] for clip in CLIPS]
    own, targets = answers.pooled.answers[rows, 0], answers.pooled.targets[rows]
    np.testing.assert_array_equal(targets, TARGETS)
    for speaker in SPEAKERS:
        inner = [other for other in SPEAKERS if other != speaker]
        recalls = {
            c: np.mean([by_hand(features, ~spoken_by(speaker), spoken_by(held_out), c)[1] for held_out in inner])
            for c in COMPLEXITIES
        }
        best = max(COMPLEXITIES, key=lambda c: recalls[c])
        assert answers.chosen[speaker]["C"] == best
        assert answers.chosen[speaker]["UA on inner speakers"] == pytest.approx(recalls[best])
        said, _ = by_hand(features, ~spoken_by(speaker), spoken_by(speaker), best)
        np.testing.assert_array_equal(own[spoken_by(speaker)], said)


def spoken_by(speaker: str) -> np.ndarray:
    """Which clips are a speaker's, (clips,)."""
    return np.array([clip.speaker == speaker for clip in CLIPS])


def by_hand(features: np.ndarray, known: np.ndarray, asked: np.ndarray, c: float) -> tuple[np.ndarray, float]:
    """Answers and UA of libsvm's own linear kernel, fitted to what is known and not asked."""
    train = known & ~asked
    scaler = StandardScaler().fit(features[train])
    machine = SVC(kernel="linear", C=c).fit(scaler.transform(features[train]), TARGETS[train])
    said = machine.predict(scaler.transform(features[asked]))
    return said, float(recall_score(TARGETS[asked], said, average="macro"))


def test_inner_folds_are_as_many_as_speakers_that_train() -> None:
    known = NAMES != "b"
    search = fit_linear_svm(made_up_features()[known], TARGETS[known], NAMES[known].tolist())
    assert search.n_splits_ == len(SPEAKERS) - 1
