"""Training without validation clips, and the arithmetic it may use."""

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest

from sernet.training.config import TrainConfig, load_preset
from sernet.training.corpora import load_corpus
from sernet.training.run import Run
from sernet.training.splits import Split
from sernet.training.trainer import train

QUICK = dataclasses.replace(load_preset("quick"), epochs=2, input_duration=1.0, batch_size=8)


def tiny_training(corpus: Path, folder: Path, config: TrainConfig, *, validate: bool) -> tuple[Run, list[dict]]:
    loaded = load_corpus(str(corpus))
    test = tuple(clip for clip in loaded.clips if clip.speaker == "s3")
    rest = tuple(clip for clip in loaded.clips if clip.speaker != "s3")
    run = Run.create(folder, config, loaded, Split(rest, test if validate else (), test))
    return run, train(run)


def weights(path: Path) -> list[np.ndarray]:
    model = keras.saving.load_model(path)
    assert isinstance(model, keras.Model)
    return model.get_weights()


def test_the_last_epoch_does_not_depend_on_validation(tiny_corpus: Path, tmp_path: Path):
    last = dataclasses.replace(QUICK, keep="last")
    best = dataclasses.replace(QUICK, keep="best")
    alone, history = tiny_training(tiny_corpus, tmp_path / "alone", last, validate=False)
    picked, _ = tiny_training(tiny_corpus, tmp_path / "picked", best, validate=True)
    assert set(history[0]) == {"loss", "accuracy", "learning_rate"}
    for one, other in zip(weights(alone.folder / "model.keras"), weights(picked.folder / "last.keras"), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_trained_model_is_float32_and_of_keras_own_layers(tiny_corpus: Path, tmp_path: Path, precision: str):
    config = dataclasses.replace(QUICK, keep="last", precision=precision)
    run, history = tiny_training(tiny_corpus, tmp_path, config, validate=False)
    assert history[-1]["loss"] < history[0]["loss"]
    assert {type(layer).__module__.split(".")[0] for layer in run.model.layers} == {"keras"}
    assert {layer.compute_dtype for layer in run.model.layers} == {"float32"}
