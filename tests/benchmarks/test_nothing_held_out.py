"""`sernet bench` of a run that was trained on all clips: what it costs, how like Keras it is, and no accuracy of it."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sernet.benchmarks.report import write_report
from sernet.benchmarks.variant import Variant, find_variants
from sernet.runtime.audio_file import read_audio
from sernet.runtime.network import Network
from sernet.training.evaluation import predict
from sernet.training.run import Run

VARIANTS = ["float32", "int8"]


@pytest.fixture(scope="module")
def opened(released_run: Path) -> Run:
    return Run.open(released_run)


@pytest.fixture(scope="module")
def variants(opened: Run) -> dict[str, Variant]:
    return {variant.name: variant for variant in find_variants(opened)}


def plots(page: Path) -> dict[str, str]:
    """The page's plots by name."""
    return dict(re.findall(r'<figure id="([^"]+)">(.*?)</figure>', page.read_text(), re.DOTALL))


def report(folder: Path, content: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """A document as Markdown, and its plots."""
    page = write_report(folder, content)
    return (folder / "report.md").read_text(), plots(page)


def test_size_speed_and_memory_are_measured_as_of_any_other_run(released, bench) -> None:
    def costs(result: dict[str, Any]) -> set[tuple[str, str, int | None]]:
        found = {(item["variant"], item["metric"], item.get("threads")) for item in result["values"] if "unit" in item}
        return {item for item in found if item[1] != "TensorFlow Lite Micro arena"}  # not on every machine

    assert costs(released.result) == costs(bench.result)
    assert all(item["value"] > 0 for item in released.result["values"] if "unit" in item)


def test_answers_are_compared_with_keras_on_the_training_clips_that_the_export_checked(released) -> None:
    for variant in VARIANTS:
        exported = json.loads((released.run / "export" / f"model-{variant}.json").read_text())
        checked = {item["metric"]: item["value"] for item in exported["values"]}
        for metric in ("agreement with Keras", "worst probability difference"):
            found = released.value(variant, metric)
            # the bundle's calibration is no difference between the networks
            assert found["value"] == pytest.approx(checked[metric], abs=1e-6), "tolerance 1e-6"
            assert (found["clips"], found["n"]) == ("training", exported["n"]) == ("training", 32)


def test_no_accuracy_is_measured_on_clips_of_the_training(released) -> None:
    metrics = {item["metric"] for item in released.result["values"]}
    assert not metrics & {"UA", "WA", "weighted F1", "ECE", "UA difference"}
    assert released.result["details"]["confusion"] == {}


def test_the_first_line_says_that_nothing_was_held_out(released) -> None:
    said = "nothing held out: accuracy is that of its settings, as `sernet evaluate` measures it"
    assert released.printed.splitlines()[0].endswith(f"; {said}")
    for name in ("report.md", "report.html"):
        assert said in (released.run / "bench" / name).read_text()


def test_figures_of_the_settings_stand_in_a_table_of_their_own(released) -> None:
    written = (released.run / "bench" / "report.md").read_text()
    assert "## Accuracy of its settings, not of this very file" in written
    for text in (written, released.printed):
        assert "| float32 | 71.0 [66.0, 76.0] | 71.0 [66.0, 76.0] | loso | float | 64 |" in text
        assert "| int8 | 69.0 [64.0, 74.0] | 69.0 [64.0, 74.0] | loso | int8 | 64 |" in text
        assert "as Keras on training clips, %" in text and "weighted F1" not in text


def test_accuracy_against_size_is_that_of_the_settings_under_a_named_protocol(released) -> None:
    drawn = plots(released.run / "bench" / "report.html")
    assert list(drawn) == ["accuracy", "latency", "size", "memory"]
    assert "Accuracy of the settings" in drawn["accuracy"] and "UA under loso, %" in drawn["accuracy"]
    assert "not of these very files" in drawn["accuracy"]


def test_one_plot_does_not_hold_figures_of_two_protocols(released, tmp_path: Path) -> None:
    content = copy.deepcopy(released.result)
    for item in content["details"]["measured"]["int8"]:
        item["protocol"] = "text"
    drawn = report(tmp_path, content)[1]["accuracy"]
    assert "loso" in drawn and "float32" in drawn and "int8" not in drawn


def test_bundles_that_carry_no_figures_get_neither_table_nor_plot(released, tmp_path: Path) -> None:
    content = copy.deepcopy(released.result)
    content["details"]["measured"] = {}
    written, drawn = report(tmp_path, content)
    assert list(drawn) == ["latency", "size", "memory"]
    assert "## Accuracy of its settings" not in written and "`sernet export --measured DIR` adds it" in written


def test_a_file_that_was_measured_itself_keeps_its_own_figures_in_the_plot(bench, released, tmp_path: Path) -> None:
    content = copy.deepcopy(bench.result)
    content["details"]["measured"] = released.result["details"]["measured"]
    written, drawn = report(tmp_path, content)
    assert "## Answers on the held-out clips" in written and "## Accuracy of its settings" in written
    assert "UA, %" in drawn["accuracy"] and "settings" not in drawn["accuracy"]


def test_a_result_from_before_gives_the_report_that_it_gave(bench, tmp_path: Path) -> None:
    content = copy.deepcopy(bench.result)
    for name in ("answered", "measured", "whole_clips"):
        del content["details"][name]
    for item in content["values"]:
        if item["metric"] in ("agreement with Keras", "worst probability difference"):
            del item["clips"], item["n"]
    write_report(tmp_path, content)
    for name in ("report.md", "report.html"):
        assert (tmp_path / name).read_text() == (bench.run / "bench" / name).read_text()


def test_a_front_end_that_normalises_gives_variants_what_keras_and_the_device_see(opened: Run, variants) -> None:
    """Whole clips, measured from their own speech: shorter and longer than the window."""
    clips = opened.split.train[:8]
    seconds = [len(read_audio(clip.path)) / 16000 for clip in clips]
    assert min(seconds) < opened.config.input_duration < max(seconds)
    network = variants["float32"].network()
    calibrated = network.bundle.manifest.calibration.applied(predict(opened, clips))
    answers = np.stack([network.probabilities(variants["float32"].network_input(clip)) for clip in clips])
    worst = np.abs(answers - calibrated).max()
    assert worst < 1e-5, f"worst difference {worst:.1e}, tolerance 1e-5"
    device = Network(variants["int8"].bundle)
    for clip in clips:
        answer = device.probabilities(variants["int8"].network_input(clip))
        np.testing.assert_array_equal(answer, device.waveform_probabilities(read_audio(clip.path)))


def test_latency_is_that_of_one_window_and_of_features_that_are_normalised(opened: Run, variants, released) -> None:
    frames = opened.front_end.frame_count(opened.front_end.sample_count(opened.config.input_duration))
    longest = max(opened.split.train, key=lambda clip: len(read_audio(clip.path)))
    assert len(variants["int8"].network_input(longest)) > frames
    assert variants["int8"].window_input(longest).shape == (frames, opened.front_end.feature_count)
    assert released.value("front end", "latency median", 1)["n"] == 5
