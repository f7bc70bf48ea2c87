"""The variants of several runs, measured side by side, as one Result document."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sernet.benchmarks.anchors import HUMAN_LISTENERS
from sernet.benchmarks.latency import interleaved_latency, median, ratio
from sernet.benchmarks.measurement import interpreter_version
from sernet.benchmarks.tracking import Tracker
from sernet.benchmarks.variant import Variant, find_variants
from sernet.export.exporter import checked_clips
from sernet.export.formats import FORMATS, Format
from sernet.runtime.errors import SernetError
from sernet.training.budget import Cost, cost
from sernet.training.config import WIDTHS
from sernet.training.protocols import PROTOCOLS
from sernet.training.result import Result
from sernet.training.run import Run


@dataclass(frozen=True)
class Candidate:
    """One exported file of one run."""

    run: Run
    variant: Variant

    @property
    def name(self) -> str:
        """Unique among candidates whose run folders have different names."""
        return f"{self.run.folder.resolve().name} {self.variant.name}"

    @property
    def format(self) -> Format:
        """How its numbers are stored."""
        return FORMATS[self.variant.bundle.manifest.quantisation]

    @property
    def method(self) -> str:
        """How the network was made smaller."""
        config = self.run.config
        if config.sparsity:
            return "2:4" if config.sparsity_pattern == "2:4" else f"magnitude {config.sparsity:.0%}"
        if config.widths == WIDTHS:
            return "none"
        return "channels" if config.pruned_from else "narrow"

    @property
    def cost(self) -> Cost:
        """Of one window."""
        run, front_end = self.run, self.run.config.front_end
        frames = front_end.frame_count(front_end.sample_count(run.config.input_duration))
        return cost(run.config.widths, frames, front_end.feature_count, len(run.labels))

    def accuracies(self) -> dict[str, dict[str, Any]]:
        """UA by protocol: of the file on held-out clips, or of its settings as `sernet evaluate` measured them."""
        reading = "int8" if self.format.activation_bits == 8 else "float"
        return {
            item["protocol"]: item
            for item in self.variant.bundle.manifest.accuracy
            if item["metric"] == "UA" and item.get("reading", reading) == reading and item["protocol"] != "cross-corpus"
        }


def find_candidates(runs: Sequence[Run]) -> list[Candidate]:
    """Every exported variant of every run.

    Raises:
        SernetError: two runs have the same name, or another corpus or input; and as `find_variants` does.
    """
    first = runs[0]
    for other in runs[1:]:
        if (other.labels, other.config.front_end, other.config.input_duration) != (
            first.labels,
            first.config.front_end,
            first.config.input_duration,
        ):
            raise SernetError(
                f"{other.folder} has other labels or another input than {first.folder}: compare like runs"
            )
    if len({run.folder.resolve().name for run in runs}) < len(runs):
        raise SernetError("two of the runs have the same name: name each run once")
    return [Candidate(run, variant) for run in runs for variant in find_variants(run)]


def measure_candidates(candidates: Sequence[Candidate], repetitions: int, track: Tracker) -> Result:
    """Sizes, cost, latency and accuracy of all candidates.

    The document's `values` name their `variant` and `metric`: file, gzip (bytes), multiplications, weights and engine
    RAM (bytes, of a microcontroller that computes a row at a time), latency median (ms, one thread, all in turns),
    latency ratio (to the first candidate), and UA with its interval, under the first protocol that all bundles carry.

    Raises:
        SernetError: the bundles carry no accuracy under the same protocol.
    """
    if repetitions < 1:
        raise SernetError("--repetitions must be at least 1")
    protocol = _common_protocol(candidates)
    clip = checked_clips(candidates[0].run)[0]
    calls = {}
    for candidate in candidates:
        network, example = candidate.variant.network(), candidate.variant.window_input(clip)
        calls[candidate.name] = lambda network=network, example=example: network.probabilities(example)
    turns = interleaved_latency(calls, repetitions, track, "latency")
    values: list[dict[str, Any]] = []
    for candidate in candidates:
        own, cost = turns[candidate.name], candidate.cost
        figures = {
            "file": candidate.variant.path.stat().st_size,
            "gzip": candidate.variant.gzip_bytes,
            "multiplications": cost.macs,
            **({"weights": cost.weight_bytes, "engine RAM": cost.state_bytes} if _for_engine(candidate) else {}),
            "latency median": median(own),
            "latency ratio": ratio(own, turns[candidates[0].name]),
        }
        values += [{"variant": candidate.name, "metric": name, "value": value} for name, value in figures.items()]
        values.append({"variant": candidate.name} | candidate.accuracies()[protocol])
    first = candidates[0].run
    return Result(
        what="pareto",
        subject=first.folder.resolve().name,
        protocol=protocol,
        corpus=first.corpus["title"],
        n=candidates[0].accuracies()[protocol]["n"],
        seed=first.config.seed,
        values=values,
        details={
            "candidates": [
                {
                    "name": candidate.name,
                    "run": candidate.run.folder.resolve().name,
                    "format": candidate.format.name,
                    "method": candidate.method,
                }
                for candidate in candidates
            ],
            "corpus": first.corpus,
            "human_listeners": HUMAN_LISTENERS.get(first.corpus["name"]),
            "window_s": first.config.input_duration,
            "repetitions": repetitions,
            "interpreter": interpreter_version(),
            "samples": {"latency_ms": turns},
        },
    )


def _for_engine(candidate: Candidate) -> bool:
    return candidate.format.for_microcontrollers and candidate.format.activation_bits == 8


def _common_protocol(candidates: Sequence[Candidate]) -> str:
    """The first one that all bundles carry, uncalibrated ones first."""
    carried = [candidate.accuracies() for candidate in candidates]
    common = [name for name in carried[0] if all(name in other for other in carried)]
    if not common:
        raise SernetError(
            "the bundles carry no accuracy under the same protocol: export each run with `--measured DIR`, the results "
            "of `sernet evaluate`"
        )
    return min(common, key=lambda name: list(PROTOCOLS).index(name) if name in PROTOCOLS else len(PROTOCOLS))
