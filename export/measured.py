"""What was measured of a run's settings: the results of `sernet evaluate`, as the bundle of a release carries them."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sernet.export.formats import Format
from sernet.runtime.calibration import NONE, Calibration
from sernet.runtime.errors import SernetError
from sernet.training.augmentation.conditions import CONDITIONS
from sernet.training.config import TrainConfig
from sernet.training.protocols import CALIBRATED, PROTOCOLS, calibrated_protocol, cross_corpus_fold
from sernet.training.run import Run

PLAIN = ("float", "int8")
"""Readings of the clips as they are, by a model that knows nobody."""

ENROLMENT_KINDS = {"enrolled": "features only (`enrolled-N`)", "varied": "in many moods (`varied-N`)"}
"""Kinds of readings that know their speaker from N s of speech, as titles in Markdown."""

_OVERVIEW = ("UA", "WA")
ACCURACIES = (*_OVERVIEW, "weighted F1")
"""Metrics of how often answers are right."""

_WITHOUT_EFFECT = {
    *("dataset", "cache", "precision", "fuse_front_end"),  # where clips lie, and how the same numbers are computed
    *("split", "test_speakers", "test_fraction", "validation_fraction", "keep", "seed"),  # the protocol's to say
}


@dataclass(frozen=True)
class Measured:
    """Accuracies under protocols, and the calibration that was chosen with them."""

    accuracy: tuple[dict[str, Any], ...] = ()
    """Each with metric, value, low, high, resampled, protocol, reading, corpus, n and seeds; the headline first."""
    calibration: Calibration = NONE
    uncertain_below: float = 0.0

    @property
    def calibrated(self) -> bool:
        """Whether calibration and threshold were chosen."""
        return self.calibration != NONE


def read_measured(folder: Path, run: Run, target: Format) -> Measured:
    """The results in a folder of `sernet evaluate` that tell of a run exported as `target`.

    They are those of whole protocols that do not peek: figures of the float model, for activations in int8 also of
    int8, and the calibration of the one that is exported. Where there is one, the headline is with it: so the file
    answers.

    Raises:
        SernetError: the folder holds no such result, or the results are of another corpus or of other settings.
    """
    wanted = "int8" if target.activation_bits == 8 else "float"
    results = [result for result in _results(folder) if _tells_of(result, run, wanted)]
    if not any(result["details"]["reading"] == wanted and result["what"] == "evaluation" for result in results):
        raise SernetError(
            f"{folder} holds no result of a whole protocol with the reading {wanted}: `sernet evaluate --reading "
            f"{wanted}` into it makes one"
        )
    for family in {_family(result) for result in results}:
        _require_same_settings(folder / family, run)
    own = [r for r in results if r["what"] == "calibration" and r["details"]["reading"] == wanted]
    if not own:
        results = [result for result in results if result["what"] != "calibration"]
    results.sort(key=lambda result: _rank(result, wanted))
    items = tuple(item for result in results for item in _items(result, wanted))
    if not own:
        return Measured(items)
    release = own[0]["details"]["release"]
    return Measured(items, Calibration(release["temperature"], tuple(release["bias"])), release["threshold"])


def _results(folder: Path) -> Iterator[dict[str, Any]]:
    """The pooled results in a folder, without sweeps and comparisons, without parts of a protocol."""
    for path in sorted(folder.glob("*.json")):
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
            if result["what"] in ("evaluation", "calibration") and result["details"]["all_folds"]:
                _family(result)  # raises KeyError for a protocol that there is not
                yield result
        except (OSError, ValueError, KeyError, TypeError):
            raise SernetError(f"{path} is not a result of `sernet evaluate`: delete it, or evaluate again") from None


def _tells_of(result: dict[str, Any], run: Run, wanted: str) -> bool:
    protocol, reading = result["protocol"], result["details"]["reading"]
    if protocol == "loso-inner" or PROTOCOLS[calibrated_protocol(protocol) or protocol].peek:
        return False
    if protocol == "cross-corpus" and not result["details"]["folds"][0].startswith(_direction(run)):
        return False
    return reading not in PLAIN or reading in ("float", wanted)


def _direction(run: Run) -> str:
    return cross_corpus_fold(run.corpus["name"], "")


def _family(result: dict[str, Any]) -> str:
    return PROTOCOLS[calibrated_protocol(result["protocol"]) or result["protocol"]].family


def _require_same_settings(records: Path, run: Run) -> None:
    """Raise SernetError unless the records' models were trained as the run was."""
    mine = run.config.to_json()
    if mine["keep"] != "last":
        raise SernetError(f"{run.folder} keeps its best epoch, and the results are of the last: train with --keep last")
    for path in sorted(records.glob("fold-*.json")):
        if records.name == "cross-corpus" and not path.name.startswith(f"fold-{_direction(run)}"):
            continue
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            theirs, corpus, labels = record["config"], record["corpus"]["name"], record["labels"]
        except (OSError, ValueError, KeyError, TypeError):
            raise SernetError(f"{path} is not the record of a fold: delete it, and evaluate again") from None
        complete = TrainConfig.from_json(theirs).to_json()
        differing = [name for name in mine if name not in _WITHOUT_EFFECT and mine[name] != complete[name]]
        differing += ["corpus"] if corpus != run.corpus["name"] else []
        differing += ["labels"] if records.name != "cross-corpus" and labels != list(run.labels) else []
        if differing:
            raise SernetError(
                f"{path} was made with another {', '.join(differing)} than {run.folder}: evaluate those of the run"
            )
        return
    raise SernetError(f"{records} holds no records to compare {run.folder} with: keep them beside the results")


def _rank(result: dict[str, Any], wanted: str) -> tuple[int, int, float]:
    """Protocols in their own order, calibrated first; of each, the reading that is exported, float, then the others.

    Those that know their speaker stand by kind, and of each kind the one that knows least first.
    """
    protocol, reading = result["protocol"], result["details"]["reading"]
    readings = [wanted, *PLAIN, *CONDITIONS, *ENROLMENT_KINDS]
    name = reading if reading in readings else enrolment(reading)[0]
    place = readings.index(name) if name in readings else len(readings)
    order = [name for each in PROTOCOLS for name in (CALIBRATED.get(each), each)]
    return order.index(protocol), place, enrolment(reading)[1]


def enrolment(reading: str) -> tuple[str, float]:
    """Kind of a reading that knows its speaker, and seconds of speech that it knows.

    ``varied-30`` is ("varied", 30.0); ``varied`` knows all there is: infinity.
    """
    kind, _, seconds = reading.partition("-")
    return kind, float(seconds) if seconds.isdigit() else math.inf


def _items(result: dict[str, Any], wanted: str) -> Iterator[dict[str, Any]]:
    """A result's figures, each with what it is a figure of."""
    details, reading = result["details"], result["details"]["reading"]
    plain = reading in PLAIN and result["protocol"] != "cross-corpus"
    for value in result["values"]:
        if result["what"] == "calibration" and reading == wanted:
            shown = "label" not in value
        else:
            shown = value["metric"] in (ACCURACIES if plain else _OVERVIEW)
        if shown:
            yield {name: value[name] for name in ("metric", "value", "low", "high", "resampled")} | {
                "protocol": result["protocol"],
                "reading": reading,
                "corpus": result["corpus"],
                "n": result["n"],
                "seeds": details["seeds"],
            }
