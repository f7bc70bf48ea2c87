"""The figures of a benchmark, each against a source of its own."""

import json
import resource
import statistics
import subprocess
from pathlib import Path
from typing import Any

import ai_edge_litert.interpreter as litert
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, f1_score

from sernet.benchmarks.fresh_process import fresh_starts
from sernet.runtime.bundle import load_bundle
from sernet.runtime.network import Network
from sernet.training.features import clip_features, clip_waveform
from sernet.training.run import Run


@pytest.fixture(scope="module")
def opened(exported_run: Path) -> Run:
    return Run.open(exported_run)


@pytest.fixture(scope="module")
def features(opened: Run) -> np.ndarray:
    """(clips, frames, features) of the test clips."""
    config = opened.config
    return np.stack([clip_features(clip, config.front_end, config.input_duration) for clip in opened.split.test])


def litert_answers(model: Path, features: np.ndarray) -> list[int]:
    """Class indices from LiteRT itself, with the quantisation of its documentation written out."""
    interpreter = litert.Interpreter(str(model))
    interpreter.allocate_tensors()
    (entry,), (exit_,) = interpreter.get_input_details(), interpreter.get_output_details()
    answers = []
    for example in features:
        values: Any = example[None, ..., None]
        if entry["dtype"] == np.int8:
            scale, zero_point = entry["quantization"]
            values = np.clip(np.round(values / scale) + zero_point, -128, 127).astype(np.int8)
        interpreter.set_tensor(entry["index"], values)
        interpreter.invoke()
        answers.append(int(interpreter.get_tensor(exit_["index"])[0].argmax()))
    return answers


def test_bytes_are_those_of_the_file_system_and_of_the_export(bench) -> None:
    for variant in bench.result["details"]["variants"]:
        path = bench.run / "export" / f"model-{variant}.tflite"
        exported = json.loads(path.with_suffix(".json").read_text())
        written = next(item["value"] for item in exported["values"] if item["metric"] == "bytes")
        assert bench.value(variant, "file")["value"] == path.stat().st_size
        assert bench.value(variant, "flatbuffer")["value"] == written < path.stat().st_size


def test_gzip_bytes_are_those_of_the_gzip_program(bench) -> None:
    for variant in bench.result["details"]["variants"]:
        path = bench.run / "export" / f"model-{variant}.tflite"
        packed = subprocess.run(["gzip", "-9", "-n", "-c", path], capture_output=True, check=True).stdout
        assert bench.value(variant, "gzip")["value"] == pytest.approx(len(packed), rel=0.01), "tolerance 1 %"


def test_latencies_are_those_of_the_raw_samples(bench) -> None:
    settings, samples = bench.result["details"]["settings"], bench.result["details"]["samples"]
    for threads in settings["threads"]:
        for variant, turns in samples["latency_ms"][str(threads)].items():
            calls = [call for turn in turns for call in turn]
            assert len(calls) == settings["repetitions"] and min(calls) > 0
            median, p90 = (bench.value(variant, f"latency {name}", threads) for name in ("median", "p90"))
            assert median["value"] == pytest.approx(statistics.median(calls))
            assert p90["value"] == pytest.approx(statistics.quantiles(calls, n=10, method="inclusive")[8])
            assert median["n"] == p90["n"] == len(calls)
    assert bench.value("float32", "latency ratio", 1)["value"] == 1


def test_cold_start_and_memory_are_those_of_the_raw_samples(bench) -> None:
    for name, starts in bench.result["details"]["samples"]["fresh_processes"].items():
        assert len(starts) == bench.result["details"]["settings"]["processes"]
        seconds = statistics.median(start["seconds"] for start in starts)
        assert bench.value(name, "cold start")["value"] == pytest.approx(seconds)
        peak = statistics.median(start["peak_bytes"] for start in starts)
        assert bench.value(name, "peak memory")["value"] == pytest.approx(peak)


def test_peak_memory_is_not_that_of_the_process_that_measures(bench) -> None:
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    without = bench.value("no interpreter", "peak memory")["value"]
    assert own > 250e6, "TensorFlow is loaded here"
    assert 5e6 < without < 120e6
    for variant in bench.result["details"]["variants"]:
        assert without < bench.value(variant, "peak memory")["value"] < 200e6


def test_a_fresh_process_answers_as_this_one_does(exported_run: Path, opened: Run) -> None:
    path = exported_run / "export" / "model-int8.tflite"
    waveform = clip_waveform(opened.split.test[0], opened.config.front_end, opened.config.input_duration)
    starts = fresh_starts({"int8": path, "none": None}, waveform, 1, lambda items, name: iter(items))
    expected = Network(load_bundle(path)).waveform_probabilities(waveform)
    np.testing.assert_allclose(starts["int8"][0].probabilities, expected, atol=1e-6)
    assert starts["none"][0].probabilities == []


def test_accuracy_is_that_of_scikit_learn_on_litert_answers(bench, opened: Run, features: np.ndarray) -> None:
    targets = opened.targets(opened.split.test)
    keras = opened.model.predict(features[..., None], verbose=0).argmax(axis=1)
    for variant in [*bench.result["details"]["variants"], "Keras"]:
        model = bench.run / "export" / f"model-{variant}.tflite"
        answers = keras if variant == "Keras" else litert_answers(model, features)
        assert bench.value(variant, "UA")["value"] == pytest.approx(balanced_accuracy_score(targets, answers))
        assert bench.value(variant, "WA")["value"] == pytest.approx(accuracy_score(targets, answers))
        f1 = f1_score(targets, answers, average="weighted", zero_division=0)
        assert bench.value(variant, "weighted F1")["value"] == pytest.approx(f1)
        assert bench.result["details"]["confusion"][variant] == confusion_matrix(targets, answers).tolist()
        if variant != "Keras":
            same = np.mean(np.array(answers) == keras)
            assert bench.value(variant, "agreement with Keras")["value"] == pytest.approx(same)
            lost = balanced_accuracy_score(targets, answers) - balanced_accuracy_score(targets, keras)
            assert bench.value(variant, "UA difference")["value"] == pytest.approx(lost)


def test_the_microcontroller_arena_is_that_of_the_export(bench) -> None:
    exported = json.loads((bench.run / "export" / "model-int8.json").read_text())
    arena = [item["value"] for item in exported["values"] if item["metric"] == "TensorFlow Lite Micro arena bytes"]
    if not arena:
        pytest.skip("tflite-micro has no package for this machine")
    # its alignment depends on where the model lies in memory
    assert bench.value("int8", "TensorFlow Lite Micro arena")["value"] == pytest.approx(arena[0], abs=64)
