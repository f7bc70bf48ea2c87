"""Training without validation clips, and the arithmetic it may use."""

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pytest

from sernet.training.checkpoint import load_checkpoint
from sernet.training.config import TrainConfig, load_preset
from sernet.training.corpora import load_corpus
from sernet.training.evaluation import predict
from sernet.training.example_config import ExampleConfig
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


SERNET = dataclasses.replace(
    load_preset("sernet"),
    epochs=3,
    batch_size=8,
    input_duration=1.0,
    average_epochs=2,
    examples=ExampleConfig(voices=3, crop_s=0.6),
    split="all",
)


def test_many_voices_train_a_model_for_whole_clips(tiny_corpus: Path, tmp_path: Path):
    run, history = tiny_training(tiny_corpus, tmp_path, SERNET, validate=False)
    assert history[-1]["loss"] < history[0]["loss"]
    fitted = run.front_end.normalisation
    assert fitted is not None
    assert len(fitted.mean) == len(fitted.deviation) == 40
    probabilities = predict(run, run.split.test)
    assert probabilities.shape == (8, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_a_killed_training_on_many_voices_ends_with_the_same_weights(tiny_corpus: Path, tmp_path: Path):
    whole, _ = tiny_training(tiny_corpus, tmp_path / "whole", SERNET, validate=False)

    class Killed(Exception):
        pass

    def kill_after_two(done: int, figures: dict) -> None:
        if done == 2:
            raise Killed

    interrupted = dataclasses.replace(whole, folder=tmp_path / "interrupted")
    interrupted.folder.mkdir()
    with pytest.raises(Killed):
        train(interrupted, on_epoch=kill_after_two)
    train(interrupted)
    for one, other in zip(
        weights(whole.folder / "model.keras"), weights(interrupted.folder / "model.keras"), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_the_last_epochs_are_averaged(tiny_corpus: Path, tmp_path: Path):
    kept: list[list[np.ndarray]] = []
    run, _ = tiny_training(tiny_corpus, tmp_path / "one", SERNET, validate=False)
    for epochs in (2, 3):

        class Stop(Exception):
            pass

        again = dataclasses.replace(run, folder=tmp_path / f"to-{epochs}")
        again.folder.mkdir()

        def stop(done: int, figures: dict, epochs: int = epochs) -> None:
            if done == epochs:
                raise Stop

        with pytest.raises(Stop):
            train(again, on_epoch=stop)
        state = load_checkpoint(again.folder / "checkpoints")
        assert state is not None
        kept.append(state.model.get_weights())
    published = weights(run.folder / "model.keras")
    for second, third, mean in zip(*kept, published, strict=True):
        np.testing.assert_allclose(mean, (second + third) / 2, rtol=1e-5, atol=1e-7)


def test_one_cycle_rises_and_falls_to_nothing():
    rates = [load_preset("sernet").learning_rate_at(epoch) for epoch in range(load_preset("sernet").epochs)]
    peak = int(np.argmax(rates))
    assert rates == [*sorted(rates[:peak]), *sorted(rates[peak:], reverse=True)]
    assert rates[-1] < 0.001 * max(rates)
    assert max(rates) == pytest.approx(load_preset("sernet").learning_rate, rel=0.03)
