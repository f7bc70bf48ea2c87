"""The accuracy tables, against figures counted by hand; what must not be in them."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from sernet.benchmarks.evaluation.accuracy_tables import accuracy_tables
from sernet.benchmarks.evaluation.anchors import ANCHORS
from sernet.benchmarks.evaluation.calibration_report import write_calibration
from sernet.benchmarks.evaluation.record import save_record
from sernet.benchmarks.evaluation.report import write_evaluation
from sernet.benchmarks.tables import Table, percent
from sernet.runtime.errors import SernetError
from sernet.training.augmentation.conditions import CONDITIONS
from sernet.training.config import TrainConfig
from sernet.training.protocols import PROTOCOLS

SPEAKERS = [f"s{number}" for number in range(5)]
TARGETS = [0, 0, 0, 1, 1]
"""Of each speaker's clips: three of anger, two of neutral."""

Right = tuple[int, int]
"""How many of each speaker's clips of anger and of neutral a reading answers correctly: all speakers are alike, so that
intervals have no width, UA is (anger / 3 + neutral / 2) / 2, and WA is (anger + neutral) / 5."""


def answers(anger: int, neutral: int) -> list[list[float]]:
    correct = np.array([clip < anger for clip in range(3)] + [clip < neutral for clip in range(2)])
    return np.eye(2)[np.where(correct, TARGETS, 1 - np.array(TARGETS))].tolist()


def write_records(
    folder: Path,
    family: str,
    readings: Mapping[str, Right | list[Right]],
    *,
    keep: str = "last",
    folds: Sequence[str] = SPEAKERS,
) -> None:
    """A record for each fold and seed; a reading with several pairs has a seed for each."""
    per_seed = {name: right if isinstance(right, list) else [right] for name, right in readings.items()}
    for seed in range(max(map(len, per_seed.values()))):
        for fold, speaker in zip(folds, SPEAKERS, strict=False):
            record = {
                "schema_version": 1,
                "what": "fold",
                "subject": folder.name,
                "corpus": {"name": "emodb", "title": "EMO-DB", "note": ""},
                "answered": "EMO-DB",
                "family": family,
                "fold": fold,
                "seed": seed,
                "config": TrainConfig(keep="best" if keep == "best" else "last", seed=seed).to_json(),
                "labels": ["anger", "neutral"],
                "trained_on": {"clips": 20, "fingerprint": "0"},
                "clips": {
                    "name": [f"{speaker}_{number}.wav" for number in range(5)],
                    "speaker": [speaker] * 5,
                    "sentence": ["one"] * 5,
                    "target": TARGETS,
                },
                "readings": {name: answers(*rights[seed]) for name, rights in per_seed.items()},
            }
            save_record(folder / family / f"fold-{fold}-seed{seed}.json", record)


def evaluate(folder: Path, protocol: str, *readings: str, folds: tuple[str, ...] = (), complete: bool = True) -> None:
    for reading in readings:
        write_evaluation(folder, PROTOCOLS[protocol], reading, (), folds, complete=complete, plots=False)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of results: `paper` peeked and was trained once, `sernet` twice."""
    folder = tmp_path_factory.mktemp("results")
    paper, sernet = folder / "emodb-paper", folder / "emodb-sernet"
    peeked = {"float": (3, 2), "int8": (3, 1), "last": (3, 1), "last-int8": (3, 0), "last-snr5": (0, 1)}
    write_records(paper, "loso", peeked, keep="best")
    evaluate(paper, "loso", "float", "int8", "snr5")
    evaluate(paper, "loso-peek", "float", "int8")
    once = {"float": (3, 2), "int8": (2, 1), "room": (1, 1), "telephone": (3, 2), "enrolled-5": (3, 1)}
    once |= {"enrolled-60": (3, 2), "enrolled": (3, 2), "varied-30": (2, 1), "varied-60": (3, 1)}
    again = once | {"float": (3, 1), "enrolled-60": (3, 1)}
    write_records(sernet, "loso", {name: [once[name], again[name]] for name in once})
    evaluate(sernet, "loso", "float", "int8", "room", "telephone")
    evaluate(sernet, "loso-enrolled", "enrolled-5", "enrolled-60", "enrolled", "varied-30", "varied-60")
    return folder


@pytest.fixture
def results(measured: Path, tmp_path: Path) -> Path:
    """A copy to change."""
    return shutil.copytree(measured, tmp_path / "results")


def titled(results: Path, beginning: str) -> Table:
    (found,) = [table for table in accuracy_tables(results) if table.title.startswith(beginning)]
    return found


def test_measured_rows_stand_among_other_systems_of_their_protocol(results: Path):
    table = titled(results, "EMO-DB, 7 classes")
    assert table.columns == ("system", "protocol", "UA, % [95 %]", "WA, % [95 %]", "n", "seeds")
    assert table.title.endswith("95 % intervals over speakers")
    people, paper = (
        "https://doi.org/10.21437/Interspeech.2005-446",
        "[Aftab et al. 2022](https://arxiv.org/abs/2110.03435)",
    )
    opensmile, here = "openSMILE {} + linear SVM{} (measured for this project)".format, ("-", "-")
    assert table.rows == (
        (f"human listeners ([Burkhardt et al. 2005]({people}))", "-", "93.0", "93.5", "-", "-"),
        (opensmile("eGeMAPSv02", ""), "loso", "67.1", "68.2", *here),
        (opensmile("ComParE_2016", ""), "loso", "78.6", "80.0", *here),
        ("`paper`, float", "loso", "75.0 [75.0, 75.0]", "80.0 [80.0, 80.0]", "25", "1"),
        ("`paper`, int8", "loso", "50.0 [50.0, 50.0]", "60.0 [60.0, 60.0]", "25", "1"),
        ("`sernet`, float", "loso", "87.5 [87.5, 87.5]", "90.0 [90.0, 90.0]", "25", "2"),
        ("`sernet`, int8", "loso", "58.3 [58.3, 58.3]", "60.0 [60.0, 60.0]", "25", "2"),
        (opensmile("ComParE_2016", ", features normalised per speaker"), "loso-enrolled", "85.6", "86.4", *here),
        (
            *("`sernet`, float, 60 s of the speaker heard", "loso-enrolled"),
            *("87.5 [87.5, 87.5]", "90.0 [90.0, 90.0]", "25", "2"),
        ),
        (
            *("`sernet`, float, all other clips of the speaker heard", "loso-enrolled"),
            *("100.0 [100.0, 100.0]", "100.0 [100.0, 100.0]", "25", "2"),
        ),
        (
            *("`sernet`, float, 60 s of the speaker heard in many moods", "loso-enrolled"),
            *("75.0 [75.0, 75.0]", "80.0 [80.0, 80.0]", "25", "2"),
        ),
        ("`paper`, float", "loso-peek", "100.0 [100.0, 100.0]", "100.0 [100.0, 100.0]", "25", "1"),
        ("`paper`, int8", "loso-peek", "75.0 [75.0, 75.0]", "80.0 [80.0, 80.0]", "25", "1"),
        ("Light-SERNet, public code (re-run by others)", "random-peek", "-", "94.0-95.3", "-", "-"),
        (f"Light-SERNet, cross entropy ({paper})", "random-peek", "94.15", "94.21", "-", "-"),
        (f"Light-SERNet, focal ({paper})", "random-peek", "92.88", "93.08", "-", "-"),
    )


def test_calibrated_answers_stand_beside_the_others(results: Path):
    folder = results / "emodb-sernet"
    inner = {name: [(3, 1), (2, 2)] for name in ("float", "room")}
    write_records(folder, "loso-inner", inner, folds=SPEAKERS[-1:] + SPEAKERS[:-1])
    shown = {reading: write_calibration(folder, reading, 0.9) for reading in ("float", "room", "enrolled-60")}
    cells = {
        reading: [percent(next(v for v in result["values"] if v["metric"] == metric)) for metric in ("UA", "WA")]
        for reading, result in shown.items()
    }
    rows = titled(results, "EMO-DB, 7 classes").rows
    assert ("`sernet`, float", "loso-calibrated", *cells["float"], "25", "2") in rows
    known = "`sernet`, float, 60 s of the speaker heard"
    assert (known, "loso-enrolled-calibrated", *cells["enrolled-60"], "25", "2") in rows
    table = titled(results, "Robustness")
    place = table.columns.index("`sernet`, calibrated: UA, % [95 %]")
    assert {row[0]: row[place] for row in table.rows if row[place] != "-"} == {
        "as recorded": cells["float"][0],
        "in simulated rooms": cells["room"][0],
    }
    table = titled(results, "Getting to know its owner")
    place = table.columns.index("features only (`enrolled-N`), calibrated: UA, % [95 %]")
    assert {row[0]: row[place] for row in table.rows if row[place] != "-"} == {
        "0 s": cells["float"][0],
        "60 s": cells["enrolled-60"][0],
    }


def test_an_interval_is_the_results(results: Path):
    path = results / "emodb-sernet" / "loso-float.json"
    content = json.loads(path.read_text())
    content["values"][0] |= {"metric": "UA", "low": 0.7501, "high": 0.9}
    path.write_text(json.dumps(content))
    assert titled(results, "Getting to know its owner").rows[0][1] == "87.5 [75.0, 90.0]"


def test_robustness_is_told_for_each_preset_with_the_points_it_costs(results: Path):
    table = titled(results, "Robustness")
    each = ("UA, % [95 %]", "points lost")
    of_each = (f"`{preset}`: {figure}" for preset in ("paper", "sernet") for figure in each)
    assert table.columns == ("clips", *of_each, "`sernet` - `paper`, points [95 %]")
    assert table.rows == (
        ("as recorded", "75.0 [75.0, 75.0]", "-", "87.5 [87.5, 87.5]", "-", "+12.5 [+12.5, +12.5]"),
        ("in pink noise, SNR 5 dB", "25.0 [25.0, 25.0]", "50.0", "-", "-", "-"),
        ("in simulated rooms", "-", "-", "41.7 [41.7, 41.7]", "45.8", "-"),
        ("through a telephone band", "-", "-", "100.0 [100.0, 100.0]", "-12.5", "-"),
    )


def test_every_condition_has_a_row_and_a_preset_without_any_has_no_column(results: Path):
    for condition in CONDITIONS:
        shutil.copy(results / "emodb-sernet" / "loso-float.json", results / "emodb-sernet" / f"loso-{condition}.json")
    (results / "emodb-paper" / "loso-snr5.json").unlink()
    table = titled(results, "Robustness")
    assert len(table.columns) == 3 and [row[2] for row in table.rows] == ["-", *["0.0"] * len(CONDITIONS)]


def test_getting_to_know_its_owner_begins_with_nothing_heard_and_tells_the_kinds_of_speech_apart(results: Path):
    table = titled(results, "Getting to know its owner")
    kinds = ("features only (`enrolled-N`)", "in many moods (`varied-N`)")
    columns = tuple(f"{kind}: {figure}" for kind in kinds for figure in ("UA, % [95 %]", "WA, % [95 %]"))
    assert table.columns == ("speech of the speaker heard before", *columns)
    assert table.rows == (
        ("0 s", *("87.5 [87.5, 87.5]", "90.0 [90.0, 90.0]") * 2),
        ("5 s", "75.0 [75.0, 75.0]", "80.0 [80.0, 80.0]", "-", "-"),
        ("30 s", "-", "-", "58.3 [58.3, 58.3]", "60.0 [60.0, 60.0]"),
        ("60 s", "87.5 [87.5, 87.5]", "90.0 [90.0, 90.0]", "75.0 [75.0, 75.0]", "80.0 [80.0, 80.0]"),
        ("all other clips", "100.0 [100.0, 100.0]", "100.0 [100.0, 100.0]", "-", "-"),
    )
    for path in (results / "emodb-sernet").glob("loso-enrolled-varied*.json"):
        path.unlink()
    assert titled(results, "Getting to know its owner").columns == ("speech of the speaker heard before", *columns[:2])


def test_other_corpora_stand_beside_what_was_published_of_them(results: Path):
    write_records(results / "ravdess-sernet", "group-kfold", {"float": (3, 1)}, folds=["01", "02", "03", "04", "05"])
    evaluate(results / "ravdess-sernet", "group-kfold", "float")
    for name, fold, right in (
        ("ravdess-sernet", "ravdess-to-emodb", (3, 0)),
        ("emodb-sernet", "emodb-to-ravdess", (3, 2)),
        ("emodb-sernet", "emodb-to-own", (0, 0)),
    ):
        write_records(results / name, "cross-corpus", {"float": right}, folds=[fold])
        evaluate(results / name, "cross-corpus", "float", folds=(fold,))
    table = titled(results, "Other corpora")
    assert table.title.endswith("intervals over clips or speakers"), "one speaker is too few to resample"
    assert [row[:3] for row in table.rows] == [
        (
            "ResLSTM, 46.8 k parameters ([Krasnoproshin and Vashkevich 2026](https://arxiv.org/abs/2606.03359))",
            *("RAVDESS", "group-kfold"),
        ),
        ("`sernet`, float", "RAVDESS, 2 classes", "group-kfold"),
        ("`sernet`, float", "EMO-DB to own, 2 classes", "cross-corpus"),
        ("`sernet`, float", "EMO-DB to RAVDESS, 2 classes", "cross-corpus"),
        ("`sernet`, float", "RAVDESS to EMO-DB, 2 classes", "cross-corpus"),
    ]
    assert table.rows[0][3:] == ("62.3 ± 1.2", "-", "-", "-", "-")
    assert table.rows[1][3:] == ("75.0 [75.0, 75.0]", "80.0 [80.0, 80.0]", "25", "1", "300")
    assert table.rows[2][3:] == ("0.0 [0.0, 0.0]", "0.0 [0.0, 0.0]", "5", "1", "300")
    assert table.rows[3][3:] == ("100.0 [100.0, 100.0]", "100.0 [100.0, 100.0]", "5", "1", "300")
    assert table.rows[4][3].startswith("50.0 [") and table.rows[4][5:] == ("5", "1", "300")


def test_float_and_int8_are_compared_in_pairs(results: Path):
    table = titled(results, "What int8 costs")
    assert table.columns[1:] == ("float: UA, % [95 %]", "int8: UA, % [95 %]", "int8 - float, points [95 %]")
    assert table.rows == (
        ("`paper`", "75.0 [75.0, 75.0]", "50.0 [50.0, 50.0]", "-25.0 [-25.0, -25.0]"),
        ("`sernet`", "87.5 [87.5, 87.5]", "58.3 [58.3, 58.3]", "-29.2 [-29.2, -29.2]"),
    )
    for path in (results / "emodb-paper" / "loso").iterdir():
        path.unlink()
    assert [row[3] for row in titled(results, "What int8 costs").rows] == ["-", "-29.2 [-29.2, -29.2]"]


def test_smaller_networks_are_compared_with_what_they_were_pruned_from_and_with_the_whole_one_in_pairs(results: Path):
    assert not [table for table in accuracy_tables(results) if table.title.startswith("What smaller costs")]
    pruned = {"float": (3, 1), "int8": (3, 1), "wider": (2, 1), "wider-int8": (3, 2)}
    write_records(results / "emodb-sernet-nano", "loso", pruned)
    write_records(results / "emodb-sernet-sparse", "loso", {"float": (3, 1)})
    evaluate(results / "emodb-sernet-nano", "loso", *pruned)
    evaluate(results / "emodb-sernet-sparse", "loso", "float")
    table = titled(results, "What smaller costs")
    assert table.columns[1:4] == (
        "float: UA, % [95 %]",
        "float: - unpruned, points",
        "float: - `sernet` as above, points",
    )
    own, whole = "75.0 [75.0, 75.0]", "-12.5 [-12.5, -12.5]"
    wider, in_int8 = ("+16.7 [+16.7, +16.7]", whole), ("-25.0 [-25.0, -25.0]", "+16.7 [+16.7, +16.7]")
    assert table.rows == (
        ("`sernet-nano`", own, *wider, own, *in_int8, "1"),
        ("`sernet-sparse`", own, "-", whole, *["-"] * 3, "1"),
    )


def test_what_hearing_live_costs_is_shown_in_pairs(results: Path):
    assert not [table for table in accuracy_tables(results) if table.title.startswith("What hearing live costs")]
    live = {"float": (3, 1), "int8": (3, 1), "live": (2, 1), "live-int8": (3, 1)}
    write_records(results / "emodb-sernet-nano", "loso", live)
    evaluate(results / "emodb-sernet-nano", "loso", *live)
    table = titled(results, "What hearing live costs")
    assert table.columns[1:3] == ("float: UA, % [95 %]", "float: - the clip as a whole, points")
    ((preset, ua, lost, same_ua, same, seeds),) = table.rows
    assert (preset, same_ua, same, seeds) == ("`sernet-nano`", "75.0 [75.0, 75.0]", "+0.0 [+0.0, +0.0]", "1")
    assert lost.startswith("-") and ua < same_ua


def test_results_that_were_not_made_of_the_records_beside_them_are_told(results: Path):
    write_records(results / "emodb-paper", "loso", {"float": (3, 2), "int8": (3, 2)})
    with pytest.raises(SernetError, match=r"emodb-sernet were not made of the records beside them: evaluate again"):
        accuracy_tables(results)


def test_a_part_of_a_protocol_is_not_shown(results: Path):
    folder = results / "emodb-sernet"
    for path in folder.glob("*.json"):
        path.unlink()
    evaluate(folder, "loso", "float", "int8", folds=("s0", "s1"), complete=False)
    (folder / "loso-float-folds-s0-s1.json").rename(folder / "loso-float.json")
    assert not any("sernet" in row[0] for table in accuracy_tables(results) for row in table.rows)


def test_without_a_measured_row_there_is_no_table(tmp_path: Path):
    assert ANCHORS and accuracy_tables(tmp_path) == ()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"values": [{"metric": "UA"}], "details": {}}'])
def test_a_file_that_is_no_result_is_told(content: str, results: Path):
    (results / "emodb-sernet" / "loso-float.json").write_text(content)
    with pytest.raises(SernetError, match=r"loso-float.json is not a result of `sernet evaluate`: delete it"):
        accuracy_tables(results)
