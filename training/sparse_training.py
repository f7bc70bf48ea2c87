"""Training on with ever more weights at zero, by tensorflow-model-optimization in a process of its own."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from sernet.runtime.errors import SernetError
from sernet.training.carried_weights import carry_weights, weights_by_name
from sernet.training.config import TrainConfig

SPARSE_AT = 0.5
"""Share of the epochs after which the network is as sparse as asked; the others train what is left."""

UNPRUNED = ("time_convolution", "frequency_convolution", "both_convolution", "logits")
"""Layers whose kernels stay whole: first and last one, half a hundredth of the weights."""


class SparseTraining:
    """Trains a network's copy in the other process, an epoch at a time.

    Args:
        model: the dense network; after each epoch it holds the weights so far.
        config: of the run; its `sparsity` counts the kernels that stay whole, too.
        folder: where arrays are handed over, and the process keeps its state and its log.
        steps: of one epoch.
        done: epochs that were trained before.

    Raises:
        SernetError: the packages are not installed, the state is missing, or the process failed.
    """

    def __init__(self, model: keras.Model, config: TrainConfig, folder: Path, steps: int, done: int) -> None:
        self._model, self._config, self._folder = model, config, folder
        folder.mkdir(parents=True, exist_ok=True)
        if done and not self._state(done).is_file():
            raise SernetError(f"{self._state(done)} is missing: delete {folder.parent / 'checkpoints'} to start again")
        with (folder / "log.txt").open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sernet.training.sparsity_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._begin(steps, done)

    def _begin(self, steps: int, done: int) -> None:
        config, model = self._config, self._model
        probe = np.random.default_rng(0).normal(size=(2, 64, model.input_shape[2], 1)).astype(np.float32)
        answer = np.asarray(keras.ops.convert_to_numpy(model(probe, training=False)))
        np.savez(
            self._folder / "dense.npz", allow_pickle=False, probe=probe, answer=answer, **weights_by_name(model.layers)
        )
        kernels, sparsity = kernels_to_prune(model, config.sparsity)
        self._ask(
            config=config.to_json(),
            classes=model.output_shape[1],
            kernels=kernels,
            sparsity=sparsity,
            sparse_at=max(1, round(SPARSE_AT * config.epochs * steps)),
            weights=str(self._folder / "dense.npz"),
            state=str(self._state(done)) if done else None,
        )

    def epoch(self, number: int, batches: keras.utils.PyDataset) -> dict[str, float]:
        """Train one epoch, counted from 0, and take its weights over.

        Returns:
            loss and accuracy.
        """
        self._state(number - 1).unlink(missing_ok=True)  # the checkpoint that needs it has been replaced
        examples = [batches[index] for index in range(len(batches))]
        features, targets = (np.concatenate(parts) for parts in zip(*examples, strict=True))
        np.savez(self._folder / "epoch.npz", features=features, targets=targets)
        figures = self._ask(
            data=str(self._folder / "epoch.npz"),
            weights=str(self._folder / "weights.npz"),
            state=str(self._state(number + 1)),
            learning_rate=self._config.learning_rate_at(number),
        )
        with np.load(self._folder / "weights.npz") as arrays:
            carry_weights(arrays, self._model)
        return figures

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()

    def _state(self, epochs: int) -> Path:
        return self._folder / f"state-{epochs:04d}.npz"

    def _ask(self, **request: Any) -> dict[str, float]:
        """Send one line and wait for the answer to it."""
        process = self._process
        assert process.stdin is not None and process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        if not (line := process.stdout.readline()):
            process.wait()
            raise SernetError(_reason(self._folder / "log.txt"))
        return json.loads(line)


@contextlib.contextmanager
def sparse_training(
    model: keras.Model, config: TrainConfig, folder: Path, steps: int, done: int
) -> Iterator[SparseTraining]:
    """A `SparseTraining` whose process ends with the block."""
    training = SparseTraining(model, config, folder, steps, done)
    try:
        yield training
    finally:
        training.close()


def kernels_to_prune(model: keras.Model, sparsity: float) -> tuple[list[str], float]:
    """Names of the layers whose kernels lose weights, and the share they lose so that `sparsity` of all is zero.

    Raises:
        SernetError: so many are not to be had.
    """
    sizes = {layer.name: int(np.prod(layer.kernel.shape)) for layer in model.layers if hasattr(layer, "kernel")}
    pruned = [name for name in sizes if name not in UNPRUNED]
    share = sparsity * sum(sizes.values()) / sum(sizes[name] for name in pruned)
    if share >= 1:
        raise SernetError(f"a sparsity of {sparsity:g} leaves nothing of the kernels: choose a lower one")
    return pruned, share


def _reason(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() or ["no reason given"]
    if "No module named 'tf" in lines[-1] or "No module named 'tensorflow_model_optimization" in lines[-1]:
        return "a sparse network needs tensorflow-model-optimization: pip install 'sernet[sparse]'"
    return f"the process that makes the network sparse has ended: {lines[-1]} (all of it: {log})"
