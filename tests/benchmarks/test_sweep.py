"""Sweeps: what a grid's file says, and the table that its cells end in."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from sklearn.model_selection import ParameterGrid

from sernet.benchmarks.evaluation.sweep import Sweep, parse_sweep
from sernet.benchmarks.evaluation.sweep_table import sweep_table, write_sweep
from sernet.runtime.errors import SernetError
from sernet.training.config import load_preset

GRID = """
[base]
preset = "paper"
corpus = "ravdess"
protocol = "group-kfold"
seeds = [3, 4]

[grid]
epochs = [40]
loss = ["cross_entropy", "focal"]
front_end.log_offset = [1e-6, 1e-3, 1]
front_end.level_percentile = [99.9, "none"]
"""


def sweep_of(text: str, folder: Path) -> Sweep:
    path = folder / "grid.toml"
    path.write_text(text)
    return parse_sweep(path)


def test_the_cells_are_the_product_of_the_grids_lists(tmp_path: Path):
    sweep = sweep_of(GRID, tmp_path)
    offsets, levels = [1e-6, 1e-3, 1.0], [99.9, None]
    expected = ParameterGrid({"loss": ["cross_entropy", "focal"], "offset": offsets, "level": levels})
    found = [
        {"loss": c.config.loss, "offset": c.config.front_end.log_offset, "level": c.config.front_end.level_percentile}
        for c in sweep.cells
    ]
    assert len(found) == 12 and all(point in found for point in expected)
    assert found[:3] == [  # the last key changes first
        {"loss": "cross_entropy", "offset": 1e-6, "level": 99.9},
        {"loss": "cross_entropy", "offset": 1e-6, "level": None},
        {"loss": "cross_entropy", "offset": 1e-3, "level": 99.9},
    ]


def test_everything_else_is_the_bases(tmp_path: Path):
    sweep = sweep_of(GRID, tmp_path)
    assert (sweep.name, sweep.protocol, sweep.seeds, sweep.folds) == ("grid", "group-kfold", (3, 4), ())
    paper = load_preset("paper")
    for cell in sweep.cells:
        assert (cell.config.epochs, cell.config.dataset, cell.config.keep) == (40, "ravdess", "last")
        assert (cell.config.learning_rate, cell.config.front_end.mel_bins) == (paper.learning_rate, 128)


def test_a_cell_is_named_by_the_settings_that_vary(tmp_path: Path):
    sweep = sweep_of(GRID, tmp_path)
    assert sweep.axes == ("loss", "front_end.log_offset", "front_end.level_percentile")
    assert sweep.cells[0].name == "loss=cross_entropy,log_offset=1e-06,level_percentile=99.9"
    assert sweep.cells[-1].settings == dict(zip(sweep.axes, ("focal", 1, "none"), strict=True))
    assert len({cell.name for cell in sweep.cells}) == 12


def test_presets_can_be_an_axis(tmp_path: Path):
    (tmp_path / "mine.toml").write_text("epochs = 7\n")
    sweep = sweep_of(f"[grid]\npreset = ['quick', '{tmp_path / 'mine.toml'}']\n", tmp_path)
    assert [(cell.name, cell.config.epochs) for cell in sweep.cells] == [("preset=quick", 20), ("preset=mine", 7)]


def test_a_table_can_be_switched_on_and_changed(tmp_path: Path):
    text = "[base]\npreset = 'sernet'\n[grid]\nexamples = ['none', {}, {crop_s = 1.5}]\n"
    none, preset, changed = (cell.config.examples for cell in sweep_of(text, tmp_path).cells)
    assert none is None and preset == load_preset("sernet").examples
    assert preset is not None and changed is not None
    assert (changed.crop_s, changed.voices) == (1.5, preset.voices)


def test_the_protocol_says_which_epoch_is_kept(tmp_path: Path):
    averaged = sweep_of("[base]\nprotocol = 'loso'\n[grid]\naverage_epochs = [1, 5]\n", tmp_path)
    assert [(cell.config.keep, cell.config.average_epochs) for cell in averaged.cells] == [("last", 1), ("last", 5)]
    peek = sweep_of("[base]\nprotocol = 'loso-peek'\n[grid]\nepochs = [1, 5]\n", tmp_path)
    assert {cell.config.keep for cell in peek.cells} == {"best"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[grid", "not TOML"),
        ("", r"\[grid\] is missing"),
        ("[grid]\nepoch = [1]", "does not know: epoch"),
        ("[grid]\nfront_end.mels = [1, 2]", "does not know: mels"),
        ("[grid]\nloss.gamma = [1]", "loss is no table"),
        ("[grid]\nepochs = ['many']", "epochs = 'many', not of type int"),
        ("[grid]\nepochs = [5, -1]", "cell epochs=-1: epochs must be above 0"),
        ("[grid]\nepochs = 5", r"epochs = 5: give a list of values, \[5\] for one"),
        ("[grid]\nepochs = []", "give a list of values"),
        ("[grid]\nepochs = [5, 5]", "two cells have the same name"),
        ("[grid]\nfront_end = [{mel_bins = 'x'}]", "mel_bins = 'x', not of type int"),
        ("[grid]\nloss = [{a = 1}]", "not of type str"),
        ("[grid]\nseed = [1, 2]", r"\[base\] has seeds for it"),
        ("[grid]\nkeep = ['best']", "the protocol says it"),
        ("[grid]\npreset = ['nowhere']", "no preset 'nowhere'"),
        ("grid = 3", r"\[grid\] is a table"),
        ("base = 3\n[grid]\nepochs = [1]", r"\[base\] is a table"),
        ("[base]\nepochs = 3\n[grid]\nepochs = [1]", r"\[base\] has no epochs"),
        ("[base]\nseeds = 3\n[grid]\nepochs = [1]", "seeds = 3, and it must be a list of whole numbers"),
        ("[base]\nseeds = [true]\n[grid]\nepochs = [1]", "must be a list of whole numbers"),
        ("[base]\nseeds = [1, 1]\n[grid]\nepochs = [1]", "each once"),
        ("[base]\nfolds = [3]\n[grid]\nepochs = [1]", "must be a list of texts"),
        ("[base]\ncorpus = 3\n[grid]\nepochs = [1]", "must be a text"),
        ("[base]\nprotocol = 'best'\n[grid]\nepochs = [1]", "no protocol 'best'"),
        ("[base]\nprotocol = 'cross-corpus'\n[grid]\nepochs = [1]", "needs test_corpus"),
        ("epochs = [1]", "epochs must stand in"),
    ],
)
def test_a_wrong_sweep_is_told_in_one_line_with_the_files_name(text: str, message: str, tmp_path: Path):
    with pytest.raises(SernetError, match=message) as error:
        sweep_of(text, tmp_path)
    assert str(error.value).startswith(f"{tmp_path / 'grid.toml'}: ") and "\n" not in str(error.value)


def test_a_missing_file_is_told_in_one_line(tmp_path: Path):
    with pytest.raises(SernetError, match="No such file"):
        parse_sweep(tmp_path / "nowhere.toml")


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    return sweep_of("[grid]\nloss = ['cross_entropy', 'focal']\nepochs = [20, 10]\n", tmp_path)


@pytest.fixture
def results(sweep: Sweep) -> dict[str, dict[str, Any]]:
    """Documents as evaluations write them; the UA falls from cell to cell, then is best in the last."""
    figures = dict(zip((cell.name for cell in sweep.cells), (0.70, 0.65, 0.60, 0.75), strict=True))
    return {
        name: {
            "protocol": "loso",
            "corpus": "Corpus of a test",
            "n": 535,
            "values": [
                {"metric": metric, "value": ua + shift, "low": ua + shift - 0.05, "high": ua + shift + 0.05}
                for metric, shift in (("UA", 0.0), ("WA", 0.01), ("weighted F1", 0.02), ("ECE", -0.5), ("AURC", -0.6))
            ],
            "details": {
                "protocol": "leave one speaker out",
                "reading": "float",
                "note": "",
                "folds": ["03", "08"],
                "all_folds": True,
                "seeds": [0],
            },
        }
        for name, ua in figures.items()
    }


def test_the_table_is_in_the_grids_order_and_marks_no_winner(sweep: Sweep, results: dict[str, dict[str, Any]]):
    table = sweep_table(sweep, results)
    assert table.columns[0] == "loss, epochs"
    assert [row[0] for row in table.rows] == ["cross_entropy, 20", "cross_entropy, 10", "focal, 20", "focal, 10"]
    assert [row[2] for row in table.rows] == [
        "70.0 [65.0, 75.0]",
        "65.0 [60.0, 70.0]",
        "60.0 [55.0, 65.0]",
        "75.0 [70.0, 80.0]",
    ]
    assert "flattered" in table.title and "loso" in table.title and "best" not in str(table.rows)


def test_the_files_hold_every_cell(sweep: Sweep, results: dict[str, dict[str, Any]], tmp_path: Path):
    written = write_sweep(tmp_path / "out", sweep, results)
    assert written["path"] == str(tmp_path / "out" / "sweep-loso-float.json")
    document = json.loads(Path(written["path"]).read_text())
    assert (document["what"], document["schema_version"], document["n"]) == ("sweep", 1, 535)
    assert [cell["config"]["epochs"] for cell in document["details"]["cells"]] == [20, 10, 20, 10]
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / "sweep-loso-float.csv").read_text())))
    assert [(row["loss"], row["epochs"]) for row in rows] == [
        (c.settings["loss"], str(c.settings["epochs"])) for c in sweep.cells
    ]
    for row in rows:
        values = {v["metric"]: v for v in document["values"] if v["cell"] == row["cell"]}
        for metric in ("UA", "WA", "weighted F1", "ECE"):
            assert float(row[metric]) == pytest.approx(values[metric]["value"], abs=1e-6)
            assert float(row[f"{metric} low"]) == pytest.approx(values[metric]["low"], abs=1e-6)
            assert float(row[f"{metric} high"]) == pytest.approx(values[metric]["high"], abs=1e-6)
