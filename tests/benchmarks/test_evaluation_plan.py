"""What an evaluation is going to do: jobs that say everything their answer depends on, audited folds, shared labels."""

import dataclasses
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from sernet.benchmarks.evaluation.job import FoldJob, differences, fingerprint
from sernet.benchmarks.evaluation.plan import Plan, load_material, make_plan
from sernet.runtime.errors import SernetError
from sernet.training.config import TrainConfig
from sernet.training.protocols import PROTOCOLS


def plan(corpus: str | Path, protocol: str = "loso", **options: Any) -> Plan:
    config = TrainConfig(dataset=str(corpus), input_duration=1.0)
    material = load_material(
        str(corpus), config, **{k: options.pop(k) for k in ("data", "test_corpus") if k in options}
    )
    defaults: dict[str, Any] = {"seeds": (0,), "subject": "own-paper", "preset": "paper", "work": Path("/work-folder")}
    defaults |= {"readings": ("float",), **options}
    return make_plan(material, PROTOCOLS[protocol], config, **defaults)


def test_there_is_a_job_for_each_fold_and_seed_with_a_name_of_its_own(tiny_corpus: Path):
    found = plan(tiny_corpus, seeds=(0, 7))
    assert [job.name for job in found.jobs] == [
        f"own-paper/loso/fold-s{speaker}-seed{seed}" for seed in (0, 7) for speaker in range(4)
    ]
    assert [job.config.seed for job in found.jobs] == [0] * 4 + [7] * 4
    assert found.complete and [audit.fold for audit in found.audits] == ["s0", "s1", "s2", "s3"]
    assert len({job.folder for job in found.jobs}) == 8


@pytest.mark.parametrize("protocol", ["loso", "loso-enrolled", "loso-peek", "random-peek"])
def test_only_a_peeking_protocol_shows_the_test_clips_to_the_training(protocol: str, tiny_corpus: Path):
    for job in plan(tiny_corpus, protocol).jobs:
        assert job.split.test == job.fold.test and job.split.train == job.fold.train
        if PROTOCOLS[protocol].peek:
            assert job.config.keep == "best" and job.split.validation == job.fold.test
        else:
            assert job.config.keep == "last" and job.split.validation == ()


def test_folds_that_the_seed_draws_are_all_audited(tiny_corpus: Path):
    found = plan(tiny_corpus, "random-peek", seeds=(0, 1))
    assert len(found.audits) == len(found.jobs) == 20 and found.audits[-1].fold == "10, seed 1"
    assert all(audit.speakers for audit in found.audits)


def test_a_part_of_the_folds_is_not_complete(tiny_corpus: Path):
    found = plan(tiny_corpus, folds=("s1", "s3"))
    assert [job.fold.name for job in found.jobs] == ["s1", "s3"] and not found.complete
    assert plan(tiny_corpus, folds=("s0", "s1", "s2", "s3")).complete


def test_a_job_travels_to_another_process_and_keeps_its_folder(tiny_corpus: Path):
    job = plan(tiny_corpus).jobs[0]
    arrived = pickle.loads(pickle.dumps(job))
    assert arrived == job and arrived.folder == job.folder


def test_a_run_folder_belongs_to_settings_sides_and_labels(tiny_corpus: Path):
    job = plan(tiny_corpus).jobs[0]
    changed = [
        dataclasses.replace(job, config=dataclasses.replace(job.config, epochs=7)),
        dataclasses.replace(job, labels=("high", "low", "middle")),
        dataclasses.replace(job, fold=dataclasses.replace(job.fold, train=job.fold.train[1:])),
        dataclasses.replace(job, config=dataclasses.replace(job.config, keep="best")),
    ]
    assert len({other.folder for other in (job, *changed)}) == 5


def answered(job: FoldJob) -> dict[str, Any]:
    """What `differences` looks at in the job's own record."""
    return {
        "config": job.config.to_json(),
        "corpus": job.corpus,
        "labels": list(job.labels),
        "trained_on": {"fingerprint": fingerprint(job)},
        "clips": {"name": [job.clip_name(clip) for clip in job.fold.test]},
    }


def test_a_record_answers_its_job_and_no_other(tiny_corpus: Path):
    job = plan(tiny_corpus).jobs[0]
    record = answered(job)
    assert differences(record, job) == []
    assert differences(record, dataclasses.replace(job, config=dataclasses.replace(job.config, dropout=0.1))) == [
        "dropout"
    ]
    fewer = dataclasses.replace(job.fold, train=job.fold.train[1:])
    assert differences(record, dataclasses.replace(job, fold=fewer)) == ["training clips"]
    other = dataclasses.replace(job.fold, test=job.fold.test[1:])
    assert differences(record, dataclasses.replace(job, fold=other)) == ["test clips"]
    assert differences(record, dataclasses.replace(job, labels=("x", "y"))) == ["labels"]


def test_a_record_that_peeked_answers_an_honest_job_and_not_the_other_way_round(tiny_corpus: Path):
    honest, peeking = plan(tiny_corpus).jobs[0], plan(tiny_corpus, "loso-peek").jobs[0]
    assert differences(answered(peeking), honest) == []
    assert differences(answered(honest), peeking) == ["keep"]


def test_where_clips_come_from_and_how_they_are_cached_makes_no_difference(tiny_corpus: Path):
    job = plan(tiny_corpus).jobs[0]
    elsewhere = dataclasses.replace(job.config, dataset="/other/machine/tiny", cache="disk")
    assert differences(answered(job), dataclasses.replace(job, config=elsewhere)) == []
    older = answered(job)
    del older["config"]["dropout"]  # a record from before there was such a setting has its default
    assert differences(older, job) == []


def test_across_corpora_the_labels_are_shared_and_the_direction_is_the_one_asked_for(emodb: Path, ravdess: Path):
    found = plan("emodb", "cross-corpus", data=emodb.parent, test_corpus="ravdess")
    (job,) = found.jobs
    assert job.record_name == "cross-corpus/fold-emodb-to-ravdess-seed0" and found.complete
    assert job.labels == ("anger", "disgust", "fear", "happiness", "neutral", "sadness")
    assert {clip.corpus for clip in job.fold.train} == {"emodb"} and len(job.fold.train) == 535 - 81
    assert {clip.corpus for clip in job.fold.test} == {"ravdess"} and len(job.fold.test) == 1440 - 2 * 192
    assert {clip.label for clip in job.fold.test} == set(job.labels)
    assert job.clip_name(job.fold.test[0]).startswith("Actor_01/")


def test_a_leak_stops_the_plan(tiny_corpus: Path, tmp_path: Path):
    corpus = shutil.copytree(tiny_corpus, tmp_path / "leaky")
    shutil.copy(corpus / "s0_low_0.wav", corpus / "s1_low_0.wav")  # one recording under two speakers
    with pytest.raises(SernetError, match=r"fold s0 leaks: file .*s0_low_0.wav on both sides, which loso forbids"):
        plan(corpus)
