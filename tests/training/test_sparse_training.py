"""Networks with most weights at zero: the dense one's, trained on in the legacy Keras's own process."""

import dataclasses
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from sernet.cli import main
from sernet.runtime.errors import SernetError
from sernet.training.run import Run
from sernet.training.sparse_training import UNPRUNED, SparseTraining, kernels_to_prune
from sernet.training.trainer import train

pytest.importorskip("tensorflow_model_optimization", reason="pip install 'sernet[sparse]'")

EPOCHS = 4


@pytest.fixture(scope="module")
def sparse(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The tiny run with 80 % of its weights at zero."""
    folder = tmp_path_factory.mktemp("sparse") / "run"
    words = ["--method", "magnitude", "--sparsity", "0.8", "--epochs", str(EPOCHS), "--quiet", "--out", str(folder)]
    assert main(["prune", str(tiny_run), *words]) == 0
    return Run.open(folder)


def kernels(run: Run) -> dict[str, np.ndarray]:
    """Of every convolution and dense layer."""
    return {layer.name: layer.get_weights()[0] for layer in run.model.layers if hasattr(layer, "kernel")}


def test_the_share_that_was_asked_for_is_zero_and_the_rest_has_been_trained(sparse: Run, tiny_run: Path):
    own, dense = kernels(sparse), kernels(Run.open(tiny_run))
    zeros = sum(np.count_nonzero(kernel == 0) for kernel in own.values())
    share = zeros / sum(kernel.size for kernel in own.values())
    assert share == pytest.approx(0.8, abs=2e-3), f"{share:.2%} of the weights are zero"
    for name, kernel in own.items():
        assert (kernel == 0).any() == (name not in UNPRUNED)
        assert not np.array_equal(kernel[kernel != 0], dense[name][kernel != 0])
    assert sparse.finished and [len(json.loads((sparse.folder / "history.json").read_text()))] == [EPOCHS]


def test_of_four_weights_two_are_zero_in_the_pattern_2_4(tiny_run: Path, tmp_path: Path):
    words = ["--method", "2:4", "--epochs", "2", "--quiet", "--out", str(tmp_path / "run")]
    assert main(["prune", str(tiny_run), *words]) == 0
    for name, kernel in kernels(Run.open(tmp_path / "run")).items():
        if name in UNPRUNED:
            continue
        fours = np.moveaxis(kernel, 2, -1).reshape(-1, 4)  # along the inputs
        assert ((fours == 0).sum(axis=1) >= 2).all(), name


def test_an_interrupted_training_ends_with_the_same_weights(sparse: Run, tmp_path: Path):
    again = dataclasses.replace(sparse, folder=tmp_path / "run")
    again.begin()

    class InterruptedError(Exception): ...

    def interrupt(epoch: int, _: object) -> None:
        if epoch == EPOCHS // 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        train(again, on_epoch=interrupt)
    train(again)
    for ours, theirs in zip(again.model.get_weights(), sparse.model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_zeros_survive_the_export_and_compress(sparse: Run, tiny_run: Path, tmp_path: Path):
    sizes = {}
    for name, folder in (("sparse", sparse.folder), ("dense", tiny_run)):
        assert main(["export", str(folder), "--format", "int8", "--out", str(tmp_path / name)]) == 0
        values = json.loads((tmp_path / name / "model-int8.json").read_text())["values"]
        sizes[name] = {item["metric"]: item["value"] for item in values}
    assert sizes["sparse"]["bytes"] == pytest.approx(sizes["dense"]["bytes"], rel=0.01)
    assert sizes["sparse"]["gzip bytes"] < 0.4 * sizes["dense"]["gzip bytes"]


def test_a_process_that_fails_is_told_in_one_line_with_its_log(tiny_run: Path, tmp_path: Path, monkeypatch):
    run = Run.open(tiny_run)
    (tmp_path / "failing").write_text("#!/bin/sh\necho 'out of memory' >&2\nexit 1\n")
    (tmp_path / "failing").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "failing"))
    config = dataclasses.replace(run.config, pruned_from=str(tiny_run), sparsity=0.8, dropout=0.0, keep="last")
    with pytest.raises(SernetError, match=r"has ended: out of memory \(all of it: .*log.txt\)"):
        SparseTraining(run.any_length_model, config, tmp_path / "sparse", 1, 0)


def test_a_network_with_other_weights_is_refused(sparse: Run, tmp_path: Path):
    """The arrays are checked by name and shape, and what they make the network answer."""
    config = dataclasses.replace(sparse.config, widths=(8,) * 8)
    with pytest.raises(SernetError, match="has ended: ValueError"):
        SparseTraining(sparse.any_length_model, config, tmp_path, 1, 0)


def test_a_lost_state_is_told(sparse: Run, tmp_path: Path):
    shutil.copytree(sparse.folder / "sparse", tmp_path / "sparse")
    with pytest.raises(SernetError, match=r"state-0001.npz is missing: delete .* to start again"):
        SparseTraining(sparse.any_length_model, sparse.config, tmp_path / "sparse", 1, 1)


def test_more_zeros_than_the_pruned_kernels_have_are_refused(tiny_run: Path):
    with pytest.raises(SernetError, match=r"a sparsity of 0.9999 leaves nothing"):
        kernels_to_prune(Run.open(tiny_run).model, 0.9999)
