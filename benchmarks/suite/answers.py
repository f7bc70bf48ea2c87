"""Accuracy under every protocol: counted from the kept answers of all folds, for to train these takes hours.

Where nothing but synthetic speech is at hand, a network of it is measured too, on speakers held out of its training.
Where a network was trained on all clips, its files are compared with each other, which tells likeness, not accuracy.
"""

import importlib.metadata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from sernet.benchmarks.accuracy import likeness, uncalibrated_probabilities
from sernet.benchmarks.evaluation.compare import compare
from sernet.benchmarks.evaluation.figures import (
    ANSWER_METRICS,
    PROBABILITY_METRICS,
    confusion_over_seeds,
    coverage_curve,
    evaluation_result,
    pooled_value,
    reliability,
    speaker_figures,
)
from sernet.benchmarks.evaluation.pooling import Pooled
from sernet.benchmarks.suite.committed import CLEAN, Evaluation, Study
from sernet.benchmarks.suite.job import Job
from sernet.benchmarks.suite.material import MODELS, RELEASED, RESULTS
from sernet.benchmarks.variant import Variant
from sernet.runtime.bundle import load_bundle
from sernet.training.corpora.emodb import EMODB
from sernet.training.evaluation import predict
from sernet.training.protocols import PROTOCOLS, Protocol, calibrated_protocol
from sernet.training.result import Result
from sernet.training.run import Run

NETWORKS = ("sernet", "sernet-small", "sernet-nano", "sernet-sparse", "paper")
"""Presets whose evaluations are told."""

METRICS = ("UA", "WA", "weighted F1", "ECE", "AURC", "coverage", "WA of the answered")
"""That are told; the last two where a threshold was chosen, below which an answer is uncertain."""

INT8 = {"float": "int8", "live": "live-int8"}
"""Readings of the float network, and what full int8 makes of them."""

PICTURED = (*INT8, *INT8.values(), "enrolled-60", "varied-60")
"""Readings whose single answers are told, too."""

BINS, POINTS = 10, 50
"""Of confidence, and of accuracy against coverage."""

EVERY = {"int16x8": 16}
"""Of formats that LiteRT has no fast kernels for, one clip in so many is answered where all clips are."""

HOLD_OUT = Protocol(
    "speaker hold-out",
    "speakers are held out of the only training; nothing is chosen on them",
    "hold-out",
    lambda clips, seed: [],  # the run's own split divides them
)

_DECIMALS = 4
"""Of what a picture shows."""

Answers = dict[tuple[str, str, str], Pooled]
"""By model, reading and protocol."""


def measure(job: Job) -> Result:
    """Figures with their intervals; confusions, speakers, reliability and coverage of clean clips."""
    evaluations = [
        evaluation
        for network in job.track(NETWORKS, "kept answers")
        for evaluation in Study(network, RESULTS / f"{EMODB.name}-{network}").evaluations()
    ]
    answers: Answers = {
        (one.study.model, one.reading, one.protocol): one.pooled
        for one in job.track(evaluations, "calibrations")
        if one.condition == CLEAN and one.reading in PICTURED
    }
    values = [value for one in evaluations for value in _committed_values(one, answers)]
    notes, left_out = [_origin(evaluations)], {}
    if job.run is not None and job.run.split.test:
        held_out = _held_out(job, job.run)
        values += [value for key, pooled in held_out.items() for value in _measured_values(key, pooled)]
        answers |= held_out
        notes.append(f"{job.main}: measured now, on {job.corpus['title']} [{job.corpus['note']}]")
    elif job.run is not None:
        values += _agreements(job)
        notes.append(
            f"agreement with float32: on the clips that {job.main} was trained on (n: how many of them), before "
            "calibration: how like the float32 file a file answers, not how well"
        )
        left_out["agreement of other networks"] = f"the repository holds the float network of {job.main} alone"
    else:
        left_out["agreement with float32"] = "a quick benchmark answers no clips"
    left_out["accuracy of other formats"] = "folds were answered in float and in full int8; their networks are not kept"
    values += _differences(job, answers)
    notes.append("intervals: 95 %, bootstrap over speakers (over clips where fewer than 5 speak); means over seeds")
    first = evaluations[0].content
    details = _pictures(answers) | {
        "labels": first["details"]["labels"],
        "protocols": {pooled.protocol.name: pooled.protocol.summary for pooled in answers.values()},
        "folds": _folds(evaluations, job.run),
        "seeds": {key[0]: list(pooled.seeds) for key, pooled in answers.items()},
        "notes": notes,
        "left_out": left_out,
        "versions": {name: importlib.metadata.version(name) for name in ("numpy", "keras", "ai-edge-litert")},
    }
    protocol = "several: each value names its own"
    return Result("answers", job.main, protocol, first["corpus"], first["n"], first["seed"], values, details)


def _committed_values(one: Evaluation, answers: Answers) -> Iterator[dict[str, Any]]:
    """A Result's figures; AURC, which no calibration's Result holds, of the answers where they are pictured."""
    key, content = (one.study.model, one.reading, one.protocol), one.content
    figures = {value["metric"].removesuffix(" after"): value for value in content["values"] if "label" not in value}
    if "AURC" not in figures and one.condition == CLEAN and key in answers:
        pooled = answers[key]
        figures["AURC"] = pooled_value("AURC", PROBABILITY_METRICS["AURC"], pooled, pooled.probabilities)
    for metric in METRICS:
        if metric in figures:
            yield _value(key, metric, figures[metric], content["corpus"], content["n"], one.condition)


def _measured_values(key: tuple[str, str, str], pooled: Pooled) -> list[dict[str, Any]]:
    figures = evaluation_result(pooled, complete=True).values
    return [
        _value(key, figure["metric"], figure, pooled.corpus, len(pooled.clips))
        for figure in figures
        if "label" not in figure
    ]


def _value(
    key: tuple[str, str, str], metric: str, figure: Mapping[str, Any], corpus: str, n: int, condition: str = CLEAN
) -> dict[str, Any]:
    """A value as sections have them."""
    names = dict(zip(("model", "reading", "protocol"), key, strict=True)) | {"condition": condition, "corpus": corpus}
    shares = {name: figure[name] for name in ("value", "low", "high")}
    return names | {"metric": metric} | shares | {"n": n, "kind": "accuracy"}


def _held_out(job: Job, run: Run) -> Answers:
    """The answers of the run's own network and of all its files to the speakers that were held out."""
    clips = run.split.test
    answered = {"float": predict(run, clips)}
    for variant in job.track(job.models[job.main], "held-out speakers"):
        network = variant.network()
        answered[variant.name] = np.stack([network.probabilities(variant.network_input(clip)) for clip in clips])
    title = f"{run.corpus['title']} [{run.corpus['note']}]" if run.corpus["note"] else run.corpus["title"]
    return {
        (job.main, reading, HOLD_OUT.name): Pooled(
            *(HOLD_OUT, reading, job.main, title, run.corpus["note"], run.config.epochs, run.labels),
            folds=(HOLD_OUT.family,),
            seeds=(run.config.seed,),
            clips=tuple(str(clip.path) for clip in clips),
            speakers=tuple(clip.speaker for clip in clips),
            targets=np.array(run.targets(clips)),
            probabilities=probabilities[:, None],
        )
        for reading, probabilities in answered.items()
    }


def _differences(job: Job, answers: Answers) -> list[dict[str, Any]]:
    """Full int8 minus float, in pairs, wherever the same clips were answered by both."""
    pairs = [
        (key, pooled, answers[model, INT8[reading], protocol])
        for key, pooled in answers.items()
        for model, reading, protocol in [key]
        if (model, INT8.get(reading), protocol) in answers
    ]
    compared = {metric: ANSWER_METRICS[metric] for metric in ("UA", "WA")}
    return [
        _value((key[0], INT8[key[1]], key[2]), f"{figure['metric']} difference", figure, first.corpus, len(first.clips))
        for key, first, second in job.track(pairs, "int8 minus float")
        for figure in compare(first, second, metrics=compared).values
    ]


def _agreements(job: Job) -> list[dict[str, Any]]:
    """How like its float32 file the other files of the main network, and the released ones, answer all clips."""
    reference, *others = job.models[job.main]
    released = [MODELS / f"{job.main.replace('sernet', EMODB.name, 1)}-{form}.tflite" for form in RELEASED]
    others += [
        Variant(f"{form}, released", path, load_bundle(path))
        for form, path in zip(RELEASED, released, strict=True)
        if path.is_file()
    ]
    baseline = uncalibrated_probabilities(reference, job.clips)
    values = []
    for variant in job.track(others, "agreement with float32"):
        chosen = slice(None, None, EVERY.get(variant.name, 1))
        clips = job.clips[chosen]
        names = {"model": job.main, "reading": variant.name, "protocol": "training clips", "condition": CLEAN}
        for figure in likeness(uncalibrated_probabilities(variant, clips), baseline[chosen]):
            metric = {"metric": figure["metric"].replace("Keras", reference.name), "value": figure["value"]}
            values.append(names | {"corpus": job.corpus["title"]} | metric | {"n": len(clips), "kind": "machine"})
    return values


def _pictures(answers: Answers) -> dict[str, dict[str, Any]]:
    """What charts show, by ``MODEL READING PROTOCOL``."""
    named = {" ".join(key): pooled for key, pooled in answers.items()}
    return {
        "confusion": {name: confusion_over_seeds(pooled).tolist() for name, pooled in named.items()},
        "speakers": {name: _rounded(speaker_figures(pooled)) for name, pooled in named.items()},
        "reliability": {name: _rounded(reliability(pooled, BINS)) for name, pooled in named.items()},
        "coverage": {name: _rounded(coverage_curve(pooled, POINTS)) for name, pooled in named.items()},
    }


def _rounded(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: round(value, _DECIMALS) if isinstance(value, float) else value for name, value in row.items()}
        for row in rows
    ]


def _folds(evaluations: Sequence[Evaluation], run: Run | None) -> dict[str, dict[str, dict[str, int]]]:
    """How many clips train and test in each fold, by family of protocols; folds of one seed, where seeds draw them."""
    folds: dict[str, dict[str, dict[str, int]]] = {}
    for one in evaluations:
        family = PROTOCOLS[calibrated_protocol(one.protocol) or one.protocol].family
        if family not in folds:
            folds[family] = {
                record["fold"]: {"train": record["trained_on"]["clips"], "test": len(record["clips"]["name"])}
                for record in one.study.records(family)
                if record["seed"] == one.content["seed"]
            }
    if run is not None and run.split.test:
        folds[HOLD_OUT.family] = {HOLD_OUT.name: {"train": len(run.split.train), "test": len(run.split.test)}}
    return folds


def _origin(evaluations: Sequence[Evaluation]) -> str:
    """Where the committed figures come from, for they are not of this benchmark's machine."""
    machines = {
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}"
        for machine in (one.content["machine"] for one in evaluations)
    }
    seeds = {one.study.model: ", ".join(map(str, one.content["details"]["seeds"])) for one in evaluations}
    return (
        f"accuracies on {evaluations[0].content['corpus']} are not of this machine and hour: `sernet evaluate` "
        f"measured them before on {' and '.join(sorted(machines))} (date unknown), and the repository holds the "
        f"answers below results; seeds {'; '.join(f'{model}: {own}' for model, own in seeds.items())}"
    )
