"""What an evaluation will do, before anything trains: clips, folds, the leak audit, and one job a fold and seed."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sernet.benchmarks.evaluation.job import FoldJob, describe_corpus
from sernet.runtime.errors import SernetError
from sernet.training.backend import trained_precision
from sernet.training.clip import Clip
from sernet.training.config import TrainConfig
from sernet.training.corpora import load_corpus
from sernet.training.leak_audit import FoldAudit, audit_folds, require_no_leak
from sernet.training.protocols import Fold, Protocol, cross_corpus_fold
from sernet.training.shared_labels import on_shared_labels


@dataclass(frozen=True)
class Material:
    """The clips that a protocol divides, and what is said of them."""

    clips: tuple[Clip, ...]
    labels: tuple[str, ...]
    """In output order."""
    corpus: dict[str, str]
    """Of the training clips."""
    answered: str
    """Title of the corpus that is answered; the same, except across corpora."""
    root: Path
    """Folder of the corpus that is answered."""
    notes: tuple[str, ...]
    """What a user should know: clips that are missing, labels that were dropped."""
    fold: str | None = None
    """The only fold wanted; across corpora, the direction."""


@dataclass(frozen=True)
class Plan:
    """The jobs of a protocol and what the audit found."""

    jobs: tuple[FoldJob, ...]
    audits: tuple[FoldAudit, ...]
    """Of every different fold; folds that the seed draws are named with it."""
    complete: bool
    """Whether all folds of the protocol are among the jobs."""


def load_material(
    corpus: str, config: TrainConfig, *, test_corpus: str | None = None, data: Path | None = None
) -> Material:
    """Load the corpus, or for `cross-corpus` two on their shared labels.

    Raises SernetError as `load_corpus` does, and when the corpora share fewer than two labels.
    """
    loaded = load_corpus(corpus, data=data, audio_type=config.audio_type, merge_excited=config.merge_excited)
    notes = [*loaded.missing, *loaded.left_out]
    described = describe_corpus(loaded.corpus)
    if test_corpus is None:
        present = {clip.label for clip in loaded.clips}
        labels = tuple(label for label in loaded.labels if label in present)
        return Material(tuple(loaded.clips), labels, described, described["title"], loaded.root, tuple(notes))
    answered = load_corpus(test_corpus, data=data)
    shared = on_shared_labels(loaded.clips, answered.clips)
    notes += [*answered.missing, *answered.left_out]
    if shared.dropped:
        notes.append(f"left out the labels that only one corpus has: {', '.join(shared.dropped)}")
    return Material(
        (*shared.first, *shared.second),
        shared.labels,
        described,
        answered.corpus.title,
        answered.root,
        tuple(notes),
        cross_corpus_fold(loaded.corpus.name, answered.corpus.name),
    )


def protocol_config(config: TrainConfig, protocol: Protocol, seed: int) -> TrainConfig:
    """The settings of one seed.

    Which epoch is kept is the protocol's to say, whatever the preset says. The arithmetic is this machine's, so that
    every node of a cluster trains in the same.
    """
    precision = trained_precision(config.precision)
    if protocol.peek:
        return dataclasses.replace(config, keep="best", average_epochs=1, precision=precision, seed=seed)
    return dataclasses.replace(config, keep="last", precision=precision, seed=seed)


def make_plan(
    material: Material,
    protocol: Protocol,
    config: TrainConfig,
    *,
    seeds: Sequence[int],
    subject: str,
    preset: str,
    work: Path,
    readings: Sequence[str],
    folds: Sequence[str] = (),
) -> Plan:
    """One job for each fold and seed, audited.

    Args:
        material: the clips.
        protocol: how they are divided.
        config: settings; seed and kept epoch are set by this function.
        seeds: of everything random in training, and in the folds where they are drawn.
        subject: what is evaluated, for example ``emodb-paper``.
        preset: name of the settings.
        work: where run folders lie.
        readings: names of the readings.
        folds: only these; all when empty.

    Raises:
        SernetError: the protocol does not fit the corpus, a fold leaks, or a named fold does not exist.
    """
    divided = {seed: protocol.folds(material.clips, seed) for seed in seeds}
    if material.fold:
        divided = {
            seed: [fold for fold in all_folds if fold.name == material.fold] for seed, all_folds in divided.items()
        }
    names = [fold.name for fold in divided[seeds[0]]]
    if unknown := sorted(set(folds) - set(names)):
        raise SernetError(f"{protocol.name} has no fold {', '.join(unknown)}: it has {', '.join(names)}")
    wanted = set(folds) or set(names)
    chosen = {seed: [fold for fold in all_folds if fold.name in wanted] for seed, all_folds in divided.items()}
    audits = audit_folds(_different(chosen))
    require_no_leak(protocol, audits)
    jobs = [
        FoldJob(
            subject=subject,
            preset=preset,
            family=protocol.family,
            fold=fold,
            config=protocol_config(config, protocol, seed),
            labels=material.labels,
            corpus=material.corpus,
            answered=material.answered,
            root=material.root,
            work=work,
            readings=tuple(readings),
        )
        for seed, seed_folds in chosen.items()
        for fold in seed_folds
    ]
    return Plan(tuple(jobs), tuple(audits), wanted == set(names))


def _different(chosen: dict[int, list[Fold]]) -> list[Fold]:
    """Every fold once: where each seed draws its own, the seed joins its name."""
    first, *others = chosen.values()
    if all(folds == first for folds in others):
        return first
    return [
        Fold(f"{fold.name}, seed {seed}", fold.train, fold.test) for seed, folds in chosen.items() for fold in folds
    ]
