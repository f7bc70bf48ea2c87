"""Classifiers that people would use instead: accuracy, time from samples to label, and what each installs."""

import importlib.metadata
from collections.abc import Sequence
from typing import Any

import numpy as np

from sernet.benchmarks.evaluation.compare import compare
from sernet.benchmarks.evaluation.figures import ANSWER_METRICS, confusion_over_seeds, pooled_value
from sernet.benchmarks.evaluation.pooling import Pooled
from sernet.benchmarks.latency import Samples
from sernet.benchmarks.measurement import interpreter_version
from sernet.benchmarks.peers import PEERS
from sernet.benchmarks.peers.answers import answer_folds
from sernet.benchmarks.peers.clips import SECONDS, clips_near
from sernet.benchmarks.peers.feature_table import feature_table
from sernet.benchmarks.peers.installed import installed_bytes
from sernet.benchmarks.peers.librosa_mlp import LibrosaMlp
from sernet.benchmarks.peers.open_smile import LICENCE
from sernet.benchmarks.peers.own_answers import FORMAT, OwnAnswers, own_answers
from sernet.benchmarks.peers.peer import Peer
from sernet.benchmarks.peers.samples_to_label import CLIPS, samples_to_label
from sernet.benchmarks.peers.timings import timing_values
from sernet.benchmarks.suite.job import Job
from sernet.benchmarks.suite.material import NETWORKS
from sernet.runtime.errors import SernetError
from sernet.training.clip import Clip
from sernet.training.result import Result

Values = list[dict[str, Any]]

PACKAGE = "sernet"
"""What a device installs, whichever network it runs."""
REFERENCE = NETWORKS[0]
"""The model that ratios are to."""
TIMED = "int8-float-io"
"""Format of the files that are timed."""
TURNS, FEW_TURNS = 10, 3
LONG = "openSMILE ComParE_2016 + SVM"
"""The peer whose accuracy takes longer than a quick benchmark has."""
FITTED_SPEAKERS = 3
"""Speakers that a classifier is fitted to whose accuracy is not measured: its time does not depend on its answers."""
METRICS = ("UA", "WA")

NOTES = (
    f"openSMILE is under the {LICENCE}: free for research and other non-commercial purposes; a product may not use it, "
    "nor features that it extracted, without a commercial licence.",
    "The SVM's C is chosen by UA between the training speakers, each left out once. The perceptron has scikit-learn's "
    "settings but for 300 hidden units and at most 500 epochs; its accuracy is the mean of "
    f"{len(LibrosaMlp.seeds)} seeds, in a quick benchmark of one.",
    f"Our answers are those of {FORMAT} networks; samples to label is timed with the released {TIMED} files.",
    f"Samples to label: one thread, samples in memory, the {CLIPS} clips nearest to {SECONDS:g} s in turn.",
    f"For the time, the peers are fitted to clips of {FITTED_SPEAKERS} speakers; openSMILE's package opens its engine "
    "anew for each clip.",
    "Installed: all that pip brings in for openSMILE or librosa with scikit-learn, and for sernet without extras; "
    "without bytecode.",
)


def measure(job: Job) -> Result:
    """Every peer that is installed, beside our networks."""
    peers, versions, left_out = _installed_peers()
    own = own_answers(job)
    accuracies, answered, missing = _accuracies(job, own, peers)
    times, samples = _times(job, peers)
    sizes, packages = _sizes(peers)
    left_out |= missing
    if own is not None and len(own.answers) < len(job.models):
        others = [model for model in job.models if model not in own.answers]
        left_out[f"accuracy of {', '.join(others)}"] = "trained on other speech"
    return Result(
        what="peers",
        subject=job.main,
        protocol=own.protocol.name if own else "none: cost alone",
        corpus=job.corpus["title"],
        n=len(own.asked) if own else CLIPS,
        seed=0,
        values=[*accuracies, *times, *sizes],
        details={
            "left_out": left_out,
            "versions": versions,
            "notes": list(NOTES),
            "labels": list(own.labels) if own else [],
            **answered,
            "installed": packages,
            "samples": samples,
        },
    )


def _installed_peers() -> tuple[list[Peer], dict[str, str], dict[str, str]]:
    """Peers that are here, versions of what takes part, and why the others are not."""
    interpreter, _, version = interpreter_version().rpartition(" ")
    versions = {"numpy": importlib.metadata.version("numpy"), interpreter: version}
    peers, left_out = [], {}
    for peer in PEERS:
        try:
            versions |= peer.versions()
            peers.append(peer)
        except SernetError as error:
            left_out[peer.name] = str(error)
    return peers, versions, left_out


def _accuracies(
    job: Job, own: OwnAnswers | None, peers: Sequence[Peer]
) -> tuple[Values, dict[str, Any], dict[str, str]]:
    """UA, WA and differences; confusion matrices and what was chosen; what is left out."""
    details: dict[str, Any] = {"confusion": {}, "chosen": {}}
    if own is None:
        return [], details, {"accuracy": "a quick benchmark trains no network of synthetic speech to compare with"}
    values, left_out = [], {}
    for model, pooled in own.answers.items():
        values += _accuracy(model, pooled)
        details["confusion"][model] = confusion_over_seeds(pooled).tolist()
    for peer in peers:
        if job.quick and peer.name == LONG:
            left_out[f"accuracy of {peer.name}"] = "its features of all clips take longer than a quick benchmark has"
            continue
        features = feature_table(peer, own.clips, job.work / "peers", job.track)
        seeds = peer.seeds[:1] if job.quick else peer.seeds
        answers = answer_folds(peer, features, own.clips, own.labels, own.protocol, job.corpus, seeds, job.track)
        values += _accuracy(peer.name, answers.pooled)
        details["confusion"][peer.name] = confusion_over_seeds(answers.pooled).tolist()
        details["chosen"][peer.name] = answers.chosen
        try:
            values += [value for ours in own.answers.items() for value in _difference(*ours, answers.pooled)]
        except SernetError as error:  # a clip of the corpus is broken or missing
            left_out[f"difference from {peer.name}"] = str(error)
    return values, details, left_out


def _accuracy(model: str, pooled: Pooled) -> Values:
    values = [pooled_value(metric, ANSWER_METRICS[metric], pooled, pooled.answers) for metric in METRICS]
    return [{"model": model} | _figure(value, value["metric"], pooled) for value in values]


def _difference(model: str, ours: Pooled, theirs: Pooled) -> Values:
    """Ours minus theirs, in pairs."""
    values = [value for value in compare(theirs, ours).values if value["metric"] in METRICS]
    named = {"model": model, "peer": theirs.subject}
    return [named | _figure(value, f"{value['metric']} difference", ours) for value in values]


def _figure(value: dict[str, Any], metric: str, pooled: Pooled) -> dict[str, Any]:
    interval = {name: value[name] for name in ("value", "low", "high")}
    return {"metric": metric, "kind": "accuracy", "n": len(pooled.clips), "protocol": pooled.protocol.name} | interval


def _times(job: Job, peers: Sequence[Peer]) -> tuple[Values, Samples]:
    fitting = _first_of_each(job.clips)
    labels = sorted({clip.label for clip in fitting})
    targets = np.array([labels.index(clip.label) for clip in fitting])
    speakers = [str(clip.speaker) for clip in fitting]
    fitted = {
        peer: peer.fit(feature_table(peer, fitting, job.work / "peers", job.track), targets, speakers, 0)
        for peer in peers
    }
    paths = {model: job.variant(model, TIMED).path for model in job.models}
    clips = clips_near(job.clips, SECONDS, CLIPS)
    samples = samples_to_label(paths, fitted, clips, FEW_TURNS if job.few_turns else TURNS, job.track)
    timed = timing_values(samples, REFERENCE, "samples to label")
    return [{"model": model} | value for model, values in timed.items() for value in values], samples


def _first_of_each(clips: Sequence[Clip]) -> list[Clip]:
    """A clip of every label by each of the first speakers."""
    speakers = sorted({str(clip.speaker) for clip in clips})[:FITTED_SPEAKERS]
    first = {(clip.speaker, clip.label): clip for clip in reversed(clips) if str(clip.speaker) in speakers}
    return sorted(first.values(), key=lambda clip: clip.path)


def _sizes(peers: Sequence[Peer]) -> tuple[Values, dict[str, dict[str, int]]]:
    """Bytes in all, and of each package."""
    installed = {required: installed_bytes(required) for required in {peer.packages for peer in peers}}
    packages = {PACKAGE: installed_bytes([PACKAGE])} | {peer.name: installed[peer.packages] for peer in peers}
    shared = {"metric": "installed", "unit": "bytes", "kind": "machine"}
    values = [
        {"model": name} | shared | {"value": sum(sizes.values()), "n": len(sizes)} for name, sizes in packages.items()
    ]
    return values, packages
