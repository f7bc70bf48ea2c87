"""A benchmark's job made by hand, and what every section's values must keep to."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from sernet.benchmarks.suite.job import Job
from sernet.benchmarks.variant import Variant
from sernet.runtime.bundle import load_bundle
from sernet.training.clip import Clip
from sernet.training.result import Result

MODELS = Path(__file__).resolve().parents[3] / "models"
NANO = "sernet-nano"
RATE = 16000
KINDS = {"exact", "ratio", "accuracy", "machine"}


def make_job(folder: Path, *networks: str, **settings: Any) -> Job:
    """A quick job of released networks, the smallest one when none is named; its clips and work are in `folder`."""
    generator, clips = np.random.default_rng(0), []
    for number, seconds in enumerate((1.5, 3.2)):
        path = folder / f"{number}.wav"
        soundfile.write(path, 0.1 * generator.standard_normal(round(RATE * seconds)), RATE)
        clips.append(Clip(path, "neutral", None, None, "made up"))
    corpus = {"name": "made-up", "title": "Made up", "language": "", "licence": "", "note": "no speech"}
    models = {network: released(network) for network in networks or (NANO,)}
    rest: dict[str, Any] = {"models": models, "corpus": corpus, "clips": clips, "track": passing}
    return Job(**({"work": folder / "work", "quick": True, "run": None} | rest | settings))


def released(network: str) -> list[Variant]:
    """The two released files of a network."""
    paths = {form: MODELS / f"{network.replace('sernet', 'emodb')}-{form}.tflite" for form in ("int8", "int8-float-io")}
    return [Variant(form, path, load_bundle(path)) for form, path in paths.items()]


def passing(items: Sequence[Any], name: str) -> Iterator[Any]:
    """A tracker that shows nothing."""
    yield from items


def check_contract(result: Result) -> None:
    """The rules of `sernet.benchmarks.suite.sections` for values, and names that tell them apart."""
    names = [tuple(sorted((key, str(item)) for key, item in name_of(value).items())) for value in result.values]
    assert len(set(names)) == len(names), "two values have the same name"
    for value in result.values:
        assert value["kind"] in KINDS and isinstance(value["metric"], str), value
        assert np.isfinite(value["value"]), value
        if value["kind"] == "ratio":
            assert value["low"] <= value["value"] <= value["high"], value
    assert all(isinstance(reason, str) and "\n" not in reason for reason in result.details["left_out"].values())
    assert result.to_json()


def name_of(value: dict[str, Any]) -> dict[str, Any]:
    """What a value is of."""
    return {key: item for key, item in value.items() if key not in ("value", "unit", "kind", "n", "low", "high")}


def only(result: Result, metric: str, **keys: Any) -> dict[str, Any]:
    """The one value of that name."""
    (found,) = [
        value
        for value in result.values
        if value["metric"] == metric and keys.items() <= value.items() and name_of(value).keys() <= {"metric", *keys}
    ]
    return found
