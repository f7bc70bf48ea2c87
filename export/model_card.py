"""The model card that goes with every bundle: data, protocol, numbers and limits, made from the bundle itself."""

import math
from collections.abc import Iterable
from typing import Any

from sernet.export.measured import ACCURACIES, ENROLMENT_KINDS, PLAIN, enrolment
from sernet.runtime.bundle import Bundle, Manifest
from sernet.runtime.stream_plan import BLOCK
from sernet.training.augmentation.conditions import CONDITIONS
from sernet.training.protocols import CALIBRATED, CALIBRATION_SUMMARY, PROTOCOLS, calibrated_protocol

MEASURED = """\
- The accuracy above was measured under the named protocol, with the interval that so few clips allow, and no other."""
NOT_MEASURED = "- Its accuracy was not measured."

Items = list[dict[str, Any]]
"""Entries of a manifest's accuracy."""

ENROLLED = "loso-enrolled"

CONDITION_NAMES = {
    "snr20": "in pink noise, SNR 20 dB",
    "snr10": "in pink noise, SNR 10 dB",
    "snr5": "in pink noise, SNR 5 dB",
    "gain-20": "20 dB quieter",
    "room": "in simulated rooms",
    "telephone": "through a telephone band",
}
"""Conditions in words."""

LIMITS = """\
- It hears the emotions that its corpus holds, spoken as its corpus speaks them. Corpora of this kind are mostly acted
  by few people in one language: on spontaneous speech, in another language or in another room it will do worse.
- It has never heard silence or noise alone, and names an emotion for them too.
{accuracy}
- **It is not for judging people**: not their honesty, health, fitness or worth, not at work, at school, at a border or
  in court. A guessed emotion is not what somebody feels."""


def model_card(bundle: Bundle) -> str:
    """The card of a bundle, as Markdown."""
    manifest, corpus = bundle.manifest, bundle.manifest.corpus
    own = [item for item in manifest.accuracy if "reading" not in item]
    measured = [item for item in manifest.accuracy if "reading" in item]
    sections = [
        f"# {manifest.name}, {manifest.quantisation}",
        f"Light-SERNet (Aftab et al., ICASSP 2022): {len(manifest.labels)} emotions ({', '.join(manifest.labels)}) "
        f"from {manifest.window_s:g} s of speech. {len(bundle.model):,} bytes. Made by {manifest.made_by}.",
        "## Data",
        f"{corpus.get('title', 'unknown')}; {corpus.get('language', 'unknown language')}; licence: "
        f"{corpus.get('licence', 'unknown')}." + (f" **{corpus['note']}**" if corpus.get("note") else ""),
        *_own_accuracy(own, manifest),
        *_protocols(measured, manifest, trained_on_all=not own),
        *_robustness(measured),
        *_enrolment(measured),
        *_calibration(measured, manifest),
        "## Input",
        _input(bundle),
        "## Limits",
        LIMITS.format(accuracy=MEASURED if manifest.accuracy else NOT_MEASURED),
    ]
    return "\n\n".join(sections) + "\n"


def _own_accuracy(items: Items, manifest: Manifest) -> list[str]:
    """What this very file answers on clips that were held out."""
    title = "## Accuracy of this very file"
    if not items:
        return [title, "Not measured: no clips were held out of its training."]
    rows = [(item["metric"], *_value(item), item["protocol"], str(item["n"])) for item in items]
    return [
        title,
        _table(("metric", "value", "95 % interval", "protocol", "clips"), rows),
        f"{_taken(manifest)} Nothing was chosen on them: neither the epoch nor the ranges of the integers.",
    ]


def _protocols(items: Items, manifest: Manifest, *, trained_on_all: bool) -> list[str]:
    """What networks trained in the same way answer under protocols."""
    shown = [item for item in items if item["reading"] in PLAIN and item["metric"] in ACCURACIES]
    if not shown:
        return []
    rows = [
        (item["protocol"], item["reading"], item["metric"], *_value(item), str(item["n"]), str(len(item["seeds"])))
        for item in shown
    ]
    also = ", and trained on all of the corpus, which therefore cannot measure it" if trained_on_all else ""
    meant = [f"- `{name}`: {_meaning(name)}." for name in dict.fromkeys(item["protocol"] for item in shown)]
    across = {item["corpus"] for item in shown if item["protocol"] == "cross-corpus"}
    return [
        "## Accuracy of its settings",
        f"Of networks that were trained as this one was, on a part of the clips, and answered the others. This file is "
        f"one more such network{also}. `float` is the network as it was trained, `int8` exported to full int8 and run "
        f"by LiteRT; each figure is the mean over the seeds. {_taken(manifest)}",
        _table(("protocol", "reading", "metric", "value", "95 % interval", "clips", "seeds"), rows),
        "\n".join([*meant, *(f"- across corpora: {corpus}." for corpus in sorted(across))]),
    ]


def _meaning(protocol: str) -> str:
    if (plain := calibrated_protocol(protocol)) is None:
        return PROTOCOLS[protocol].summary
    return f"`{plain}`, and {CALIBRATION_SUMMARY}"


def _robustness(items: Items) -> list[str]:
    """The same clips as other places and devices would have recorded them."""
    sections = []
    for protocol in dict.fromkeys(item["protocol"] for item in items if item["reading"] in CONDITIONS):
        clean = _found(items, protocol, "float", "UA")
        rows = []
        for reading, meaning in {"float": "as recorded", **CONDITION_NAMES}.items():
            if (ua := _found(items, protocol, reading, "UA")) is None:
                continue
            lost = "" if clean is None or ua is clean else f"{100 * (clean['value'] - ua['value']):.1f}"
            rows.append((meaning, _percent(ua), _percent(_found(items, protocol, reading, "WA")), lost))
        sections += [
            f"Under `{protocol}`, by the float model:",
            _table(("clips", "UA, % [95 % interval]", "WA, % [95 % interval]", "UA lost, points"), rows),
        ]
    return ["## Robustness", *sections] if sections else []


def _enrolment(items: Items) -> list[str]:
    """What it gains from knowing its speaker."""
    known = {
        (item["protocol"], *enrolment(item["reading"])): item["reading"]
        for item in items
        if item["protocol"] in (ENROLLED, CALIBRATED[ENROLLED])
    }
    if not known:
        return []
    # columns: protocol, kind, and the protocol that knows nobody
    systems = [(ENROLLED, kind, "loso") for kind in ENROLMENT_KINDS]
    systems += [(CALIBRATED[ENROLLED], kind, CALIBRATED["loso"]) for kind in ENROLMENT_KINDS]
    systems = [system for system in systems if any(system[:2] == place[:2] for place in known)]

    def row(heard: str, places: Iterable[tuple[str, str | None]]) -> tuple[str, ...]:
        found = [_found(items, protocol, reading, metric) for protocol, reading in places for metric in ("UA", "WA")]
        return heard, *map(_percent, found)

    rows = [row("nothing", [(unknown, "float") for *_, unknown in systems])]
    for seconds in sorted({seconds for *_, seconds in known}):
        heard = "all other clips" if seconds == math.inf else f"{seconds:g} s"
        rows.append(row(heard, [(name, known.get((name, kind, seconds))) for name, kind, _ in systems]))
    figures = (
        f"{ENROLMENT_KINDS[kind]}{', calibrated' if name != ENROLLED else ''}: {metric}, % [95 % interval]"
        for name, kind, _ in systems
        for metric in ("UA", "WA")
    )
    return [
        "## Getting to know its owner",
        "What the float model answers when it has heard so much of the speaker's other recordings before, without any "
        "label (`sernet-infer enroll`; in many moods, with `--varied`). "
        f"{PROTOCOLS[ENROLLED].summary.capitalize()}.",
        _table(("heard before", *figures), rows),
    ]


def _calibration(items: Items, manifest: Manifest) -> list[str]:
    """How sure it may say it is, and when it says that it is not."""
    chosen = [item for item in items if calibrated_protocol(item["protocol"]) and item["metric"] not in ACCURACIES]
    if not chosen:
        return ["## Calibration", "Not calibrated: its probabilities are the network's own, and none is too low."]
    rows = [(item["metric"], *_value(item), str(item["n"])) for item in chosen]
    biases = ", ".join(f"{label} {bias:+.2f}" for label, bias in zip(manifest.labels, manifest.bias, strict=True))
    return [
        "## Calibration",
        f"Temperature {manifest.temperature:.3f}; biases, in nats: {biases}. An answer is called uncertain below "
        f"{manifest.uncertain_below:.3f}. All were chosen on the answers under `loso`. Probabilities are those of "
        "somebody whose emotions are equally frequent, which is how UA counts them; in the corpus they are not.",
        f"What such a choice does for somebody new, by the {chosen[0]['reading']} model: for every test speaker it was "
        "made on other speakers, with networks that had heard neither them nor the test speaker. UA gained is the "
        "difference in pairs to the same networks without it. Coverage is the share of clips that are answered at all, "
        "WA of the answered the share of right ones among them.",
        _table(("figure", "value", "95 % interval", "clips"), rows),
    ]


def _input(bundle: Bundle) -> str:
    front_end = bundle.manifest.front_end
    level = "at the level they come in"
    if front_end.level_percentile is not None:
        level = f"levelled by the {front_end.level_percentile:g}th percentile of the clip or window"
    if front_end.normalisation is not None:
        level = "measured from the speech heard so far, or from its owner's profile on"
    frames = front_end.frame_count(bundle.window_samples)
    taken = f"{frames} frames of {front_end.feature_count}"
    if bundle.manifest.stream is not None:
        taken = (
            f"{BLOCK} frames of {front_end.feature_count} at a time, and its own state. Figures are of whole clips, "
            "which it answers as the whole-clip network does; a live answer rests on the window so far"
        )
    return f"{front_end.sample_rate} Hz mono, {level}; {front_end.input_type}, {taken}."


def _taken(manifest: Manifest) -> str:
    if manifest.front_end.normalisation is not None:
        return f"Clips were taken whole, and padded to {manifest.window_s:g} s where they were shorter."
    return f"Clips were cut or padded to {manifest.window_s:g} s, as in training."


def _found(items: Items, protocol: str, reading: str | None, metric: str) -> dict[str, Any] | None:
    wanted = (protocol, reading, metric)
    return next((item for item in items if (item["protocol"], item["reading"], item["metric"]) == wanted), None)


def _value(item: dict[str, Any]) -> tuple[str, str]:
    return f"{item['value']:.3f}", f"{item['low']:.3f} to {item['high']:.3f}, over {item['resampled']}"


def _percent(item: dict[str, Any] | None) -> str:
    if item is None:
        return "-"
    return f"{100 * item['value']:.1f} [{100 * item['low']:.1f}, {100 * item['high']:.1f}]"


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
