"""What the sections measured, as the page asks for it."""

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from sernet.benchmarks.suite.sections import RESULTS, SECTIONS
from sernet.runtime.errors import SernetError
from sernet.training.result import SCHEMA_VERSION

Item = dict[str, Any]
"""One value with all that is said of it."""

PROTOCOL = "loso"
"""The protocol of the headline, where it was measured."""

CLEAN = "clean"
"""The condition of clips as they were recorded."""

_SYNTHETIC = "synthetic"


class Results:
    """The documents of the sections that are there, in the sections' order."""

    def __init__(self, documents: dict[str, dict[str, Any]]) -> None:
        self.documents = documents
        self._values: dict[str, list[Item]] = {
            name: [{"protocol": document["protocol"]} | item for item in document["values"]]
            for name, document in documents.items()
        }

    @classmethod
    def read(cls, folder: Path) -> "Results":
        """All Results of a benchmark's folder.

        Raises:
            SernetError: there is none, or one is not a Result of this version.
        """
        documents = {
            name: _document(path) for name in SECTIONS if (path := folder / RESULTS / f"{name}.json").is_file()
        }
        if not documents:
            raise SernetError(f"{folder / RESULTS} holds no results: `sernet bench --out {folder}` measures them")
        return cls(documents)

    def values(self, section: str) -> list[Item]:
        """All values of a section, each with its protocol; empty where it was not measured."""
        return self._values.get(section, [])

    def all(self, section: str, metric: str, **keys: Any) -> list[Item]:
        """Values of a metric whose other keys are these, in their order; empty where nothing was measured."""
        return [
            item
            for item in self.values(section)
            if item["metric"] == metric and all(item.get(key) == wanted for key, wanted in keys.items())
        ]

    def find(self, section: str, metric: str, **keys: Any) -> Item | None:
        """The first of `all`, or None."""
        return next(iter(self.all(section, metric, **keys)), None)

    def details(self, section: str, name: str) -> Any:
        """One of the details that are kept by name; empty where it is not there."""
        return self.documents.get(section, {}).get("details", {}).get(name) or {}

    @property
    def main(self) -> str:
        """The network that stands for the others where one must."""
        return next(iter(self.documents.values()))["subject"]

    @cached_property
    def models(self) -> list[str]:
        """Networks of which anything was measured, without peers, in their order."""
        sections = (name for name in self.documents if name != "peers")
        found = (item["model"] for name in sections for item in self.values(name) if "model" in item)
        return list(dict.fromkeys(found))

    @cached_property
    def peers(self) -> list[str]:
        """What people would use instead."""
        items = self.values("peers")
        measured = (name.rsplit(" ", 1)[0] for name in self.details("peers", "provenance").get("models", {}))
        ours = {*self.models, self.main, *measured, *(item["model"] for item in items if "peer" in item)}
        named = (item.get("peer", item.get("model")) for item in items)
        return [name for name in dict.fromkeys(named) if name and name not in ours]

    def protocol(self, model: str) -> str:
        """The protocol of a network's headline; empty where no accuracy of it was measured."""
        found = [item["protocol"] for item in self.all("answers", "UA", model=model)]
        return PROTOCOL if PROTOCOL in found else next(iter(found), "")

    def accuracy(self, model: str, reading: str, metric: str = "UA", condition: str = CLEAN) -> Item | None:
        """A network's accuracy under the headline's protocol."""
        keys = {"model": model, "reading": reading, "protocol": self.protocol(model)}
        return next((item for item in self.all("answers", metric, **keys) if condition_of(item) == condition), None)

    @property
    def synthetic(self) -> list[str]:
        """Sections that were measured with a synthesizer's speech."""
        return [name for name, document in self.documents.items() if _SYNTHETIC in document["corpus"].lower()]

    @cached_property
    def advised(self) -> list[str]:
        """Networks that a device may take: not those that learned a synthesizer's speech."""

        def learned(model: str) -> str:
            return next((item.get("corpus", "") for item in self.all("answers", "UA", model=model)), "").lower()

        return [model for model in self.models if _SYNTHETIC not in learned(model)]

    @cached_property
    def pictured(self) -> str:
        """The network whose answers are drawn: the main one or, if that learned synthetic speech, the first other."""
        answering = [model for model in self.advised if self.all("answers", "UA", model=model)]
        return self.main if self.main in answering or not answering else answering[0]

    def left_out(self) -> Iterator[tuple[str, str, str]]:
        """Section, what could not be measured, and why."""
        for section in self.documents:
            for name, reason in self.details(section, "left_out").items():
                yield section, name, reason


def condition_of(item: Item) -> str:
    """What was done to the clips before they were heard."""
    return item.get("condition", CLEAN)


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        version, values = document["schema_version"], document["values"]
        if version != SCHEMA_VERSION or not all("metric" in item and "value" in item for item in values):
            raise ValueError(f"schema version {version}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SernetError(f"{path} is not a Result that can be shown: {error}") from error
    return document
