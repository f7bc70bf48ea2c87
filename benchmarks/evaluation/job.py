"""One fold of one seed as a job: train, answer the test clips, and return the record, on whatever machine it lands."""

import contextlib
import hashlib
import json
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np

import sernet
from sernet.benchmarks.evaluation.record import SCHEMA_VERSION, Record, rounded, settings
from sernet.training.atomic import write_text
from sernet.training.clip import Clip
from sernet.training.config import TrainConfig
from sernet.training.corpora.corpus import Corpus
from sernet.training.protocols import Fold
from sernet.training.result import machine
from sernet.training.splits import Split

if TYPE_CHECKING:
    from sernet.training.run import Run


@dataclass(frozen=True)
class FoldJob:
    """Everything that a fold's record depends on; picklable, and light to import.

    Nodes need to see the clips under the same paths; nothing else is shared.
    """

    subject: str
    """What is evaluated, for example ``emodb-paper``: corpus and preset."""
    preset: str
    family: str
    """Of the protocol: the folder of the record."""
    fold: Fold
    config: TrainConfig
    """With the seed; `keep` is ``best`` where the epoch is picked on the test clips."""
    labels: tuple[str, ...]
    """In output order."""
    corpus: dict[str, str]
    """Name, title, language, licence and note of the training corpus."""
    answered: str
    """Title of the corpus that the test clips come from."""
    root: Path
    """Folder of the test corpus: clips are named by their path below it."""
    work: Path
    """Where the run folder lies; it holds checkpoints, so a killed training goes on."""
    readings: tuple[str, ...]
    """Names of the readings of the test clips."""

    @property
    def name(self) -> str:
        """Unique among the jobs of an evaluation or a sweep; also the record's path, without its suffix."""
        return f"{self.subject}/{self.record_name}"

    @property
    def record_name(self) -> str:
        """Below the folder of results, without the suffix."""
        return f"{self.family}/fold-{quote(self.fold.name, safe=' ')}-seed{self.config.seed}"

    @property
    def split(self) -> Split:
        """The sides; the best epoch is picked on the test clips, or nowhere."""
        return Split(self.fold.train, self.fold.test if self.config.keep == "best" else (), self.fold.test)

    @cached_property
    def folder(self) -> Path:
        """The run folder; jobs that differ in anything have different ones."""
        sides = {name: [str(clip.path) for clip in side] for name, side in self.split.sides.items()}
        identity = json.dumps([self.config.to_json(), self.labels, sides], sort_keys=True)
        return self.work / f"{self.name}-{hashlib.sha256(identity.encode()).hexdigest()[:10]}"

    def clip_name(self, clip: Clip) -> str:
        """How records name a clip: its path below the corpus, the same on every machine."""
        return (clip.path.relative_to(self.root) if clip.path.is_relative_to(self.root) else clip.path).as_posix()


def run_fold(job: FoldJob) -> Record:
    """Train the fold (or go on with it, or take the trained model), answer its test clips, and return the record.

    Raises SernetError when a clip cannot be read or a reading cannot be made.
    """
    from sernet.training.backend import import_quietly

    import_quietly()
    import keras

    from sernet.benchmarks.evaluation.readings import read_fold
    from sernet.training.run import Run

    keras.utils.clear_session()  # a worker trains many folds
    run = Run(job.folder, job.config, job.labels, job.corpus, job.split)
    history = _trained(run)
    return _record(job, history, read_fold(run, job.readings))


def _trained(run: "Run") -> list[dict[str, Any]]:
    """Train to the end, from the last checkpoint if there is one; a finished training is left as it is."""
    from sernet.training.trainer import train

    models = ("model.keras", "last.keras") if run.config.keep == "best" else ("model.keras",)
    log = run.folder / "history.json"
    with contextlib.suppress(OSError, ValueError):
        history = json.loads(log.read_text(encoding="utf-8"))
        if all((run.folder / name).is_file() for name in models):
            return history
    write_text(run.folder / "run.json", json.dumps(run.to_json()) + "\n")
    history = train(run)
    write_text(log, json.dumps(history) + "\n")
    shutil.rmtree(run.folder / "checkpoints", ignore_errors=True)  # several times the model's size
    return history


def differences(record: Record, job: FoldJob) -> list[str]:
    """In what the record's training differs from the job's; empty when the record answers the job.

    A training that picked its epoch on the test clips also answers a job that keeps the last epoch: it holds the
    readings of that epoch, whose weights do not depend on the picking. The other way round it does not.
    """
    mine, theirs = settings(job.config.to_json()), settings(record["config"])
    if theirs["keep"] == "best" and mine["keep"] == "last":
        mine["keep"] = "best"
    differing = [name for name in mine if mine[name] != theirs[name]]
    pairs = {
        "corpus": (record["corpus"]["name"], job.corpus["name"]),
        "labels": (record["labels"], list(job.labels)),
        "training clips": (record["trained_on"]["fingerprint"], fingerprint(job)),
        "test clips": (record["clips"]["name"], [job.clip_name(clip) for clip in job.fold.test]),
    }
    return differing + [name for name, (one, other) in pairs.items() if one != other]


def _record(job: FoldJob, history: list[dict[str, Any]], readings: dict[str, np.ndarray]) -> Record:
    """The record of a trained fold; `readings` are probabilities (clips, classes) by name."""
    clips = job.fold.test
    return {
        "schema_version": SCHEMA_VERSION,
        "what": "fold",
        "sernet": sernet.__version__,
        "machine": machine(),
        "subject": job.subject,
        "preset": job.preset,
        "corpus": job.corpus,
        "answered": job.answered,
        "family": job.family,
        "fold": job.fold.name,
        "seed": job.config.seed,
        "config": job.config.to_json() | {"dataset": job.corpus["name"]},
        "labels": list(job.labels),
        "trained_on": {"clips": len(job.fold.train), "fingerprint": fingerprint(job)},
        "clips": {
            "name": [job.clip_name(clip) for clip in clips],
            "speaker": [clip.speaker for clip in clips],
            "sentence": [clip.sentence for clip in clips],
            "target": [job.labels.index(clip.label) for clip in clips],
        },
        "readings": {name: rounded(probabilities) for name, probabilities in readings.items()},
        "history": {name: rounded([entry[name] for entry in history], significant=True) for name in history[-1]},
    }


def fingerprint(job: FoldJob) -> str:
    """Of the training clips' file names, speakers and labels."""
    names = sorted((clip.corpus, clip.path.name, clip.speaker or "", clip.label) for clip in job.fold.train)
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()[:16]


def describe_corpus(corpus: Corpus) -> dict[str, str]:
    """What records and runs say of a `Corpus`."""
    return {name: getattr(corpus, name) for name in ("name", "title", "language", "licence", "note")}
