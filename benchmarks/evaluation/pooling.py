"""The answers of all folds together: one answer a clip and seed, in the order of the clips' names.

Where several folds answer a clip, each answer stands for itself, under the fold's and the clip's name.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sernet.benchmarks.evaluation.record import Record, load_record, settings
from sernet.runtime.errors import SernetError
from sernet.training.protocols import Protocol


@dataclass(frozen=True)
class Pooled:
    """What a protocol's folds answered under one reading."""

    protocol: Protocol
    reading: str
    subject: str
    corpus: str
    """Title; of two corpora, both."""
    note: str
    """What every report on this corpus must say, for example ``synthetic``."""
    epochs: int
    """That each fold was trained for."""
    labels: tuple[str, ...]
    folds: tuple[str, ...]
    seeds: tuple[int, ...]
    clips: tuple[str, ...]
    """Names, sorted."""
    speakers: tuple[str | None, ...]
    """(clips,)."""
    targets: np.ndarray
    """(clips,), class indices."""
    probabilities: np.ndarray
    """(clips, seeds, classes)."""

    @property
    def answers(self) -> np.ndarray:
        """(clips, seeds), class indices."""
        return self.probabilities.argmax(axis=2)


def pool(records: Sequence[Record], protocol: Protocol, reading: str) -> Pooled:
    """Put the records of whole seeds together.

    Raises:
        SernetError: there is no record, they are of different studies, one lacks the reading, or the seeds did not
            answer the same clips.
    """
    if not records:
        raise SernetError(f"no records of {protocol.family} to pool: evaluate first")
    first = records[0]
    for name in ("subject", "corpus", "answered", "labels", "family"):
        if any(record[name] != first[name] for record in records):
            raise SernetError(f"the records are of different studies (another {name}): give each its own --out")
    if not all(_trained_alike(record, first) for record in records):
        raise SernetError("the records were trained with different settings: give each study its own --out")
    seeds = sorted({record["seed"] for record in records})
    per_seed = [_by_clip([r for r in records if r["seed"] == seed], protocol, reading) for seed in seeds]
    clips = sorted(per_seed[0])
    for seed, answers in zip(seeds, per_seed, strict=True):
        if missing := answers.keys() ^ per_seed[0].keys():
            raise SernetError(
                f"seeds {seeds[0]} and {seed} did not answer the same clips ({len(missing)} differ): evaluate the same "
                "folds for each seed"
            )
    title = first["corpus"]["title"]
    return Pooled(
        protocol,
        reading,
        first["subject"],
        title if first["answered"] == title else f"trained on {title}, answers {first['answered']}",
        first["corpus"]["note"],
        first["config"]["epochs"],
        tuple(first["labels"]),
        tuple(sorted({record["fold"] for record in records})),
        tuple(seeds),
        tuple(clips),
        tuple(per_seed[0][clip][0] for clip in clips),
        np.array([per_seed[0][clip][1] for clip in clips]),
        np.array([[answers[clip][2] for answers in per_seed] for clip in clips]),
    )


def load_records(folder: Path, family: str, seeds: Sequence[int] = (), folds: Sequence[str] = ()) -> list[Record]:
    """The records of a family of protocols below a folder of results; of some seeds and folds when they are named."""
    records = [load_record(path) for path in sorted((folder / family).glob("fold-*.json"))]
    return [r for r in records if (not seeds or r["seed"] in seeds) and (not folds or r["fold"] in folds)]


def reading_of(record: Record, protocol: Protocol, reading: str) -> str:
    """Name under which the record holds what a protocol's reading asks for.

    An honest protocol reads the last epoch of a training that picked another one on the test clips.

    Raises SernetError when the record lacks it.
    """
    peeked = record["config"]["keep"] == "best"
    if protocol.peek and not peeked:
        raise SernetError(
            f"fold {record['fold']} kept its last epoch, and {protocol.name} picks one: evaluate it with another --out"
        )
    name = reading if protocol.peek or not peeked else ("last" if reading == "float" else f"last-{reading}")
    if name not in record["readings"]:
        raise SernetError(
            f"fold {record['fold']}, seed {record['seed']} was not answered under the reading {reading!r}: it has "
            f"{', '.join(record['readings'])}; evaluate again with --reading {reading}"
        )
    return name


def _trained_alike(one: Record, other: Record) -> bool:
    """Whether two records are of the same settings; of settings that are gone, when they are written alike."""
    own = {"seed": None, "keep": None}
    if one["config"] | own == other["config"] | own:
        return True
    return settings(one["config"]) | own == settings(other["config"]) | own


Answer = tuple[str | None, int, list[float]]
"""Speaker, target and probabilities of a clip."""


def _by_clip(records: Sequence[Record], protocol: Protocol, reading: str) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    for record in records:
        clips, probabilities = record["clips"], record["readings"][reading_of(record, protocol, reading)]
        columns = zip(clips["speaker"], clips["target"], probabilities, strict=True)
        answers |= dict(zip(_names(record, protocol), columns, strict=True))
    counts = Counter(name for record in records for name in _names(record, protocol))
    if twice := [name for name, count in counts.items() if count > 1]:
        raise SernetError(
            f"{len(twice)} clips are answered by two folds, for example {twice[0]}: evaluate into an empty --out"
        )
    return answers


def _names(record: Record, protocol: Protocol) -> list[str]:
    names = record["clips"]["name"]
    return [f"{record['fold']}: {name}" for name in names] if protocol.answers_again else names
