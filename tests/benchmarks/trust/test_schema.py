"""Every committed document keeps its schema, and documents that break it are refused with one line."""

import copy
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sernet.benchmarks.trust.document import SCHEMAS, faults, read_document, read_result
from sernet.runtime.errors import SernetError

ROOT = Path(__file__).resolve().parents[3]
RESULTS = ROOT / "results"
RESULT = RESULTS / "emodb-sernet" / "loso-float.json"
RECORD = RESULTS / "emodb-sernet" / "loso" / "fold-03-seed0.json"

Content = dict[str, Any]


def test_every_committed_document_keeps_its_schema():
    paths = sorted(RESULTS.rglob("*.json"))
    assert len(paths) > 190
    found = [read_document(path)["what"] for path in paths]
    assert {"fold", "evaluation", "calibration", "deterministic"} <= set(found)


def test_the_schemas_are_schemas_and_in_the_wheel():
    paths = list(SCHEMAS.glob("*.schema.json"))
    assert len(paths) == 2
    for path in paths:
        Draft202012Validator.check_schema(json.loads(path.read_text()))
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    assert data["sernet.benchmarks.trust"] == ["*.schema.json"]


def value(**keys: Any) -> Callable[[Content], None]:
    """Add a value; None takes a key away."""
    complete = {"metric": "gzip", "model": "sernet", "value": 5, **keys}
    return lambda content: content["values"].append({k: v for k, v in complete.items() if v is not None})


def key(name: str, new: Any) -> Callable[[Content], None]:
    return lambda content: content.update({name: new})


def without(name: str) -> Callable[[Content], None]:
    return lambda content: content.pop(name)


@pytest.mark.parametrize(
    "fine",
    [
        value(kind="exact", unit="bytes"),
        value(kind="ratio", value=0.5, low=0.4, high=0.6, n=20),
        value(kind="accuracy", value=0.8, low=0.7, high=0.9, protocol="loso"),
        value(kind="machine", value=1.5, unit="ms", threads=2, window_s=3.0),
        key("details", {"left_out": {"browser": "no Chromium here"}, "versions": {"librosa": "0.11.0"}}),
    ],
)
def test_sections_may_write(fine: Callable[[Content], None]):
    content = json.loads(RESULT.read_text())
    fine(content)
    assert not list(faults(content))


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (without("protocol"), "'protocol' is a required property"),
        (key("schema_version", 2), "$.schema_version"),
        (key("comment", "none"), "'comment'"),
        (key("n", -1), "$.n"),
        (key("machine", {"system": "Linux"}), "$.machine"),
        (value(metric=None), "'metric' is a required property"),
        (value(value="5"), "'5' is not of type 'number'"),
        (value(value=True), "True is not of type 'number'"),
        (value(kind="guess"), "'guess' is not one of"),
        (value(low=1), "'high' is a dependency of 'low'"),
        (value(kind="ratio"), "'low' is a required property"),
        (value(kind="ratio", value=0.0, low=0.0, high=0.1), "$.values"),
        (value(kind="accuracy", value=80.1, low=75.2, high=84.0), "80.1 is greater than the maximum of 1"),
        (value(kind="exact", low=4, high=6), ".low: 4 should not be valid"),
        (value(threads=[1, 2]), ".threads"),
        (value(metric="UA", model=None), "two values of UA"),
        (value(low=3, high=2), "the interval of gzip (sernet) ends before it begins"),
        (key("details", {"left_out": {"browser": "no\nChromium"}}), "$.details.left_out.browser"),
    ],
)
def test_broken_results_are_refused(break_it: Callable[[Content], None], said: str, tmp_path: Path):
    content = json.loads(RESULT.read_text())
    break_it(content)
    assert said in "\n".join(faults(content))
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(content))
    with pytest.raises(SernetError) as refused:
        read_result(path)
    assert str(path) in str(refused.value) and "\n" not in str(refused.value)


def reading(change: Callable[[list], Any]) -> Callable[[Content], None]:
    def break_it(content: Content) -> None:
        content["readings"]["float"] = change(content["readings"]["float"])

    return break_it


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (without("trained_on"), "'trained_on' is a required property"),
        (without("preset"), "'preset' is a required property"),
        (key("labels", ["anger"]), "$.labels"),
        (key("history", {"loss": [0.5, "0.4"]}), "$.history.loss[1]"),
        (lambda content: content["clips"]["speaker"].pop(), "columns of different lengths"),
        (lambda content: content["clips"]["target"].__setitem__(0, 7), "a label that is not there"),
        (reading(lambda rows: rows[1:]), "$.readings.float: not 49 clips times 7 labels"),
        (reading(lambda rows: [[1.0], *rows[1:]]), "$.readings.float: not a matrix"),
        (reading(lambda rows: [["x"] * 7, *rows[1:]]), "$.readings.float: not a matrix"),
        (reading(lambda rows: [[0.9] * 7, *rows[1:]]), "$.readings.float: not probabilities"),
    ],
)
def test_broken_records_are_refused(break_it: Callable[[Content], None], said: str):
    content = json.loads(RECORD.read_text())
    assert not list(faults(copy.deepcopy(content)))
    break_it(content)
    assert said in "\n".join(faults(content))


def test_a_record_is_no_result():
    with pytest.raises(SernetError, match="is the record of a fold, not a Result"):
        read_result(RECORD)
