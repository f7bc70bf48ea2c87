"""A benchmark's Result document, as tables and plots ask it for figures."""

from typing import Any

KERAS = "Keras"
"""The name under which the float baseline stands beside the variants."""

FRONT_END = "front end"
"""The name under which the time of the features stands."""

NO_INTERPRETER = "no interpreter"
"""The name of the process that imports numpy and sernet.runtime, reads the clip, and opens no interpreter."""


NOTHING_HELD_OUT = "nothing held out: accuracy is that of its settings, as `sernet evaluate` measures it"
"""What is said in place of protocol and number of clips of a run that was trained on all of them."""


class Document:
    """Reads the JSON of a Result made by `sernet.benchmarks.measurement.measure`."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        self.details: dict[str, Any] = content["details"]
        self.variants: list[str] = self.details["variants"]
        self.reference: str = self.details["reference"]
        self.threads: list[int] = self.details["settings"]["threads"]

    def item(self, variant: str, metric: str, threads: int | None = None) -> dict[str, Any] | None:
        """A value with all that is said of it; None when it was not measured."""
        for item in self.content["values"]:
            if (item.get("variant"), item["metric"], item.get("threads")) == (variant, metric, threads):
                return item
        return None

    def streamed(self, variant: str) -> dict[float, dict[str, float]]:
        """Figures of a variant's streaming form by window in seconds and metric; empty where it was not measured."""
        found: dict[float, dict[str, float]] = {}
        for item in self.content["values"]:
            if item.get("variant") == variant and "window_s" in item:
                found.setdefault(item["window_s"], {})[item["metric"]] = item["value"]
        return found

    def value(self, variant: str, metric: str, threads: int | None = None) -> float:
        """A value that is always measured; raises KeyError when the document lacks it."""
        item = self.item(variant, metric, threads)
        if item is None:
            raise KeyError(f"{variant}: {metric}")
        return item["value"]

    @property
    def held_out(self) -> bool:
        """Whether clips were held out: only on them can the variants be right or wrong."""
        return self.details.get("answered", "test") == "test"

    @property
    def protocol(self) -> str:
        """How test and training were kept apart and how many clips were answered, or that nothing was held out."""
        return f"{self.content['protocol']}, n = {self.content['n']}" if self.held_out else NOTHING_HELD_OUT

    def measured(self, metric: str) -> dict[str, dict[str, Any]]:
        """UA or WA of the run's settings by variant, each with protocol and reading, where the bundles carry it."""
        carried = self.details.get("measured", {})
        return {
            variant: item for variant in self.variants for item in carried.get(variant, []) if item["metric"] == metric
        }

    @property
    def note(self) -> str:
        """What every report on this corpus must say, for example ``synthetic``; empty otherwise."""
        return self.details["corpus"]["note"]

    @property
    def human_listeners(self) -> dict[str, Any] | None:
        """What people reach on this corpus (UA, WA, source), where it was published."""
        return self.details["human_listeners"]
