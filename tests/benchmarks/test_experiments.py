"""The paper's experiments: which of them run here, what they share with other evaluations, and their one table."""

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from sernet.benchmarks.evaluation import experiments_command
from sernet.benchmarks.evaluation.experiments import EXPERIMENTS
from sernet.benchmarks.evaluation.experiments_run import Experiments, plan_experiments
from sernet.benchmarks.evaluation.experiments_table import experiments_table, footnotes, write_experiments
from sernet.benchmarks.evaluation.plan import load_material, make_plan
from sernet.benchmarks.evaluation.readings import readings_for
from sernet.cli import main
from sernet.runtime.errors import SernetError
from sernet.training.config import load_preset
from sernet.training.protocols import PROTOCOLS

RATE = 16_000
EMODB_CLIPS = [
    "03a01Fa",
    "03a01Nc",
    "03a01Wa",
    "03a02Fc",
    "03a02Nc",
    "08a01Fd",
    "08a01Na",
    "08a01Wa",
    "08a01Wc",
    "08a02Fe",
]
IEMOCAP_LABELS = ("ang", "hap", "exc", "neu", "sad", "fru")


def write_clip(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(seed)
    soundfile.write(path, 0.1 * generator.standard_normal(RATE // 2), RATE)


@pytest.fixture(scope="module")
def emodb_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `emodb/`: ten of its names, two speakers."""
    data = tmp_path_factory.mktemp("emodb-data")
    for seed, name in enumerate(EMODB_CLIPS):
        write_clip(data / "emodb" / "wav" / f"{name}.wav", seed)
    return data


@pytest.fixture(scope="module")
def both_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `emodb/` and with an `iemocap/` of ten speakers, who say everything in both parts."""
    data = tmp_path_factory.mktemp("both-data")
    for seed, name in enumerate(EMODB_CLIPS):
        write_clip(data / "emodb" / "wav" / f"{name}.wav", seed)
    for session in range(1, 6):
        root = data / "iemocap" / f"Session{session}"
        (root / "dialog" / "EmoEvaluation").mkdir(parents=True)
        for number, scene in enumerate(("impro01", "script01_1")):
            dialogue, lines = f"Ses0{session}F_{scene}", []
            for speaker in "FM":
                for turn, code in enumerate(IEMOCAP_LABELS):
                    name = f"{dialogue}_{speaker}{turn:03d}"
                    seed = 1000 * session + 100 * number + 10 * (speaker == "F") + turn
                    write_clip(root / "sentences" / "wav" / dialogue / f"{name}.wav", seed)
                    lines.append(f"[6.2901 - 8.2357]\t{name}\t{code}\t[2.5000, 2.5000, 2.5000]\n")
            (root / "dialog" / "EmoEvaluation" / f"{dialogue}.txt").write_text("".join(lines))
    return data


@pytest.fixture(autouse=True)
def no_other_corpora(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the machine's own corpora out."""
    monkeypatch.delenv("SERNET_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))


def planned(data: Path, out: Path, *protocols: str, **options: Any) -> Experiments:
    defaults = {"seeds": (0,), "epochs": None, "work": Path("/work-folder")} | options
    return plan_experiments(EXPERIMENTS, protocols or ("loso-peek",), ("float",), out=out, data=data, **defaults)


def test_the_list_is_the_papers():
    """Both losses on EMO-DB at 3 s, and on both parts of IEMOCAP at both lengths; else the preset `paper`."""
    settings = {(e.corpus_name, e.audio_type, e.input_duration, e.loss) for e in EXPERIMENTS}
    losses = ("cross_entropy", "focal")
    assert settings == {("emodb", "all", 3.0, loss) for loss in losses} | {
        ("iemocap", part, seconds, loss) for part in ("all", "impro") for seconds in (3.0, 7.0) for loss in losses
    }
    assert len({e.name for e in EXPERIMENTS}) == len(EXPERIMENTS) == 10
    paper = load_preset("paper").to_json()
    for experiment in EXPERIMENTS:
        config = experiment.config().to_json()
        changed = {name for name in config if config[name] != paper[name]}
        assert changed <= {"dataset", "audio_type", "input_duration", "loss"}
        assert config["focal_gamma"] == 2.0 and experiment.config(7).epochs == 7


def test_every_experiment_whose_corpus_is_here_is_planned_with_its_own_clips(both_data: Path, tmp_path: Path):
    found = planned(both_data, tmp_path)
    assert found.absent == {} and list(found.studies) == [experiment.name for experiment in EXPERIMENTS]
    for experiment in EXPERIMENTS:
        (study,) = found.studies[experiment.name]
        assert study.out == tmp_path / experiment.name and study.protocol.name == "loso-peek"
        for job in study.plan.jobs:
            assert (job.config.input_duration, job.config.loss) == (experiment.input_duration, experiment.loss)
            assert job.config.keep == "best" and job.split.validation == job.fold.test
        if experiment.corpus_name == "iemocap":
            clips = [clip for job in study.plan.jobs for clip in job.fold.test]
            scenes = {"impro": {"impro01"}, "all": {"impro01", "script01_1"}}[experiment.audio_type]
            assert len(study.folds) == 10 and {clip.sentence for clip in clips} == scenes
            assert Counter(clip.label for clip in clips) == dict.fromkeys(study.plan.jobs[0].labels, 10 * len(scenes))
            assert study.plan.jobs[0].labels == ("angry", "happy", "neutral", "sad"), "excited is not happy here"
    names = [job.name for study in found.all_studies for job in study.plan.jobs]
    assert len(set(names)) == len(names) == 2 * 2 + 8 * 10


def test_both_protocols_are_planned_when_both_are_asked_for(emodb_data: Path, tmp_path: Path):
    found = planned(emodb_data, tmp_path, "loso-peek", "random-peek", seeds=(0, 1))
    assert set(found.absent) == {"iemocap"} and list(found.studies) == ["emodb-paper", "emodb-paper-focal"]
    for studies in found.studies.values():
        assert {s.protocol.name: len(s.plan.jobs) for s in studies} == {"loso-peek": 4, "random-peek": 20}


def test_an_experiment_shares_its_trainings_with_sernet_evaluate(emodb_data: Path, tmp_path: Path):
    """`sernet evaluate --corpus emodb --preset paper --protocol loso-peek` keeps the same records and run folders."""
    config, work = load_preset("paper"), Path("/work-folder")
    material = load_material("emodb", config, data=emodb_data)
    options: dict[str, Any] = {"seeds": (0,), "subject": "emodb-paper", "preset": "paper", "work": work}
    other = make_plan(material, PROTOCOLS["loso-peek"], config, readings=readings_for(config), **options)
    (study,) = planned(emodb_data, tmp_path).studies["emodb-paper"]
    assert [job.folder for job in study.plan.jobs] == [job.folder for job in other.jobs]
    assert [job.name for job in study.plan.jobs] == [job.name for job in other.jobs]


def test_a_protocol_that_was_begun_is_left_out_and_told(emodb_data: Path, tmp_path: Path):
    (tmp_path / "emodb-paper-focal" / "random-peek").mkdir(parents=True)
    found = planned(emodb_data, tmp_path)
    assert [study.protocol.name for study in found.all_studies] == ["loso-peek", "loso-peek"]
    expected = "emodb-paper-focal: random-peek is left out: 10 of its 10 trainings are not there"
    assert [note for note in found.notes if note.startswith(expected)]


def document(n: int, ua: float) -> dict[str, Any]:
    values = [
        {"metric": metric, "value": ua + shift, "low": ua + shift - 0.05, "high": ua + shift + 0.05}
        for metric, shift in (("UA", 0.0), ("WA", 0.01), ("weighted F1", -0.01), ("ECE", -0.5))
    ]
    return {"n": n, "corpus": "Corpus of a test", "values": values}


@pytest.fixture
def results() -> dict[str, dict[str, dict[str, Any]]]:
    """Documents as evaluations write them, of one experiment under two protocols and of another under all."""
    return {
        "emodb-paper": {"loso-peek": document(535, 0.9), "loso": document(535, 0.7)},
        "emodb-paper-focal": {name: document(535, 0.8) for name in ("loso", "loso-peek", "random-peek")},
    }


def test_a_published_figure_stands_beside_its_own_protocol_alone(
    emodb_data: Path, tmp_path: Path, results: dict[str, dict[str, dict[str, Any]]]
):
    table = experiments_table(planned(emodb_data, tmp_path), results, "float")
    rows = {(row[0], row[1]): row[2:] for row in table.rows}
    assert rows["EMO-DB 3 s, cross entropy", "random-peek"] == ("-", "-", "-", "-", "94.15", "94.21")
    measured = ("535", "70.0 [65.0, 75.0]", "71.0 [66.0, 76.0]", "69.0 [64.0, 74.0]")
    assert rows["EMO-DB 3 s, cross entropy", "loso"] == (*measured, "-", "-")
    assert rows["EMO-DB 3 s, focal", "random-peek"][1:] == (
        *("80.0 [75.0, 85.0]", "81.0 [76.0, 86.0]", "79.0 [74.0, 84.0]"),
        *("92.88", "93.08"),
    )
    published = [row for row in table.rows if row[-2:] != ("-", "-")]
    assert [row[-2:] for row in published] == [
        ("94.15", "94.21"),
        ("92.88", "93.08"),
        ("70.76", "70.23"),
        ("70.78", "79.87"),
    ]
    assert {row[1] for row in published} == {"random-peek"} and "ICASSP 2022" in table.title
    assert rows["IEMOCAP impro 7 s, cross entropy (2)", "-"] == ("-",) * 6
    assert len(table.rows) == 3 + 3 + 8


def test_what_is_not_here_and_how_clips_are_counted_is_told_below_the_table(emodb_data: Path, tmp_path: Path):
    first, second, absent = footnotes(planned(emodb_data, tmp_path))
    assert first.startswith("(1) ") and "not known here" in first
    assert second.startswith("(2) ") and "2280 clips" in second
    assert absent.startswith("not present: iemocap: ask for a licence at https://")


def test_the_files_hold_every_figure_and_every_experiment(
    emodb_data: Path, tmp_path: Path, results: dict[str, dict[str, dict[str, Any]]]
):
    content = write_experiments(tmp_path / "out", planned(emodb_data, tmp_path), results, "float")
    kept = json.loads(Path(content["path"]).read_text())
    assert (kept["what"], kept["schema_version"], kept["n"]) == ("experiments", 1, 5 * 535)
    assert kept["protocol"] == "random-peek, loso-peek, loso" and list(kept["details"]["absent"]) == ["iemocap"]
    assert [item["name"] for item in kept["details"]["experiments"]] == [e.name for e in EXPERIMENTS]
    rows = list(csv.DictReader(io.StringIO(Path(content["path"]).with_suffix(".csv").read_text())))
    assert Counter(row["status"] for row in rows) == {"measured": 5, "not measured": 1, "corpus not present": 8}
    for row in rows:
        figures = {
            item["metric"]: item
            for item in kept["values"]
            if (item["experiment"], item["protocol"]) == (row["experiment"], row["protocol"])
        }
        for metric in ("UA", "WA", "weighted F1"):
            cells = [row[metric], row[f"{metric} low"], row[f"{metric} high"]]
            if row["status"] == "measured":
                expected = [figures[metric][part] for part in ("value", "low", "high")]
                assert [float(cell) for cell in cells] == pytest.approx(expected, abs=1e-6)
            else:
                assert cells == ["", "", ""] and not figures
        assert bool(row["source"]) == bool(row["published UA"]) == bool(row["published WA"])


def test_one_training_a_fold_gives_both_figures_and_is_never_repeated(
    emodb_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setattr(experiments_command, "EXPERIMENTS", (EXPERIMENTS[0], EXPERIMENTS[-1]))
    words = ["evaluate", "--experiments", "--data", str(emodb_data), "--epochs", "1", "--workers", "1"]
    words += ["--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]
    assert main(words) == 0
    output = capsys.readouterr().out
    assert "1 of 2 experiments, 2 trainings of 1 epochs" in output and "not present: iemocap" in output
    assert "| EMO-DB 3 s, cross entropy | loso-peek | 10 |" in output
    files = sorted((tmp_path / "out" / "emodb-paper" / "loso").iterdir())
    records = [json.loads(file.read_text()) for file in files]
    assert [record["fold"] for record in records] == ["03", "08"] and records[0]["config"]["keep"] == "best"
    records[0]["readings"]["last"] = np.eye(len(records[0]["labels"]))[records[0]["clips"]["target"]].tolist()
    files[0].write_text(json.dumps(records[0]))  # with one epoch the last is also the best: make it another
    times = [file.stat().st_mtime_ns for file in files]
    assert main([*words, "--json"]) == 0
    assert [file.stat().st_mtime_ns for file in files] == times
    values = json.loads(capsys.readouterr().out)["values"]
    targets = np.concatenate([record["clips"]["target"] for record in records])
    for protocol, reading in (("loso-peek", "float"), ("loso", "last")):
        answers = np.concatenate([np.argmax(record["readings"][reading], axis=1) for record in records])
        figures = {v["metric"]: v["value"] for v in values if v["protocol"] == protocol and "label" not in v}
        assert figures["UA"] == pytest.approx(balanced_accuracy_score(targets, answers))
        assert figures["WA"] == pytest.approx(accuracy_score(targets, answers))
        assert figures["weighted F1"] == pytest.approx(f1_score(targets, answers, average="weighted"))
    assert len({v["value"] for v in values if v["metric"] == "WA"}) == 2
    assert main([*words, "--epochs", "2"]) == 2
    assert "fold-03-seed0.json was made with another epochs: choose another --out" in capsys.readouterr().err


def test_without_any_corpus_it_is_told_how_to_obtain_each(tmp_path: Path):
    with pytest.raises(SernetError, match=r"no corpus .* emodb: run `sernet data fetch emodb`; iemocap: ask for"):
        planned(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--protocol", "text"], "not trained under text: use random-peek (answers random-peek) or loso-peek (answers"),
        (["--corpus", "emodb"], "the paper says what is evaluated: leave out --corpus"),
        (["--folds", "03"], "leave out --folds"),
        (["--epochs", "0"], "epochs must be above 0"),
        (["--reading", "enrolled"], "enrolled needs a front end that normalises"),
    ],
)
def test_bad_input_gets_one_line_and_code_2(
    arguments: list[str], message: str, emodb_data: Path, capsys: pytest.CaptureFixture
):
    assert main(["evaluate", "--experiments", "--data", str(emodb_data), *arguments]) == 2
    error = capsys.readouterr().err.splitlines()
    assert message in error[-1]
