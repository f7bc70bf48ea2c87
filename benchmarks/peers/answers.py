"""A peer's answers to the folds of a protocol, in the form in which networks are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sernet.benchmarks.evaluation.pooling import Pooled
from sernet.benchmarks.peers.apart import apart
from sernet.benchmarks.peers.peer import Peer
from sernet.benchmarks.tracking import Tracker
from sernet.training.clip import Clip
from sernet.training.protocols import Protocol

READING = "features of the whole clip"


@dataclass(frozen=True)
class Answers:
    """What was answered, and what was chosen for it."""

    pooled: Pooled
    """A probability is 1 for the label that was answered."""
    chosen: dict[str, dict[str, float]]
    """By fold: what was chosen on the speakers that trained, and the UA it had there; empty where nothing is."""


def answer_folds(
    peer: Peer,
    features: np.ndarray,
    clips: Sequence[Clip],
    labels: Sequence[str],
    protocol: Protocol,
    corpus: Mapping[str, str],
    seeds: Sequence[int],
    track: Tracker,
) -> Answers:
    """Fit the peer to each fold's training clips and answer its test clips; clips are known by their files' names.

    Args:
        peer: who answers.
        features: (clips, features), of `feature_table`.
        clips: those that the protocol divides.
        labels: in the order of the classes.
        protocol: which clips train and which are answered.
        corpus: title and note.
        seeds: each answers all folds.
        track: shows how far it is.

    Raises SernetError as the protocol does.
    """
    row = {clip.path: index for index, clip in enumerate(clips)}
    targets = np.array([labels.index(clip.label) for clip in clips])
    speakers = np.array([str(clip.speaker) for clip in clips])
    folds = protocol.folds(clips, 0)
    parts = [
        (fold.name, seed, [row[clip.path] for clip in fold.train], [row[clip.path] for clip in fold.test])
        for fold in folds
        for seed in range(len(seeds))
    ]
    tasks = [
        (peer, features[train], targets[train], speakers[train], seeds[seed], features[test])
        for _, seed, train, test in parts
    ]
    answers = np.full((len(clips), len(seeds)), -1)
    chosen = {}
    found = apart(_answer, tasks, track, f"{peer.name}: folds")
    for (fold, seed, _, test), (own, choice) in zip(parts, found, strict=True):
        answers[test, seed] = own
        if choice:
            chosen[fold] = choice
    answered = sorted(np.flatnonzero(answers[:, 0] >= 0).tolist(), key=lambda index: clips[index].path.name)
    pooled = Pooled(
        protocol=protocol,
        reading=READING,
        subject=peer.name,
        corpus=corpus["title"],
        note=corpus["note"],
        epochs=0,
        labels=tuple(labels),
        folds=tuple(fold.name for fold in folds),
        seeds=tuple(seeds),
        clips=tuple(clips[index].path.name for index in answered),
        speakers=tuple(clips[index].speaker for index in answered),
        targets=targets[answered],
        probabilities=np.eye(len(labels))[answers[answered]],
    )
    return Answers(pooled, chosen)


def _answer(
    peer: Peer, features: np.ndarray, targets: np.ndarray, speakers: np.ndarray, seed: int, asked: np.ndarray
) -> tuple[np.ndarray, dict[str, float]]:
    """Class indices of what is asked, by a peer that was given the training clips alone; and what it chose."""
    model: Any = peer.fit(features, targets, speakers.tolist(), seed)
    choice = {}
    if hasattr(model, "best_params_"):  # a search of scikit-learn's
        choice = {name.split("__")[-1]: value for name, value in model.best_params_.items()}
        choice["UA on inner speakers"] = float(model.best_score_)
    return model.predict(asked), choice
