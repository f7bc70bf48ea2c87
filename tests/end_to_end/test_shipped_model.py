"""The model inside the package is what its card says."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, recall_score

from sernet.runtime.bundle import DEFAULT_BUNDLE, load_bundle
from sernet.runtime.network import Network
from sernet.training.corpora import load_corpus
from sernet.training.features import clip_waveform


def test_its_accuracy_on_the_held_out_speakers_is_the_one_it_claims(emodb: Path):
    bundle = load_bundle()
    claimed = {item["metric"]: item for item in bundle.manifest.accuracy}
    speakers = claimed["UA"]["protocol"].removeprefix("speaker hold-out (").removesuffix(")").split(", ")
    clips = [clip for clip in load_corpus("emodb", data=emodb).clips if clip.speaker in speakers]
    assert len(clips) == claimed["UA"]["n"]
    network = Network(bundle)
    waveforms = [clip_waveform(clip, bundle.manifest.front_end, bundle.manifest.window_s) for clip in clips]
    answers = [bundle.manifest.labels[int(np.argmax(network.waveform_probabilities(w)))] for w in waveforms]
    truth = [clip.label for clip in clips]
    # XNNPACK's int8 kernels differ between processors by a step: an answer or two may turn
    assert recall_score(truth, answers, average="macro") == pytest.approx(claimed["UA"]["value"], abs=0.03)
    assert accuracy_score(truth, answers) == pytest.approx(claimed["WA"]["value"], abs=0.03)


def test_its_card_names_corpus_licence_and_limits():
    card = DEFAULT_BUNDLE.with_suffix(".md").read_text()
    corpus = load_bundle().manifest.corpus
    assert corpus["title"] in card and corpus["licence"] in card and "not for judging people" in card
    assert corpus["licence"].startswith("CC0")
