"""Our networks' answers that peers are compared with, and the protocol under which both were asked."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from sernet.benchmarks.accuracy import uncalibrated_probabilities
from sernet.benchmarks.evaluation.compare import load_pooled
from sernet.benchmarks.evaluation.pooling import Pooled
from sernet.benchmarks.suite.job import Job
from sernet.benchmarks.suite.material import NETWORKS, RESULTS
from sernet.training.clip import Clip
from sernet.training.protocols import PROTOCOLS, Fold, Protocol
from sernet.training.splits import Split

FORMAT = "int8"
"""Of the networks that answered."""

HOLD_OUT = "speaker hold-out"


@dataclass(frozen=True)
class OwnAnswers:
    """What a peer has to answer too."""

    protocol: Protocol
    clips: Sequence[Clip]
    """All that the protocol divides."""
    answers: Mapping[str, Pooled]
    """By model; clips are known by their files' names."""

    @property
    def asked(self) -> tuple[str, ...]:
        """Names of the clips that are answered."""
        return next(iter(self.answers.values())).clips

    @property
    def labels(self) -> tuple[str, ...]:
        """In the order of the classes."""
        return next(iter(self.answers.values())).labels


def own_answers(job: Job) -> OwnAnswers | None:
    """Those of the records in `RESULTS`; of synthetic speech, to the test clips of the job's run, None without one.

    Raises SernetError when the records are gone.
    """
    if job.corpus["note"] == "synthetic":
        return None if job.run is None else _to_test_clips(job, job.run.split)
    loso = PROTOCOLS["loso"]
    records = {model: load_pooled(RESULTS / f"emodb-{model}", loso.name, FORMAT) for model in NETWORKS}
    return OwnAnswers(loso, job.clips, {model: _by_file(pooled) for model, pooled in records.items()})


def _by_file(pooled: Pooled) -> Pooled:
    """With clips known by the names of their files: records know them by where they lie in the corpus."""
    return dataclasses.replace(pooled, clips=tuple(PurePosixPath(clip).name for clip in pooled.clips))


def _to_test_clips(job: Job, split: Split) -> OwnAnswers:
    fold = Fold("hold-out", (*split.train, *split.validation), split.test)
    protocol = Protocol(HOLD_OUT, "nothing is chosen on the test speakers", HOLD_OUT, lambda clips, seed: [fold])
    clips = sorted(split.test, key=lambda clip: clip.path.name)
    variant = job.variant(job.main, FORMAT)
    labels = variant.bundle.manifest.labels
    pooled = Pooled(
        protocol=protocol,
        reading=FORMAT,
        subject=job.main,
        corpus=job.corpus["title"],
        note=job.corpus["note"],
        epochs=0 if job.run is None else job.run.config.epochs,
        labels=labels,
        folds=(fold.name,),
        seeds=(0,),
        clips=tuple(clip.path.name for clip in clips),
        speakers=tuple(clip.speaker for clip in clips),
        targets=np.array([labels.index(clip.label) for clip in clips]),
        probabilities=uncalibrated_probabilities(variant, clips)[:, None],
    )
    return OwnAnswers(protocol, (*fold.train, *fold.test), {job.main: pooled})
