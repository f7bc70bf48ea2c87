"""`sernet prune`: a narrower run on the same clips, that begins with the wider one's filters and is taught by it."""

import dataclasses
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from sernet.cli import main
from sernet.runtime.errors import SernetError
from sernet.training.budget import Budget, cost
from sernet.training.config import load_preset
from sernet.training.corpora import load_corpus
from sernet.training.pruned_run import WIDER, Taught, pruned_network, wider_run
from sernet.training.run import Run
from sernet.training.splits import Split
from sernet.training.trainer import train
from sernet.training.training_data import training_data

LIMITS = ["--max-macs", "4e6", "--max-bytes", "40e3", "--max-ram", "9e3"]
NARROW = (4, 4, 4, 8, 8, 8, 12, 16)


@pytest.fixture(scope="module")
def pruned(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The tiny run, made narrow."""
    folder = tmp_path_factory.mktemp("pruned") / "run"
    assert main(["prune", str(tiny_run), *LIMITS, "--epochs", "2", "--quiet", "--out", str(folder)]) == 0
    return Run.open(folder)


def test_the_network_keeps_its_budget_and_is_a_run_like_any_other(pruned: Run, tiny_run: Path, tmp_path: Path):
    wider = Run.open(tiny_run)
    assert Budget(4e6, 40e3, 9e3).allows(cost(pruned.config.widths, 58, 40, len(pruned.labels)))
    assert pruned.model.count_params() < wider.model.count_params() / 4
    assert pruned.split == wider.split and pruned.finished and pruned.result["n"] == len(wider.split.test)
    assert main(["export", str(pruned.folder), "--format", "float32", "--out", str(tmp_path)]) == 0


def test_the_same_command_again_leaves_a_finished_run_as_it_is(pruned: Run, tiny_run: Path, capsys):
    before = (pruned.folder / "model.keras").read_bytes()
    assert main(["prune", str(tiny_run), *LIMITS, "--epochs", "2", "--json", "--out", str(pruned.folder)]) == 0
    assert json.loads(capsys.readouterr().out)["widths"] == list(pruned.config.widths)
    assert (pruned.folder / "model.keras").read_bytes() == before


def test_it_begins_with_the_wider_networks_filters(pruned: Run, tiny_run: Path):
    """Each kernel of the first layer is one of the wider network's."""
    wider, config = Run.open(tiny_run), pruned.config
    one_hot = keras.utils.to_categorical(pruned.targets(pruned.split.train), len(pruned.labels))
    data = training_data(pruned.split.train, one_hot, config)
    start = pruned_network(config, wider.any_length_model, data)
    for block in ("time", "frequency", "both"):
        theirs = wider.model.get_layer(f"{block}_convolution").get_weights()[0]
        for kernel in np.moveaxis(start.get_layer(f"{block}_convolution").get_weights()[0], -1, 0):
            assert any(np.array_equal(kernel, other) for other in np.moveaxis(theirs, -1, 0))


def test_a_target_is_blended_with_the_teachers_answer_to_the_same_example(pruned: Run, tiny_run: Path):
    one_hot = keras.utils.to_categorical(pruned.targets(pruned.split.train), len(pruned.labels))
    data, teacher = training_data(pruned.split.train, one_hot, pruned.config), Run.open(tiny_run).any_length_model
    taught = Taught(data, teacher, 0.25)
    (features, targets), (same, blended) = data.batches(3)[0], taught.batches(3)[0]
    np.testing.assert_array_equal(features, same)
    expected = 0.75 * targets + 0.25 * np.asarray(teacher(features, training=False))
    np.testing.assert_allclose(blended, expected, atol=1e-6)


def test_a_preset_may_name_the_wider_one_which_is_trained_first(tiny_corpus: Path, tmp_path: Path):
    (tmp_path / "wide.toml").write_text("base = 'quick'\nepochs = 1\ninput_duration = 1.0\n")
    loaded = load_corpus(str(tiny_corpus))
    test = tuple(clip for clip in loaded.clips if clip.speaker == "s3")
    split = Split(tuple(clip for clip in loaded.clips if clip.speaker != "s3"), (), test)
    config = dataclasses.replace(
        load_preset(str(tmp_path / "wide.toml")),
        widths=NARROW,
        pruned_from=str(tmp_path / "wide.toml"),
        distillation=0.5,
        keep="last",
        seed=3,
    )
    run = Run.create(tmp_path / "run", config, loaded, split)
    train(run)
    wider = wider_run(run)
    assert wider is not None and wider.folder == run.folder / WIDER and wider.config.seed == 3
    assert wider.split == run.split and wider.model.count_params() > 4 * run.model.count_params()
    again = Run.create(tmp_path / "again", config, loaded, split)
    shutil.copytree(wider.folder, again.folder / WIDER)
    train(again)  # the wider one is there already
    for one, other in zip(run.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_finished_run_may_be_the_network_that_a_preset_is_pruned_from(tiny_corpus: Path, tmp_path: Path, capsys):
    wide, narrow = tmp_path / "wide.toml", tmp_path / "narrow.toml"
    settings = "base = 'quick'\nepochs = 1\ninput_duration = 1.0\n"
    wide.write_text(settings)
    narrow.write_text(f"{settings}pruned_from = '{wide}'\nwidths = {list(NARROW)}\n")

    def trained(preset: Path, name: str, *more: str) -> int:
        words = ["--dataset", str(tiny_corpus), "--preset", str(preset), "--test-speakers", "s3", "-v", "no"]
        return main(["train", *words, "--out", str(tmp_path / name), *more])

    assert trained(wide, "dense") == 0 and trained(narrow, "alone") == 0
    assert trained(narrow, "adopted", "--wider", str(tmp_path / "dense")) == 0
    assert (tmp_path / "adopted" / WIDER / "result.json").is_file(), "only the finished run was measured"
    for one, other in zip(*(Run.open(tmp_path / n).model.get_weights() for n in ("alone", "adopted")), strict=True):
        np.testing.assert_array_equal(one, other)
    capsys.readouterr()
    assert trained(narrow, "other", "--wider", str(tmp_path / "dense"), "--seed", "1") == 2
    assert "was trained with another seed" in capsys.readouterr().err
    assert trained(wide, "again", "--wider", str(tmp_path / "dense")) == 2
    assert "leave out --wider" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "say how small it must become"),
        (["--max-macs", "10"], "no network is so small"),
        (["--max-macs", "4e6", "--distillation", "2"], "distillation must be 0 or more and below 1"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(tiny_run: Path, words: list[str], message: str, tmp_path: Path, capsys):
    assert main(["prune", str(tiny_run), *words, "--out", str(tmp_path / "out")]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("sernet: error:")]
    assert message in line and not (tmp_path / "out").exists()


def test_an_unfinished_run_cannot_be_pruned(tiny_run: Path, tmp_path: Path, capsys):
    shutil.copytree(tiny_run, tmp_path / "unfinished")
    (tmp_path / "unfinished" / "model.keras").unlink()
    assert main(["prune", str(tmp_path / "unfinished"), "--max-macs", "4e6"]) == 2
    assert "has not been trained to its end" in capsys.readouterr().err


def test_other_clips_or_more_filters_than_the_wider_network_has_are_refused(pruned: Run, tmp_path: Path):
    fewer = dataclasses.replace(pruned, split=dataclasses.replace(pruned.split, train=pruned.split.train[1:]))
    with pytest.raises(SernetError, match="was trained on other clips"):
        wider_run(fewer)
    (tmp_path / "mine.toml").write_text(f"pruned_from = '{tmp_path / 'mine.toml'}'\n")
    own = dataclasses.replace(pruned.config, pruned_from=str(tmp_path / "mine.toml"))
    with pytest.raises(SernetError, match="is of a pruned network itself"):
        wider_run(dataclasses.replace(pruned, config=own))
    wide = dataclasses.replace(pruned.config, widths=(64,) * 8)
    with pytest.raises(SernetError, match="has fewer filters"):
        wider_run(dataclasses.replace(pruned, config=wide))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--method", "magnitude", "--max-macs", "1e6"], "magnitude removes no filters: leave out --max-macs"),
        (["--method", "2:4", "--sparsity", "0.5"], "--sparsity is of --method magnitude"),
        (["--method", "magnitude", "--sparsity", "1"], "--sparsity must lie between 0 and 1, not 1"),
    ],
)
def test_options_of_another_method_are_refused(tiny_run: Path, words: list[str], message: str, capsys):
    assert main(["prune", str(tiny_run), *words]) == 2
    assert message in capsys.readouterr().err
