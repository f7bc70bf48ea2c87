"""The model inside the package is what its card says, and its probabilities for real speech mean something."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sernet.runtime.audio_file import read_audio
from sernet.runtime.bundle import DEFAULT_BUNDLE, load_bundle
from sernet.runtime.calibration import Calibration
from sernet.runtime.cli import main
from sernet.runtime.network import Network
from sernet.runtime.recognizer import UNCERTAIN
from sernet.training.budget import cost
from sernet.training.config import load_preset
from sernet.training.corpora import load_corpus

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "results" / "emodb-sernet"
MANIFEST = load_bundle().manifest


def test_every_accuracy_it_claims_is_that_of_a_result():
    assert {item["metric"] for item in MANIFEST.accuracy} >= {"UA", "WA"}
    for item in MANIFEST.accuracy:
        result = json.loads((RESULTS / f"{item['protocol']}-{item['reading']}.json").read_text())
        (value,) = [each for each in result["values"] if each["metric"] == item["metric"] and "label" not in each]
        assert {name: item[name] for name in ("value", "low", "high")} == {
            name: value[name] for name in ("value", "low", "high")
        }
        assert (item["n"], item["corpus"]) == (result["n"], result["corpus"])


def test_the_headline_is_calibrated_int8_with_a_speaker_left_out():
    headline = MANIFEST.accuracy[0]
    assert (headline["metric"], headline["protocol"], headline["reading"]) == ("UA", "loso-calibrated", "int8")
    assert headline["n"] == 535


def test_its_calibration_is_that_of_the_answers_of_all_speakers():
    release = json.loads((RESULTS / "loso-calibrated-int8.json").read_text())["details"]["release"]
    assert MANIFEST.calibration == Calibration(release["temperature"], tuple(release["bias"]))
    assert MANIFEST.uncertain_below == release["threshold"] > 1 / len(MANIFEST.labels)


def test_it_knows_the_clips_it_was_trained_on(emodb: Path):
    """No measure of accuracy; a broken export would answer them no better than others."""
    clips = load_corpus("emodb", data=emodb).clips[::5]
    network = Network(load_bundle())
    answers = [
        MANIFEST.labels[int(np.argmax(network.waveform_probabilities(read_audio(clip.path, 16000))))] for clip in clips
    ]
    assert np.mean([answer == clip.label for answer, clip in zip(answers, clips, strict=True)]) > 0.9


def test_a_quiet_recording_gets_the_answer_of_a_loud_one(emodb: Path):
    network = Network(load_bundle())
    for clip in load_corpus("emodb", data=emodb).clips[::60]:
        waveform = read_audio(clip.path, 16000)
        loud, quiet = (network.waveform_probabilities(waveform * gain) for gain in (1.0, 0.1))
        np.testing.assert_allclose(quiet, loud, atol=0.05)


@pytest.mark.parametrize("corpus", ["emodb", "ravdess"])
def test_clips_are_answered_with_probabilities_or_as_uncertain(
    corpus: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
):
    folder = request.getfixturevalue(corpus)
    paths = [str(clip.path) for clip in load_corpus(corpus, data=folder).clips[::40]]
    assert main(["file", "--json", "--no-profile", *paths]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(answers) == len(paths)
    for answer in answers:
        best = max(answer["probabilities"], key=answer["probabilities"].__getitem__)
        sure = answer["probabilities"][best] >= MANIFEST.uncertain_below
        assert answer["label"] == (best if sure else UNCERTAIN)
        assert sum(answer["probabilities"].values()) == pytest.approx(1.0, abs=1e-4)
    uncertain = [answer["label"] == UNCERTAIN for answer in answers]
    if corpus == "emodb":  # it was trained on these
        assert np.mean(uncertain) < 0.1
    else:
        assert any(uncertain) and not all(uncertain)


@pytest.mark.parametrize("form", ["int8", "int8-float-io"])
@pytest.mark.parametrize("size", ["", "-small", "-nano"])
def test_released_bundles_stand_beside_their_cards(size: str, form: str):
    name = f"emodb{size}-{form}"
    bundle, card = load_bundle(ROOT / "models" / f"{name}.tflite"), (ROOT / "models" / f"{name}.md").read_text()
    assert bundle.manifest.corpus["licence"].startswith("CC0") and bundle.manifest.corpus["licence"] in card
    assert bundle.manifest.corpus["title"] in card and "not for judging people" in card
    for item in bundle.manifest.accuracy:
        result = json.loads(
            (ROOT / "results" / f"emodb-sernet{size}" / f"{item['protocol']}-{item['reading']}.json").read_text()
        )
        assert item["value"] in [each["value"] for each in result["values"] if each["metric"] == item["metric"]]
    assert f"{bundle.manifest.accuracy[0]['value']:.3f}" in card


def test_the_smaller_ones_keep_within_their_budgets():
    small, nano = (load_preset(f"sernet-{size}").widths for size in ("small", "nano"))
    assert cost(small, 184, 40, 7).macs <= 40e6 and cost(nano, 184, 40, 7).macs / 3 <= 8e6
    assert cost(nano, 184, 40, 7).weight_bytes <= 64_000
    model = load_bundle(ROOT / "models" / "emodb-small-int8.tflite").model
    with zipfile.ZipFile(io.BytesIO(model)) as description:
        assert min(entry.header_offset for entry in description.infolist()) <= 130_000


def test_the_package_holds_the_first_of_them_and_its_card():
    for kind in (".tflite", ".md"):
        assert (
            DEFAULT_BUNDLE.with_suffix(kind).read_bytes()
            == (ROOT / "models" / f"emodb-int8-float-io{kind}").read_bytes()
        )
