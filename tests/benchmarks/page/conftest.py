"""A benchmark's folder with made-up Results in the form that the sections write, and the page made of it."""

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from sernet.benchmarks.page.writer import write_page
from sernet.training.result import Result

HOSTILE = '<script>alert("peer")</script> | <b>SVM</b> & co'
"""A name that is text, whatever it looks like."""

Values = list[dict[str, Any]]
Sections = dict[str, Result]

CORPUS = "test data: nothing was measured"
LABELS = ["anger", "neutral", "sad & <i>low</i>"]
SPEAKERS = ["03", "08", "09"]

BYTES = {
    ("test-net", "float32"): 4000,
    ("test-net", "int8"): 1200,
    ("test-net", "int8-float-io"): 1300,
    ("test-small", "int8"): 500,
    ("test-small", "int8-float-io"): 600,
}
"""Gzip takes nine tenths."""
LATENCY = {
    ("test-net", "float32"): 2.0,
    ("test-net", "int8"): 1.5,
    ("test-net", "int8-float-io"): 0.75,
    ("test-small", "int8"): 0.5,
    ("test-small", "int8-float-io"): 0.25,
}
UA = {
    ("test-net", "float"): 0.812,
    ("test-net", "int8"): 0.808,
    ("test-small", "float"): 0.790,
    ("test-small", "int8"): 0.785,
}


def result(what: str, values: Values, **details: Any) -> Result:
    provenance = {
        "command": f"sernet bench --only {what}",
        "commit": "0123456789ab",
        "date": "2026-01-02T03:04:05+00:00",
    }
    details = {"left_out": {}, "versions": {"numpy": "2.0"}, "provenance": provenance} | details
    return Result(what, "test-net", "none: cost alone", CORPUS, len(values), 0, values, details)


def sizes() -> Result:
    values: Values = []
    for (model, form), size in BYTES.items():
        shared = {"model": model, "format": form, "unit": "bytes", "kind": "exact"}
        values += [
            shared | {"metric": "file", "value": size},
            shared | {"metric": "flatbuffer", "value": size - 100},
            shared | {"metric": "gzip", "value": size * 9 // 10},
        ]
    for model, work in (("test-net", 1_000_000), ("test-small", 200_000)):
        shared = {"model": model, "kind": "exact"}
        values += [
            shared | {"metric": "parameters", "value": work // 50},
            shared | {"metric": "multiplications", "window_s": 3.0, "value": work},
        ]
    for layer, work in (("first", 900_000), ("last", 100_000)):
        shared = {"model": "test-net", "layer": layer, "kind": "exact"}
        values += [
            shared | {"metric": "layer multiplications", "value": work},
            shared | {"metric": "layer bytes", "unit": "bytes", "value": work // 1000},
        ]
    files = {f"{model} {form}": f"{model}-{form}.tflite" for model, form in BYTES}
    return result("sizes", values, files=files)


def latency() -> Result:
    values: Values = []
    samples = {}
    for (model, form), ms in LATENCY.items():
        shared = {"model": model, "format": form, "runtime": "LiteRT", "threads": 1}
        values += [
            shared | {"metric": "latency median", "unit": "ms", "value": ms, "kind": "machine", "n": 20},
            shared | {"metric": "latency p90", "unit": "ms", "value": 1.25 * ms, "kind": "machine", "n": 20},
            shared | {"metric": "latency ratio", "value": ms / 2, "low": 0.4 * ms, "high": 0.6 * ms, "kind": "ratio"},
            shared | {"metric": "first call", "unit": "ms", "value": 7 * ms, "kind": "machine"},
        ]
        samples[f"{model} {form}, LiteRT, 1 thread"] = [ms * (0.9 + 0.01 * number) for number in range(20)]
    return result("latency", values, samples=samples, left_out={"tflite-runtime": "test data has none <yet>"})


def front_ends() -> Result:
    values: Values = []
    for name, mode, ms in (
        ("test features", "batch", 1.5),
        ("test features", "streaming", 2.5),
        (HOSTILE, "batch", 30.0),
    ):
        shared = {"front_end": name, "mode": mode, "unit": "ms", "kind": "machine"}
        values += [
            shared | {"metric": "latency median", "value": ms},
            shared | {"metric": "latency p90", "value": 1.5 * ms},
        ]
    return result("front_ends", values)


TIMELINES = {"test-net int8-float-io": [[0.0, 10.0], [0.1, 40.0], [0.2, 52.5]], "alone": [[0.0, 10.0], [0.1, 30.0]]}


def memory() -> Result:
    values: Values = []
    for model, form in BYTES:
        shared = {"model": model, "format": form, "unit": "bytes"}
        values.append(shared | {"metric": "peak memory", "value": 50_000_000 + BYTES[model, form], "kind": "machine"})
        if form == "int8":
            values.append(
                shared | {"metric": "arena", "runtime": "TensorFlow Lite Micro", "value": 70_000, "kind": "exact"}
            )
            values.append(shared | {"metric": "engine RAM", "runtime": "C engine", "value": 7_000, "kind": "exact"})
    return result("memory", values, timeline=TIMELINES)


INSTRUCTIONS = {
    ("test-net", "mps2-an386"): 70e6,  # more than half of 64 MHz
    ("test-small", "mps2-an386"): 20e6,
    ("test-net", "mps3-an547"): 15e6,
    ("test-small", "mps2-an385-m0plus"): 90e6,  # more than half of 133 MHz
}
FRONT_END = 2e6


def boards() -> Result:
    values: Values = []
    for (model, board), work in INSTRUCTIONS.items():
        shared = {"model": model, "board": board, "format": "int8", "runtime": "C engine"}
        values += [
            shared | {"metric": "RAM", "unit": "bytes", "value": 12_000, "kind": "exact"},
            shared | {"metric": "flash", "unit": "bytes", "value": 150_000, "kind": "exact"},
            shared | {"metric": "network instructions", "value": work, "low": work, "high": work, "kind": "ratio"},
            shared | {"metric": "front end instructions", "value": FRONT_END, "kind": "ratio"},
            shared | {"metric": "exact clips", "value": 2, "kind": "exact"},
            shared | {"metric": "clips", "value": 3, "kind": "exact"},
        ]
    return result("boards", values)


def browser() -> Result:
    values: Values = [
        {"model": model, "format": "int8-float-io", "runtime": "LiteRT.js", "metric": "latency median", "unit": "ms"}
        | {"value": ms, "kind": "machine"}
        for model, ms in (("test-net", 4.5), ("test-small", 1.5))
    ]
    return result("browser", values)


PEERS = {"test-net": (0.808, 4.0, 60e6), HOSTILE: (0.700, 200.0, 480e6), "weaker peer": (0.600, 40.0, 90e6)}


def peers() -> Result:
    values: Values = []
    for model, (share, ms, installed) in PEERS.items():
        accuracy = {"low": share - 0.04, "high": share + 0.03, "n": 60, "protocol": "loso", "kind": "accuracy"}
        values += [
            {"model": model, "metric": "UA", "value": share} | accuracy,
            {"model": model, "metric": "WA", "value": share + 0.01} | accuracy,
            {"model": model, "metric": "samples to label median", "unit": "ms", "value": ms, "kind": "machine"},
            {"model": model, "metric": "installed", "unit": "bytes", "value": installed, "kind": "exact"},
        ]
        if model != "test-net":
            gained = {"value": 0.808 - share, "low": 0.75 - share, "high": 0.85 - share}
            values.append({"model": "test-net", "peer": model, "metric": "UA difference"} | accuracy | gained)
    return result("peers", values)


def answers(corpus: str = CORPUS) -> Result:
    values: Values = []
    for (model, reading), share in UA.items():
        for condition in ("clean", "snr10") if reading == "float" else ("clean",):
            heard = share if condition == "clean" else share / 2
            shared = {"model": model, "reading": reading, "protocol": "loso", "condition": condition, "corpus": corpus}
            shared |= {"low": heard - 0.05, "high": heard + 0.04, "n": 60, "kind": "accuracy"}
            values += [shared | {"metric": metric, "value": heard} for metric in ("UA", "WA", "ECE")]
    # a better figure, under a protocol that is not the headline's
    values.append(
        {"model": "test-small", "reading": "float", "protocol": "random-peek", "condition": "clean", "corpus": corpus}
        | {"metric": "UA", "value": 0.95, "low": 0.9, "high": 0.99, "n": 60, "kind": "accuracy"}
    )
    confusion = [[18, 1, 1], [2, 16, 2], [0, 4, 16]]
    names = [f"test-net {reading} loso" for reading in ("float", "int8")]
    return result(
        "answers",
        values,
        labels=LABELS,
        protocols={"loso": "leave one speaker out"},
        confusion=dict.fromkeys(names, confusion),
        speakers={
            name: [
                {"speaker": speaker, "n": 20, "UA": 0.7 + place / 20, "WA": 0.7}
                for place, speaker in enumerate(SPEAKERS)
            ]
            for name in names
        },
        reliability={
            name: [{"confidence": 0.5, "accuracy": 0.6, "n": 30}, {"confidence": 0.9, "accuracy": 0.8, "n": 30}]
            for name in names
        },
        coverage={name: [{"coverage": 0.5, "accuracy": 0.95}, {"coverage": 1.0, "accuracy": 0.82}] for name in names},
        notes=["made up by `a test` <b>alone</b>"],
    )


@pytest.fixture(scope="session")
def sections() -> Sections:
    """Results of all sections."""
    made = (sizes(), latency(), front_ends(), memory(), boards(), browser(), peers(), result("energy", []), answers())
    return {one.what: one for one in made}


Save = Callable[[Path, Sections], Path]


@pytest.fixture(scope="session")
def save() -> Save:
    """Writes Results into a benchmark's folder, and returns that."""

    def saved(folder: Path, results: Sections) -> Path:
        for name, one in results.items():
            one.save(folder / "results" / f"{name}.json")
        return folder

    return saved


@pytest.fixture(scope="session")
def report(sections: Sections, save: Save, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of all of them."""
    return write_page(save(tmp_path_factory.mktemp("bench"), sections))


class Parsed(HTMLParser):
    """What a browser would make of a page: tables by title, scripts by id, and its words."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.tables: dict[str, list[dict[str, str]]] = {}
        self.scripts: dict[str, str] = {}
        self.tags: list[str] = []
        self.words: dict[str, str] = {}
        self._open: list[str] = []
        self._rows: list[list[str]] = []
        self._title = self._section = self._script = ""
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.append(tag)
        self._open.append(tag)
        if tag == "section":
            self._section = named["id"] or ""
        elif tag == "script":
            self._script = named.get("id") or f"script {len(self.scripts)}"
            self.scripts[self._script] = ""
        elif tag == "table":
            self._rows, self._title = [], ""
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("th", "td"):
            self._rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass
        if tag == "table":
            columns, *rows = self._rows
            self.tables[self._title] = [dict(zip(columns, row, strict=True)) for row in rows]

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            self.scripts[self._script] += data
        elif "style" not in self._open:
            self.words[self._section] = self.words.get(self._section, "") + data
        if "caption" in self._open and "span" not in self._open:
            self._title += data
        elif {"th", "td"} & set(self._open):
            self._rows[-1][-1] += data

    def document(self, name: str) -> dict[str, Any]:
        """A Result inside the page."""
        return json.loads(self.scripts[f"result-{name}"])


@pytest.fixture(scope="session")
def parse() -> type[Parsed]:
    """Reads a page."""
    return Parsed


@pytest.fixture(scope="session")
def parsed(report: Path) -> Parsed:
    """The page of all sections."""
    return Parsed(report)
