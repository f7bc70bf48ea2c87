"""A released bundle carries what `sernet evaluate` measured of its settings, and nothing else."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from sernet.benchmarks.evaluation.calibration_report import write_calibration
from sernet.benchmarks.evaluation.record import save_record
from sernet.benchmarks.evaluation.report import write_evaluation
from sernet.cli import main
from sernet.export.formats import FORMATS
from sernet.export.measured import Measured, read_measured
from sernet.runtime import Network, SernetError, load_bundle
from sernet.runtime.bundle import Bundle
from sernet.runtime.calibration import Calibration
from sernet.training.protocols import CALIBRATION_SUMMARY, PROTOCOLS
from sernet.training.run import Run

SPEAKERS = [f"s{number}" for number in range(5)]
CLIPS = 12
READINGS = ("float", "int8", "snr10", "gain-20", "telephone", "enrolled-5", "enrolled-60", "enrolled")
VARIED = ("varied-30", "varied-60", "varied")


@pytest.fixture(scope="session")
def released(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny run as `sernet train --split all` leaves it: every clip on the training side."""
    folder = shutil.copytree(tiny_run, tmp_path_factory.mktemp("released") / "release")
    values = json.loads((folder / "run.json").read_text())
    values["config"] |= {"split": "all", "keep": "last"}
    clips = [clip for side in values["split"].values() for clip in side]
    values["split"] = {"train": clips, "validation": [], "test": []}
    (folder / "run.json").write_text(json.dumps(values))
    return folder


def record(run: Run, family: str, fold: str, speaker: str, skill: float = 1.0) -> dict[str, Any]:
    """What a fold leaves, with answers that are drawn."""
    generator = np.random.default_rng([len(family), len(fold), SPEAKERS.index(speaker)])
    targets = np.arange(CLIPS) % 2

    def probabilities() -> list[list[float]]:
        logits = generator.normal(0, 1, (CLIPS, 2)) + skill * np.eye(2)[targets]
        return np.round(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), 4).tolist()

    return {
        "schema_version": 1,
        "what": "fold",
        "subject": "tiny-quick",
        "corpus": run.corpus,
        "answered": run.corpus["title"] if family != "cross-corpus" else "Other corpus",
        "family": family,
        "fold": fold,
        "seed": 3,
        # another split, seed, place and arithmetic: none of them is a setting of the network
        "config": replace(run.config, split="speaker", seed=3, dataset="moved", precision="float32").to_json(),
        "labels": list(run.labels),
        "trained_on": {"clips": 48, "fingerprint": "0"},
        "clips": {
            "name": [f"{speaker}_{number}.wav" for number in range(CLIPS)],
            "speaker": [speaker] * CLIPS,
            "sentence": ["one"] * CLIPS,
            "target": targets.tolist(),
        },
        "readings": {name: probabilities() for name in READINGS + VARIED},
    }


@pytest.fixture(scope="session")
def results(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `sernet evaluate` leaves it, with more in it than a bundle may carry."""
    run, folder = Run.open(released), tmp_path_factory.mktemp("results")
    name = run.corpus["name"]
    records = [record(run, "loso", speaker, speaker) for speaker in SPEAKERS]
    following = SPEAKERS[1:] + SPEAKERS[:1]
    # one inner speaker for each: what several do, tests/benchmarks/test_calibrate.py says
    records += [record(run, "loso-inner", *pair) for pair in zip(SPEAKERS, following, strict=True)]
    records += [record(run, "cross-corpus", fold, "s0") for fold in (f"{name}-to-other", f"other-to-{name}")]
    for item in records:
        save_record(folder / item["family"] / f"fold-{item['fold']}-seed3.json", item)

    def write(protocol: str, *readings: str, folds: tuple[str, ...] = (), complete: bool = True) -> None:
        for reading in readings:
            write_evaluation(folder, PROTOCOLS[protocol], reading, (), folds, complete=complete, plots=False)

    write("loso", "float", "int8", "snr10", "gain-20", "telephone")
    write("loso-enrolled", "varied-60", "varied", "varied-30", "enrolled", "enrolled-60", "enrolled-5")
    write("loso-inner", "float")
    write("loso", "int8", folds=("s0", "s1"), complete=False)
    for fold in (f"{name}-to-other", f"other-to-{name}"):
        write("cross-corpus", "float", folds=(fold,))
    for reading in ("float", "int8", "snr10", "enrolled-60"):
        write_calibration(folder, reading, 0.7)
    return folder


@pytest.fixture(scope="session")
def int8(results: Path, released: Path) -> Measured:
    return read_measured(results, Run.open(released), FORMATS["int8"])


def document(results: Path, name: str) -> dict[str, Any]:
    return json.loads((results / f"{name}.json").read_text())


def test_figures_are_those_of_the_results_with_what_they_are_figures_of(results: Path, int8: Measured):
    found = {(item["protocol"], item["reading"], item["metric"]): item for item in int8.accuracy}
    assert len(found) == len(int8.accuracy)
    for protocol, reading in (("loso", "int8"), ("loso", "snr10"), ("loso-enrolled", "enrolled-60")):
        result = document(results, f"{protocol}-{reading}")
        for value in result["values"]:
            if value["metric"] in ("UA", "WA"):
                item = found[protocol, reading, value["metric"]]
                assert {name: item[name] for name in ("value", "low", "high", "resampled")} == {
                    name: value[name] for name in ("value", "low", "high", "resampled")
                }
                assert (item["n"], item["seeds"], item["corpus"]) == (5 * CLIPS, [3], result["corpus"])
    after = next(v for v in document(results, "loso-calibrated-int8")["values"] if v["metric"] == "ECE after")
    assert found["loso-calibrated", "int8", "ECE after"]["value"] == after["value"]
    assert ("loso-calibrated", "float", "ECE after") not in found, "the calibration of another model"


def places(measured: Measured) -> list[tuple[str, str]]:
    return list(dict.fromkeys((item["protocol"], item["reading"]) for item in measured.accuracy))


def test_the_headline_comes_first_and_what_peeks_is_partial_or_is_of_another_training_does_not_come(
    results: Path, released: Path, int8: Measured
):
    others = [("loso", "snr10"), ("loso", "gain-20"), ("loso", "telephone")]
    others += [("loso-enrolled", reading) for reading in ("enrolled-5", "enrolled-60", "enrolled", *VARIED)]
    others += [("cross-corpus", "float")]
    calibrated = [("loso-calibrated", reading) for reading in ("int8", "float", "snr10")]
    others.insert(3, ("loso-enrolled-calibrated", "enrolled-60"))
    assert places(int8) == [*calibrated, ("loso", "int8"), ("loso", "float"), *others]
    assert [item["metric"] for item in int8.accuracy[:3]] == ["UA", "WA", "weighted F1"]
    dynamic = read_measured(results, Run.open(released), FORMATS["dynamic"])
    assert places(dynamic) == [*calibrated[1:], ("loso", "float"), *others]
    (across,) = {item["corpus"] for item in int8.accuracy if item["protocol"] == "cross-corpus"}
    assert across.endswith("answers Other corpus")


def test_the_calibration_is_the_one_of_a_release_for_the_reading_that_is_exported(results: Path, released: Path):
    for name, reading in (("int8", "int8"), ("int8-float-io", "int8"), ("float16", "float"), ("dynamic", "float")):
        found = read_measured(results, Run.open(released), FORMATS[name])
        release = document(results, f"loso-calibrated-{reading}")["details"]["release"]
        assert found.calibration == Calibration(release["temperature"], tuple(release["bias"]))
        assert found.uncertain_below == release["threshold"] and found.calibrated


@pytest.fixture(scope="session")
def bundle(results: Path, released: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, str]:
    """What the command exports, and its card."""
    out = tmp_path_factory.mktemp("bundle")
    words = ["export", str(released), "--format", "float32", "--out", str(out), "--measured", str(results)]
    assert main(words) == 0
    return load_bundle(out / "model-float32.tflite"), (out / "model-float32.md").read_text()


def test_an_exported_bundle_answers_with_the_calibration_and_carries_the_figures(
    bundle: tuple[Bundle, str], results: Path, released: Path
):
    manifest = bundle[0].manifest
    expected = read_measured(results, Run.open(released), FORMATS["float32"])
    assert manifest.accuracy == tuple(json.loads(json.dumps(expected.accuracy)))
    assert (manifest.calibration, manifest.uncertain_below) == (expected.calibration, expected.uncertain_below)
    waveform = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    own = replace(bundle[0], manifest=replace(manifest, temperature=1.0, bias=()))
    plain = Network(own).waveform_probabilities(waveform)
    expected = softmax(np.log(plain) / manifest.temperature + manifest.bias)
    np.testing.assert_allclose(Network(bundle[0]).waveform_probabilities(waveform), expected, atol=1e-6)


def test_the_card_tells_every_figure_what_noise_costs_and_what_knowing_the_speaker_gives(
    bundle: tuple[Bundle, str], results: Path
):
    manifest, card = bundle[0].manifest, bundle[1]

    def percent(name: str, metric: str) -> str:
        value = next(v for v in document(results, name)["values"] if v["metric"] == metric)
        return f"{100 * value['value']:.1f} [{100 * value['low']:.1f}, {100 * value['high']:.1f}]"

    def value(name: str) -> float:
        return document(results, name)["values"][0]["value"]

    ua, wa = (percent("loso-float", metric) for metric in ("UA", "WA"))
    assert f"| as recorded | {ua} | {wa} |  |" in card
    lost = 100 * (value("loso-float") - value("loso-snr10"))
    noisy = f"{percent('loso-snr10', 'UA')} | {percent('loso-snr10', 'WA')}"
    assert f"| in pink noise, SNR 10 dB | {noisy} | {lost:.1f} |" in card
    rows = [line.split(" | ")[0] for line in card.splitlines() if line.startswith("| ")]
    start = rows.index("| heard before")
    assert rows[start + 2 : start + 7] == ["| nothing", "| 5 s", "| 30 s", "| 60 s", "| all other clips"]
    own = f"{percent('loso-calibrated-float', 'UA')} | {percent('loso-calibrated-float', 'WA')}"
    assert f"| nothing | {ua} | {wa} | {ua} | {wa} | {own} |" in card
    assert f" | {percent('loso-enrolled-calibrated-enrolled-60', 'UA')} | " in card
    figures = {name: percent(f"loso-enrolled-{name}", "UA") for name in ("enrolled-60", "varied-60", "varied-30")}
    assert f"| 60 s | {figures['enrolled-60']} | " in card and f" | {figures['varied-60']} | " in card
    assert f"| 30 s | - | - | {figures['varied-30']} | " in card
    assert "| heard before | features only (`enrolled-N`): UA, % [95 % interval] | " in card
    for item in manifest.accuracy:
        if item["reading"] == "float":
            assert f"| {item['metric']} | {item['value']:.3f} | {item['low']:.3f} to {item['high']:.3f}," in card
    assert f"Temperature {manifest.temperature:.3f}" in card and f"below {manifest.uncertain_below:.3f}" in card
    assert all(f"{label} {bias:+.2f}" in card for label, bias in zip(manifest.labels, manifest.bias, strict=True))
    calibrated = percent("loso-calibrated-snr10", "UA")
    assert "Under `loso-calibrated`, by the float model:" in card and calibrated in card
    assert "Not measured: no clips were held out" in card and "has never heard silence" in card
    assert PROTOCOLS["loso"].summary in card and CALIBRATION_SUMMARY in card
    assert "answers Other corpus" in card and "not for judging people" in card


def test_a_run_without_held_out_clips_or_results_says_that_nothing_was_measured(released: Path, tmp_path: Path):
    assert main(["export", str(released), "--format", "float32", "--out", str(tmp_path)]) == 0
    manifest = load_bundle(tmp_path / "model-float32.tflite").manifest
    assert (manifest.accuracy, manifest.temperature, manifest.uncertain_below) == ((), 1.0, 0.0) and manifest.bias == ()
    card = (tmp_path / "model-float32.md").read_text()
    assert "Not measured" in card and "Not calibrated" in card and "accuracy above" not in card


def without_int8(results: Path) -> None:
    (results / "loso-int8.json").unlink()


def without_records(results: Path) -> None:
    shutil.rmtree(results / "loso")


def damaged(results: Path) -> None:
    (results / "loso-int8.json").write_text("{")


def other(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def apply(results: Path) -> None:
        for path in (results / "loso").iterdir():
            values = json.loads(path.read_text())
            change(values)
            path.write_text(json.dumps(values))

    return apply


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_int8, "no result of a whole protocol with the reading int8: `sernet evaluate --reading int8`"),
        (without_records, "holds no records to compare"),
        (damaged, "loso-int8.json is not a result of `sernet evaluate`"),
        (other(lambda r: r["config"].update(epochs=7)), "was made with another epochs than"),
        (other(lambda r: r["config"]["front_end"].update(mel_bins=64)), "was made with another front_end than"),
        (other(lambda r: r["corpus"].update(name="else")), "was made with another corpus than"),
        (other(lambda r: r.update(labels=["high", "higher"])), "was made with another labels than"),
    ],
)
def test_results_of_something_else_are_refused(
    change: Callable[[Path], None], message: str, results: Path, released: Path, tmp_path: Path
):
    copy = shutil.copytree(results, tmp_path / "copy")
    change(copy)
    with pytest.raises(SernetError, match=message):
        read_measured(copy, Run.open(released), FORMATS["int8"])


def test_a_run_that_chose_its_epoch_is_not_described_by_results_of_the_last(results: Path, tiny_run: Path):
    run = Run.open(tiny_run)
    run = replace(run, config=replace(run.config, keep="best", average_epochs=1))
    with pytest.raises(SernetError, match="keeps its best epoch, and the results are of the last"):
        read_measured(results, run, FORMATS["float32"])


def test_results_without_a_calibration_leave_the_bundle_uncalibrated(results: Path, released: Path, tmp_path: Path):
    copy = shutil.copytree(results, tmp_path / "copy")
    (copy / "loso-calibrated-int8.json").unlink()
    found = read_measured(copy, Run.open(released), FORMATS["int8"])
    assert (found.calibration, found.uncertain_below, found.calibrated) == (Calibration(), 0.0, False)
