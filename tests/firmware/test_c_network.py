"""The C engine's network answers bit for bit as TensorFlow Lite's reference kernels, and as TensorFlow Lite Micro."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sernet.export.c_engine.golden_source import reference_answers
from sernet.export.flatbuffer import read_model
from sernet.export.graph_builder import ModelBuilder
from sernet.export.microcontroller import MicroInterpreter
from sernet.runtime.c_engine import CEngine
from sernet.runtime.interpreter import open_interpreter

MODELS = Path(__file__).resolve().parents[2] / "models"
RELEASED = ["emodb-int8", "emodb-small-int8", "emodb-nano-int8"]
OTHERS: dict[str, dict[str, Any]] = {
    "odd widths": {"columns": 23, "channels": (3, 5, 7)},
    "one branch, no activation": {"branches": (), "activation": "linear"},
    "relu6, valid pools": {"activation": "relu6", "padding": "valid", "pools": ((1, 2), (1, 3), (1, 1))},
    "pools of three": {"pools": ((1, 3), (2, 2), (1, 1))},
    "valid pools of three rows": {"padding": "valid", "pools": ((3, 1), (1, 3), (1, 1))},
    "mel bands, many classes": {"columns": 128, "classes": 20, "channels": (4, 8, 12)},
    "tall and wide kernels": {"kernels": ((7, 1), (1, 5), (5, 3))},
    "one stage": {"channels": (6,), "pools": ((2, 2),), "kernels": ((3, 3),)},
}
"""Arguments of `int8_model`."""

LENGTHS = [1, 2, 3, 5, 11, 12, 13, 31, 32, 33, 63, 64, 65, 100, 184, 185, 187, 434, 3747]
"""Rows: one, odd heights of every pool, 3 s, 7 s and 60 s."""


def wandering(rows: int, columns: int, seed: int) -> np.ndarray:
    """Rows that wander through all of int8: (rows, columns)."""
    random = np.random.default_rng(seed)
    walk = np.cumsum(random.normal(0, 6, (rows, columns)), axis=1) * random.choice([0.2, 1, 3]) + random.normal(0, 50)
    return np.clip(np.rint(walk), -128, 127).astype(np.int8)


def answer(engine: CEngine, clip: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    engine.reset()
    engine.push_features(clip)
    probabilities = engine.finish()
    return engine.logits(), probabilities


@pytest.mark.parametrize("name", RELEASED)
def test_released_models_answer_as_the_reference_kernels(engine_of: Callable[[Path], CEngine], name: str) -> None:
    engine = engine_of(MODELS / f"{name}.tflite")
    clips = [wandering(rows, engine.feature_count, rows) for rows in LENGTHS]
    expected = reference_answers((MODELS / f"{name}.tflite").read_bytes(), clips)
    for clip, (logits, probabilities) in zip(clips, expected, strict=True):
        ours = answer(engine, clip)
        np.testing.assert_array_equal(ours[0], logits, err_msg=f"logits of {len(clip)} rows")
        np.testing.assert_array_equal(ours[1], probabilities, err_msg=f"probabilities of {len(clip)} rows")


@pytest.mark.parametrize("name", OTHERS)
def test_other_networks_answer_as_the_reference_kernels(
    engine_of: Callable[[Path], CEngine], int8_model: Callable[..., bytes], tmp_path: Path, name: str
) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(int8_model(**OTHERS[name]))
    engine = engine_of(path)
    clips = [wandering(rows, engine.feature_count, rows) for rows in (9, 10, 11, 13, 16, 33, 50)]
    for clip, expected in zip(clips, reference_answers(path.read_bytes(), clips), strict=True):
        for ours, reference in zip(answer(engine, clip), expected, strict=True):
            np.testing.assert_array_equal(ours, reference, err_msg=f"{name}, {len(clip)} rows")


def for_clips_of(flatbuffer: bytes, rows: int) -> bytes:
    """The model with the shapes that its tensors have for clips of so many rows: an interpreter tells them."""
    interpreter, model = open_interpreter(flatbuffer, reference_kernels=True), read_model(flatbuffer)
    (source,) = interpreter.get_input_details()
    interpreter.resize_tensor_input(source["index"], [1, rows, *source["shape"][2:]])
    interpreter.allocate_tensors()
    (graph,) = model.subgraphs
    for details in interpreter.get_tensor_details():
        if details["index"] < len(graph.tensors):
            graph.tensors[details["index"]].shape = list(details["shape"])
    return ModelBuilder.of(model).to_bytes()


@pytest.mark.parametrize("rows", [1, 45, 184, 434, 3747])
def test_tensorflow_lite_micro_answers_the_same(engine_of: Callable[[Path], CEngine], rows: int) -> None:
    path = MODELS / "emodb-small-int8.tflite"
    engine, micro = engine_of(path), MicroInterpreter(for_clips_of(path.read_bytes(), rows), arena_bytes=2**24)
    for seed in range(3):
        clip = wandering(rows, engine.feature_count, seed)
        np.testing.assert_array_equal(answer(engine, clip)[1], micro.run(clip))


def test_its_memory_is_a_thirteenth_of_tensorflow_lite_micros(engine_of: Callable[[Path], CEngine]) -> None:
    path = MODELS / "emodb-int8.tflite"
    arena, ours = MicroInterpreter(path.read_bytes()).arena_bytes, engine_of(path).state_bytes
    print(f"TensorFlow Lite Micro's arena {arena} bytes, ours from samples to probabilities {ours}")
    assert arena >= 13 * ours


def test_a_stream_goes_on_from_a_copied_state(engine_of: Callable[[Path], CEngine]) -> None:
    engine = engine_of(MODELS / "emodb-nano-int8.tflite")
    clip = wandering(150, engine.feature_count, 0)
    expected = answer(engine, clip)
    engine.reset()
    engine.push_features(clip[:77])
    kept = engine.state
    answer(engine, wandering(60, engine.feature_count, 1))
    engine.state = kept
    engine.push_features(clip[77:])
    np.testing.assert_array_equal(engine.finish(), expected[1])


def test_a_clip_without_rows_has_no_answer(engine_of: Callable[[Path], CEngine]) -> None:
    engine = engine_of(MODELS / "emodb-nano-int8.tflite")
    with pytest.raises(Exception, match="too short"):
        engine.finish()
