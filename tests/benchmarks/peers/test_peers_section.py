"""Peers beside our networks: one Result that follows the contract, whatever is missing."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sernet.benchmarks.peers import PEERS
from sernet.benchmarks.peers.librosa_mlp import LibrosaMlp
from sernet.benchmarks.peers.own_answers import own_answers
from sernet.benchmarks.suite import peers
from sernet.benchmarks.suite.job import Job
from sernet.training.corpora import load_corpus

pytestmark = pytest.mark.usefixtures("peers_installed")

EGEMAPS, COMPARE, LIBROSA = (peer.name for peer in PEERS)


@pytest.fixture(scope="module")
def result(tiny_job: Job) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(peers, "FEW_TURNS", 1)
        return peers.measure(tiny_job)


def value(result: Any, metric: str, model: str, peer: str | None = None) -> dict[str, Any]:
    """The only one of that name."""
    (found,) = [v for v in result.values if (v["metric"], v["model"], v.get("peer")) == (metric, model, peer)]
    return found


def test_values_follow_the_contract(result: Any, check_contract: Callable[..., None]) -> None:
    check_contract(result.values)
    assert result.protocol == "speaker hold-out"


def test_differences_are_ours_minus_theirs(result: Any) -> None:
    for metric in ("UA", "WA"):
        for peer in (EGEMAPS, LIBROSA):
            difference = value(result, f"{metric} difference", "synthetic", peer)
            expected = value(result, metric, "synthetic")["value"] - value(result, metric, peer)["value"]
            assert difference["value"] == pytest.approx(expected)


def test_only_the_test_speakers_are_answered(result: Any, tiny_job: Job) -> None:
    assert tiny_job.run is not None
    test = tiny_job.run.split.test
    assert value(result, "UA", EGEMAPS)["n"] == result.n == len(test) < len(tiny_job.clips)
    for model in ("synthetic", EGEMAPS, LIBROSA):
        rows = [sum(row) for row in result.details["confusion"][model]]
        assert rows == [sum(clip.label == label for clip in test) for label in result.details["labels"]]


def test_the_peers_tell_the_tiny_corpus_apart(result: Any) -> None:
    """Two pitches: whoever gets them wrong was not given the clips."""
    assert value(result, "UA", EGEMAPS)["value"] > 0.9 and value(result, "UA", LIBROSA)["value"] > 0.9


def test_a_quick_benchmark_leaves_out_what_takes_long(result: Any) -> None:
    assert f"accuracy of {COMPARE}" in result.details["left_out"]
    assert not [v for v in result.values if v["model"] == COMPARE and v["kind"] == "accuracy"]
    assert value(result, "samples to label ratio", COMPARE)["value"] > 0
    assert value(result, "installed", COMPARE)["value"] > value(result, "installed", "sernet")["value"]


def test_cost_alone_where_no_network_hears_the_corpus(
    tiny_job: Job, monkeypatch: pytest.MonkeyPatch, check_contract: Callable[..., None]
) -> None:
    monkeypatch.setattr(peers, "PEERS", (LibrosaMlp(), _Missing()))
    monkeypatch.setattr(peers, "FEW_TURNS", 1)
    result = peers.measure(dataclasses.replace(tiny_job, run=None))
    check_contract(result.values)
    assert result.protocol == "none: cost alone" and "accuracy" in result.details["left_out"]
    assert {v["kind"] for v in result.values} == {"machine", "ratio"}
    assert result.details["left_out"][_Missing().name] == (
        'no-such-package is not installed: pip install "sernet[peers]"'
    )


@dataclass(frozen=True)
class _Missing(LibrosaMlp):
    """A peer whose package is not here."""

    packages: ClassVar = ("no-such-package",)

    @property
    def name(self) -> str:
        return "missing"


def test_records_know_emodbs_clips_by_the_names_of_their_files(emodb: Path, tiny_job: Job) -> None:
    loaded = load_corpus("emodb", data=emodb.parent, skip_broken=True)
    corpus = {"name": "emodb", "title": loaded.corpus.title, "note": loaded.corpus.note}
    own = own_answers(dataclasses.replace(tiny_job, corpus=corpus, clips=loaded.clips, run=None))
    assert own is not None and own.labels == loaded.labels and own.protocol.name == "loso"
    label = {clip.path.name: clip.label for clip in loaded.clips}
    for pooled in own.answers.values():
        assert dict(zip(pooled.clips, (own.labels[t] for t in pooled.targets), strict=True)) == label
