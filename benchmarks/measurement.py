"""Everything that is measured of one run, as one Result document that every table and plot is made from."""

import importlib.metadata
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from sernet.benchmarks.accuracy import accuracy_gain, confusion_counts, likeness, uncalibrated_probabilities
from sernet.benchmarks.anchors import HUMAN_LISTENERS
from sernet.benchmarks.document import FRONT_END, KERAS, NO_INTERPRETER
from sernet.benchmarks.fresh_process import FreshStart, fresh_starts
from sernet.benchmarks.latency import BLOCK, UNTIMED, interleaved_latency, median, percentile_90, ratio
from sernet.benchmarks.streaming import streaming_costs
from sernet.benchmarks.tracking import Tracker
from sernet.benchmarks.variant import GZIP_LEVEL, Variant
from sernet.export.exporter import checked_clips
from sernet.export.formats import FORMATS
from sernet.export.microcontroller import MicroInterpreter
from sernet.runtime.errors import SernetError
from sernet.runtime.interpreter import interpreter_package
from sernet.training.evaluation import accuracy_values, predict, protocol
from sernet.training.features import clip_waveform
from sernet.training.network_inputs import network_inputs
from sernet.training.result import Result
from sernet.training.run import Run

Values = list[dict[str, Any]]


@dataclass(frozen=True)
class Settings:
    """How often things are measured."""

    repetitions: int = 100
    """Timed calls of each network, for each number of threads."""
    processes: int = 5
    """Fresh processes of each variant."""
    threads: tuple[int, ...] = (1, 2)
    """Threads for one inference."""

    def __post_init__(self) -> None:
        if min(self.repetitions, self.processes, *self.threads) < 1:
            raise SernetError("--repetitions, --processes and --threads must be at least 1")


def measure(run: Run, variants: Sequence[Variant], settings: Settings, track: Tracker) -> Result:
    """Measure all variants of a run.

    The document's `values` each name their `variant` (or Keras, the front end, the process without interpreter), and
    where it matters `threads` and `unit`. Its `details` hold the raw samples that medians are made of, confusion
    matrices by variant, the corpus, the settings, the interpreter, and the accuracies that the bundles carry.

    Where nothing was held out, training clips are timed and compared with Keras, and no accuracy is measured.

    Raises:
        SernetError: the run is not finished, a clip cannot be read, or a variant cannot be opened.
    """
    load_average = os.getloadavg()
    answers, confusions = _answers(run, variants, track)
    timings, latency_samples, front_end_samples = _timings(run, variants, settings, track)
    streaming, streaming_samples = _streaming(run, variants, settings, track)
    starts, fresh = _fresh_processes(run, variants, settings, track)
    arenas, notes = _micro_arenas(variants)
    return Result(
        what="benchmark",
        subject=run.folder.resolve().name,
        protocol=protocol(run),
        corpus=run.corpus["title"],
        n=len(checked_clips(run)),
        seed=run.config.seed,
        values=[*_sizes(variants), *timings, *streaming, *starts, *arenas, *answers],
        details={
            "variants": [variant.name for variant in variants],
            "reference": variants[0].name,
            "labels": list(run.labels),
            "corpus": run.corpus,
            "human_listeners": HUMAN_LISTENERS.get(run.corpus["name"]),
            "input_duration_s": run.config.input_duration,
            "whole_clips": run.front_end.normalisation is not None,
            "answered": _answered(run),
            "measured": {variant.name: variant.measured for variant in variants},
            "clips": {name: len(side) for name, side in run.split.sides.items()},
            "shared_speakers": list(run.split.shared_speakers),
            "settings": asdict(settings) | {"block": BLOCK, "untimed": UNTIMED, "gzip_level": GZIP_LEVEL},
            "interpreter": interpreter_version(),
            "load_average": load_average[0],
            "notes": notes,
            "confusion": confusions,
            "samples": {
                "latency_ms": latency_samples,
                "streaming_ms": streaming_samples,
                "front_end_ms": front_end_samples,
                "fresh_processes": fresh,
            },
        },
    )


def _sizes(variants: Sequence[Variant]) -> Values:
    return [
        {"variant": variant.name, "metric": metric, "unit": "bytes", "value": value}
        for variant in variants
        for metric, value in (
            ("file", variant.path.stat().st_size),
            ("flatbuffer", variant.flatbuffer_bytes),
            ("gzip", variant.gzip_bytes),
        )
    ]


def _answers(run: Run, variants: Sequence[Variant], track: Tracker) -> tuple[Values, dict[str, list[list[int]]]]:
    """How like Keras the variants answer; accuracies and confusions only of clips that were held out."""
    clips = checked_clips(run)
    answers, values = {}, []
    for name, variant in track([(KERAS, None), *((v.name, v) for v in variants)], "answers"):
        if variant is None:
            answers[name] = predict(run, clips)
            continue
        own = uncalibrated_probabilities(variant, clips)
        answers[name] = variant.bundle.manifest.calibration.applied(own)
        named = {"variant": name, "clips": _answered(run), "n": len(clips)}
        values += [named | value for value in likeness(own, answers[KERAS])]
    if not run.split.test:
        return values, {}
    for name, probabilities in answers.items():
        gain = [] if name == KERAS else [accuracy_gain(run, probabilities, answers[KERAS])]
        values += [{"variant": name} | value for value in (*accuracy_values(run, clips, probabilities), *gain)]
    return values, {name: confusion_counts(run, probabilities) for name, probabilities in answers.items()}


def _answered(run: Run) -> str:
    """Which side of the run's split is answered."""
    return "test" if run.split.test else "training"


def _timings(
    run: Run, variants: Sequence[Variant], settings: Settings, track: Tracker
) -> tuple[Values, dict[str, Any], dict[str, Any]]:
    """Latencies of the networks by number of threads, and of the front end unless it is part of them."""
    clip = checked_clips(run)[0]
    values: Values = []
    samples = {}
    for threads in settings.threads:
        calls = {}
        for variant in variants:
            network, example = variant.network(threads), variant.window_input(clip)
            calls[variant.name] = lambda network=network, example=example: network.probabilities(example)
        turns = interleaved_latency(calls, settings.repetitions, track, f"latency, threads: {threads}")
        samples[str(threads)] = turns
        for name in calls:
            values += _latency_values(name, turns[name], threads)
            relative = ratio(turns[name], turns[variants[0].name])
            values.append({"variant": name, "metric": "latency ratio", "threads": threads, "value": relative})
    if all(variant.fused for variant in variants):  # the front end's time is in the network's
        return values, samples, {}
    front_end = run.front_end
    waveform = clip_waveform(clip, front_end, run.config.input_duration)
    calls = {FRONT_END: lambda: front_end.network_input(front_end.features(waveform))}
    features = interleaved_latency(calls, settings.repetitions, track, FRONT_END)
    return [*values, *_latency_values(FRONT_END, features[FRONT_END], 1)], samples, features


def _streaming(
    run: Run, variants: Sequence[Variant], settings: Settings, track: Tracker
) -> tuple[Values, dict[str, Any]]:
    if all(variant.fused for variant in variants):
        return [], {}
    (features,) = network_inputs(checked_clips(run)[:1], run.front_end, run.config.input_duration)
    return streaming_costs(variants, features, settings.repetitions, track)


def _latency_values(name: str, turns: list[list[float]], threads: int) -> Values:
    shared = {"variant": name, "unit": "ms", "threads": threads, "n": sum(map(len, turns))}
    return [
        shared | {"metric": "latency median", "value": median(turns)},
        shared | {"metric": "latency p90", "value": percentile_90(turns)},
    ]


def _fresh_processes(
    run: Run, variants: Sequence[Variant], settings: Settings, track: Tracker
) -> tuple[Values, dict[str, Any]]:
    waveform = clip_waveform(checked_clips(run)[0], run.front_end, run.config.input_duration)
    models = {NO_INTERPRETER: None} | {variant.name: variant.path for variant in variants}
    started = fresh_starts(models, waveform, settings.processes, track)
    values = [
        {"variant": name, "metric": metric, "unit": unit, "n": len(starts), "value": float(np.median(figures))}
        for name, starts in started.items()
        for metric, unit, figures in (
            ("cold start", "s", [start.seconds for start in starts]),
            ("peak memory", "bytes", [start.peak_bytes for start in starts]),
        )
    ]
    return values, {name: [_plain(start) for start in starts] for name, starts in started.items()}


def _plain(start: FreshStart) -> dict[str, float]:
    return {"seconds": start.seconds, "peak_bytes": start.peak_bytes}


def _micro_arenas(variants: Sequence[Variant]) -> tuple[Values, list[str]]:
    """RAM in TensorFlow Lite Micro of what it takes: integers between integer input and output."""
    values, notes = [], []
    for variant in variants:
        if not FORMATS[variant.bundle.manifest.quantisation].for_microcontrollers:
            continue
        shared = {"variant": variant.name, "metric": "TensorFlow Lite Micro arena", "unit": "bytes"}
        try:
            values.append(shared | {"value": MicroInterpreter(variant.bundle.model).arena_bytes})
        except SernetError as error:
            notes.append(f"{variant.name}: no arena of TensorFlow Lite Micro was measured: {error}")
    return values, notes


def interpreter_version() -> str:
    """Package and version, for example ``ai-edge-litert 2.3.0``."""
    package = interpreter_package().split(".")[0].replace("_", "-")
    return f"{package} {importlib.metadata.version(package)}"
