"""The evaluations that the repository holds: results of `sernet evaluate` and the answers that they were made of."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sernet.benchmarks.evaluation.calibrate import INNER, OUTER, calibrate
from sernet.benchmarks.evaluation.pooling import Pooled, load_records, pool
from sernet.benchmarks.evaluation.readings import READINGS
from sernet.benchmarks.evaluation.record import Record
from sernet.runtime.errors import SernetError
from sernet.training.augmentation.conditions import CONDITIONS
from sernet.training.protocols import calibrated_protocol, named_protocol

CLEAN = "clean"
"""The condition of clips as they were recorded."""


@dataclass(frozen=True)
class Evaluation:
    """A model under a protocol, as `sernet evaluate` left it."""

    study: "Study"
    content: dict[str, Any]
    """The Result document."""

    @property
    def protocol(self) -> str:
        """Its name; of a calibrated one, that of `CALIBRATED`."""
        return self.content["protocol"]

    @property
    def condition(self) -> str:
        """What was done to the clips."""
        return self.content["details"]["reading"] if self.content["details"]["reading"] in CONDITIONS else CLEAN

    @property
    def reading(self) -> str:
        """Which network answered, and what it knew: clips under a condition are answered by the float one."""
        return self.content["details"]["reading"] if self.condition == CLEAN else "float"

    @cached_property
    def pooled(self) -> Pooled:
        """The answers, with the calibration where the protocol has one.

        Raises SernetError when the records of the folds are gone.
        """
        details, before = self.content["details"], calibrated_protocol(self.protocol)
        if before is None:
            protocol = named_protocol(self.protocol)
            return pool(self._of_same_seeds(protocol.family), protocol, details["reading"])
        outer, inner = self._of_same_seeds(OUTER.family), self.study.records(INNER.family)
        return calibrate(outer, inner, details["reading"], details["target_accuracy"]).after

    def _of_same_seeds(self, family: str) -> list[Record]:
        return [record for record in self.study.records(family) if record["seed"] in self.content["details"]["seeds"]]


class Study:
    """All evaluations of a model's settings."""

    def __init__(self, model: str, folder: Path) -> None:
        """`folder` holds pooled Results, and the records of folds by families of protocols."""
        self.model, self._folder = model, folder
        self._records: dict[str, list[Record]] = {}

    def evaluations(self) -> Iterator[Evaluation]:
        """Those of whole protocols, in the order of their files; what only serves to choose a calibration is not one.

        Raises SernetError when a file is no Result.
        """
        for path in sorted(self._folder.glob("*.json")):
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
                whole = content["what"] in ("evaluation", "calibration") and content["details"]["all_folds"]
                pruned = READINGS[content["details"]["reading"]].pruned  # the network that this one was pruned from
            except (OSError, ValueError, LookupError, TypeError):
                raise SernetError(
                    f"{path} is not a result of `sernet evaluate`: delete it, or evaluate again"
                ) from None
            if whole and not pruned and content["protocol"] != INNER.name:
                yield Evaluation(self, content)

    def records(self, family: str) -> list[Record]:
        """Of the folds of a family of protocols; read once."""
        if family not in self._records:
            self._records[family] = load_records(self._folder, family)
        return self._records[family]
