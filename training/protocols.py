"""Evaluation protocols: which clips train and which are answered, in every fold.

A protocol is a *reading* of trained folds: `loso`, `loso-enrolled` and `loso-peek` have the same folds, and one
training serves all three. Trainings therefore belong to a family of protocols, not to a protocol.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import KFold, StratifiedGroupKFold

from sernet.runtime.errors import SernetError
from sernet.training.clip import Clip

RANDOM_FOLDS = 10
"""Folds of `random-peek`, as the published figures were measured."""
GROUP_FOLDS = 5
"""Folds of `group-kfold`, as RAVDESS is usually reported."""
SENTENCE_GROUPS = 2
"""Parts of the sentences in `text`: each speaker is answered once for each part, so EMO-DB costs 20 trainings."""


INNER_SPEAKERS = 3
"""Speakers that `loso-inner` answers for each test speaker: with one alone, what is chosen is that speaker's own."""

CALIBRATED = {"loso": "loso-calibrated", "loso-enrolled": "loso-enrolled-calibrated"}
"""Names under which protocols are reported with calibrations and thresholds that were chosen under `loso-inner`."""
CALIBRATION_SUMMARY = (
    "calibration and threshold are chosen on other speakers, answered by models that heard neither them nor the test "
    "speaker"
)


@dataclass(frozen=True)
class Fold:
    """One training and the clips that it answers."""

    name: str
    """For example the test speaker; unique within a protocol, fit for a file name."""
    train: tuple[Clip, ...]
    test: tuple[Clip, ...]


@dataclass(frozen=True)
class Protocol:
    """How test and training are kept apart, and what else is known when the test is answered."""

    name: str
    summary: str
    """What it is, in words that stand beside every figure."""
    family: str
    """Protocols of one family have the same folds, and share their trainings."""
    divide: Callable[[list[Clip], int], list[Fold]]
    """Clips (sorted by path) and seed to folds."""
    shares_speakers: bool = False
    """Whether a speaker may stand on both sides."""
    shares_sentences: bool = True
    """Whether a sentence may stand on both sides."""
    answers_again: bool = False
    """Whether a clip may be answered by several folds."""
    peek: bool = False
    """Whether the best epoch is picked on the test clips."""
    enrolled: bool = False
    """Whether statistics (never labels) of other recordings of the test speaker are known."""

    def folds(self, clips: Sequence[Clip], seed: int) -> list[Fold]:
        """The folds; the same clips and seed give the same folds, in whatever order the clips come.

        Only `random-peek` and `group-kfold` draw, and depend on the seed.

        Raises:
            SernetError: the corpus does not say who speaks or what is said, or has too few speakers.
        """
        clips = sorted(clips, key=lambda clip: str(clip.path))
        if not self.shares_speakers and any(clip.speaker is None for clip in clips):
            raise SernetError(
                f"{self.name} needs to know who speaks, and the corpus does not say: give a manifest with a speaker "
                "column, or use --protocol random-peek"
            )
        if not self.shares_sentences and any(clip.sentence is None for clip in clips):
            raise SernetError(
                f"{self.name} needs to know what is said, and the corpus does not say: give a manifest with a "
                "sentence column, or use --protocol loso"
            )
        return self.divide(clips, seed)


def _leave_one_speaker_out(clips: list[Clip], seed: int) -> list[Fold]:
    return [
        _fold(speaker, clips, lambda clip, speaker=speaker: clip.speaker == speaker)
        for speaker in _speakers(clips, "leave one speaker out", least=2)
    ]


def _leave_inner_speakers_out(clips: list[Clip], seed: int) -> list[Fold]:
    """A fold is named after a speaker, who does not train, and answers the next ones, who do not train either.

    At least half of the other speakers train.
    """
    speakers = _speakers(clips, "leave inner speakers out", least=3)
    count = min(INNER_SPEAKERS, (len(speakers) - 1) // 2)
    folds = []
    for index, speaker in enumerate(speakers):
        following = (speakers[index + 1 :] + speakers[:index])[:count]
        train = tuple(clip for clip in clips if clip.speaker not in (speaker, *following))
        folds.append(Fold(speaker, train, tuple(clip for clip in clips if clip.speaker in following)))
    return folds


def _speaker_groups(clips: list[Clip], seed: int) -> list[Fold]:
    _speakers(clips, f"{GROUP_FOLDS} groups of speakers", least=GROUP_FOLDS)
    labels, speakers = [clip.label for clip in clips], [clip.speaker for clip in clips]
    divider = StratifiedGroupKFold(GROUP_FOLDS, shuffle=True, random_state=seed)
    return _numbered(clips, [test for _, test in divider.split(labels, labels, speakers)])


def _at_random(clips: list[Clip], seed: int) -> list[Fold]:
    if len(clips) < RANDOM_FOLDS:
        raise SernetError(f"{RANDOM_FOLDS} folds need at least as many clips, and the corpus has {len(clips)}")
    divider = KFold(RANDOM_FOLDS, shuffle=True, random_state=seed)
    return _numbered(clips, [test for _, test in divider.split(clips)])


def _leave_text_out(clips: list[Clip], seed: int) -> list[Fold]:
    """A fold answers one speaker's clips of one half of the sentences, and trains on the others' of the other half."""
    sentences = sorted({str(clip.sentence) for clip in clips})
    if len(sentences) < SENTENCE_GROUPS:
        raise SernetError(f"the corpus has {len(sentences)} sentence: text needs at least {SENTENCE_GROUPS}")
    folds = []
    for speaker in _speakers(clips, "leave speakers and sentences out", least=2):
        for group in range(SENTENCE_GROUPS):
            held_out = set(sentences[group::SENTENCE_GROUPS])  # every second: corpora name similar sentences alike
            test = [clip for clip in clips if clip.speaker == speaker and clip.sentence in held_out]
            train = [clip for clip in clips if clip.speaker != speaker and clip.sentence not in held_out]
            if test:
                folds.append(Fold(f"{speaker}-text{group + 1}", tuple(train), tuple(test)))
    return folds


def _across_corpora(clips: list[Clip], seed: int) -> list[Fold]:
    corpora = sorted({clip.corpus for clip in clips})
    if len(corpora) != 2:
        raise SernetError(f"cross-corpus needs two corpora, and the clips come from {', '.join(corpora)}")
    return [
        Fold(
            cross_corpus_fold(one, other),
            tuple(clip for clip in clips if clip.corpus == one),
            tuple(clip for clip in clips if clip.corpus == other),
        )
        for one, other in (corpora, corpora[::-1])
    ]


def cross_corpus_fold(train: str, test: str) -> str:
    """Name of the fold that trains on one corpus and answers another."""
    return f"{train}-to-{test}"


def _speakers(clips: list[Clip], purpose: str, least: int) -> list[str]:
    speakers = sorted({str(clip.speaker) for clip in clips})
    if len(speakers) < least:
        raise SernetError(f"{purpose} needs at least {least} speakers, and the corpus has {len(speakers)}")
    return speakers


def _numbered(clips: list[Clip], tests: Sequence[np.ndarray]) -> list[Fold]:
    folds = []
    for number, test in enumerate(tests, start=1):
        chosen = {clips[index].path for index in test}
        folds.append(_fold(f"{number:02d}", clips, lambda clip, chosen=chosen: clip.path in chosen))
    return folds


def _fold(name: str, clips: list[Clip], is_test: Callable[[Clip], bool]) -> Fold:
    return Fold(name, tuple(c for c in clips if not is_test(c)), tuple(c for c in clips if is_test(c)))


PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "loso",
            "leave one speaker out; nothing is chosen on the test speaker",
            "loso",
            _leave_one_speaker_out,
        ),
        Protocol(
            "loso-enrolled",
            "leave one speaker out; statistics, never labels, of other recordings of the test speaker are known",
            "loso",
            _leave_one_speaker_out,
            enrolled=True,
        ),
        Protocol(
            "loso-peek",
            "leave one speaker out; the best epoch is picked on the test speaker",
            "loso",
            _leave_one_speaker_out,
            peek=True,
        ),
        Protocol(
            "loso-inner",
            f"leave a speaker and the next {INNER_SPEAKERS} out, and answer those: whatever the first one's answers "
            "need, a calibration or a threshold, is chosen by models that did not hear it",
            "loso-inner",
            _leave_inner_speakers_out,
            answers_again=True,
        ),
        Protocol(
            "random-peek",
            f"shuffled {RANDOM_FOLDS}-fold; speakers and sentences leak, and the best epoch is picked on the test "
            "clips, as in the paper's public code",
            "random-peek",
            _at_random,
            shares_speakers=True,
            peek=True,
        ),
        Protocol(
            "text",
            f"leave one speaker and one of {SENTENCE_GROUPS} groups of sentences out",
            "text",
            _leave_text_out,
            shares_sentences=False,
        ),
        Protocol(
            "cross-corpus",
            "train on one corpus, answer another, on the labels they share",
            "cross-corpus",
            _across_corpora,
        ),
        Protocol(
            "group-kfold",
            f"{GROUP_FOLDS} groups of speakers, each left out once; nothing is chosen on them",
            "group-kfold",
            _speaker_groups,
        ),
    )
}


def named_protocol(name: str) -> Protocol:
    """The protocol called `name`; raises SernetError when there is none."""
    if name not in PROTOCOLS:
        raise SernetError(f"no protocol {name!r}: use one of {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]


def calibrated_protocol(name: str) -> str | None:
    """The protocol that is reported under a name of `CALIBRATED`; None for a name that is not among them."""
    return next((protocol for protocol, calibrated in CALIBRATED.items() if calibrated == name), None)
