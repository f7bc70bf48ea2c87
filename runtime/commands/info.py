"""Show what a model says of itself: labels, front end, training corpus, licence, measured accuracy."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sernet.runtime.bundle import Bundle
    from sernet.runtime.front_end import FrontEnd

EXAMPLES = ["sernet-infer info", "sernet-infer info --json runs/mine/model-int8.tflite"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", nargs="?", type=Path, help="bundle to describe (default: the one in the package)")
    parser.add_argument("--json", action="store_true", help="the description as the bundle holds it")


def run(args: argparse.Namespace) -> int:
    from sernet.runtime.bundle import load_bundle
    from sernet.runtime.interpreter import interpreter_package

    bundle = load_bundle(args.model)
    manifest = bundle.manifest
    if args.json:
        print(json.dumps(manifest.to_json(), indent=2))
        return 0
    front_end = manifest.front_end
    frames = front_end.frame_count(bundle.window_samples)
    headline = {_measurement(item) for item in manifest.accuracy[:1]}
    accuracy = [_figure(item) for item in manifest.accuracy if _measurement(item) in headline]
    if len(accuracy) < len(manifest.accuracy):
        accuracy.append(f"and {len(manifest.accuracy) - len(accuracy)} more figures: --json, or its card")
    for name, value in {
        "name": manifest.name,
        "labels": ", ".join(manifest.labels),
        "input": f"{front_end.input_type}, {frames} frames x {front_end.feature_count}, {front_end.sample_rate} Hz",
        "window": f"{manifest.window_s:g} s",
        "streams": _streams(bundle),
        "normalised": _normalisation(front_end),
        "profile": _profile(bundle),
        "quantisation": manifest.quantisation,
        "size": f"{len(bundle.model):,} bytes",
        "trained on": manifest.corpus.get("title", "unknown"),
        "licence": manifest.corpus.get("licence", "unknown"),
        "accuracy": f"\n{'':14}".join(accuracy) or "not measured",
        "temperature": f"{manifest.temperature:.3f}" if manifest.temperature != 1 else "",
        "bias": ", ".join(f"{bias:+.2f}" for bias in manifest.bias),
        "uncertain": f"below a probability of {manifest.uncertain_below:.3f}" if manifest.uncertain_below else "",
        "note": manifest.corpus.get("note", ""),
        "made by": manifest.made_by,
        "runs on": interpreter_package(),
    }.items():
        if value:
            print(f"{name + ':':14}{value}")
    return 0


def _measurement(item: dict[str, Any]) -> tuple[str, str]:
    """What a figure was measured under; the first one's is the headline."""
    return item["protocol"], item.get("reading", "")


def _figure(item: dict[str, Any]) -> str:
    """A measured figure in one line: value, interval, and what it is a figure of."""
    reading = f", {item['reading']}" if "reading" in item else ""
    interval = f"[{item['low']:.3f}, {item['high']:.3f}]"
    return f"{item['metric']} {item['value']:.3f} {interval} ({item['protocol']}{reading}, n = {item['n']})"


def _streams(bundle: "Bundle") -> str:
    """What a streaming model takes at a time, in one line; nothing for another."""
    from sernet.runtime.stream_plan import BLOCK

    front_end, plan = bundle.manifest.front_end, bundle.manifest.stream
    if plan is None:
        return ""
    return f"a block of {BLOCK} frames at a time, {BLOCK * front_end.frame_step / front_end.sample_rate:g} s"


def _normalisation(front_end: "FrontEnd") -> str:
    """How features are measured, in one line; nothing when they are taken as they are."""
    if front_end.normalisation is None:
        return ""
    known_s = front_end.normalisation.prior_frames * front_end.frame_step / front_end.sample_rate
    return f"by the speech heard so far; the training corpus counts as {known_s:.1f} s of it"


def _profile(bundle: "Bundle") -> str:
    """The profile that `mic` and `file` would use, in one line; nothing for a model that has no use for one."""
    from sernet.runtime.profile import ProfileError, default_place, load_profile

    if bundle.manifest.front_end.normalisation is None:
        return ""
    try:
        path = default_place()
        profile = load_profile(path).fitting(bundle)
    except ProfileError as error:
        return f"none: {error}"
    return f"{path}: {profile}"
