"""The Result contract: every measurement is one JSON document; reports and tables are made from these, never typed."""

import json
import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sernet
from sernet.training.atomic import write_text

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Result:
    """What was measured, on what, and how sure we may be."""

    what: str
    """For example ``training`` or ``variants``."""
    subject: str
    """The run or the file that was measured."""
    protocol: str
    """How test and training were kept apart, for example ``speaker hold-out``."""
    corpus: str
    """Corpus title; a synthetic one says so."""
    n: int
    """Clips (or repetitions) measured."""
    seed: int
    values: list[dict[str, Any]]
    """Each with metric and value, and low and high where there is an interval."""
    details: dict[str, Any] = field(default_factory=dict)
    """Anything a report may want to show: settings, speakers, confusion matrix."""

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values, with the schema version and the machine."""
        return {
            "schema_version": SCHEMA_VERSION,
            "sernet": sernet.__version__,
            "machine": machine(),
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
        }

    def save(self, path: Path) -> None:
        """Write the document, whole or not at all."""
        write_text(path, json.dumps(self.to_json(), indent=2) + "\n")


def machine() -> dict[str, Any]:
    """What the measurement ran on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith(("model name", "Model"))]
    return names[0] if names else platform.processor()
