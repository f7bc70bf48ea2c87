"""The engine's window: answers of the last rows of the last feature map, for a stream without an end."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sernet.runtime.c_engine import CEngine

NANO = Path(__file__).resolve().parents[2] / "models" / "emodb-nano-int8.tflite"
WINDOW = 6
BLOCK = 32


def rows_of(count: int) -> np.ndarray:
    walk = np.cumsum(np.random.default_rng(0).normal(0, 9, (count, 40)), axis=0)
    return np.clip((walk + 128) % 256 - 128, -128, 127).astype(np.int8)


def logits_of_blocks(engine: CEngine, rows: np.ndarray) -> list[np.ndarray]:
    """Logits after every row of the last feature map."""
    engine.reset()
    return [
        engine.logits() for first in range(0, len(rows), BLOCK) if engine.push_features(rows[first : first + BLOCK])
    ]


@pytest.fixture(scope="module")
def windowed(engine_of: Callable[..., CEngine]) -> CEngine:
    return engine_of(NANO, f"-DSERNET_LIBRARY_WINDOW={WINDOW}")


def test_until_it_is_full_the_window_is_the_clip(engine_of: Callable[..., CEngine], windowed: CEngine) -> None:
    rows = rows_of(BLOCK * 20)
    whole, ours = logits_of_blocks(engine_of(NANO), rows), logits_of_blocks(windowed, rows)
    np.testing.assert_array_equal(ours[:WINDOW], whole[:WINDOW])
    assert any((a != b).any() for a, b in zip(ours[WINDOW:], whole[WINDOW:], strict=True))


def test_a_full_window_forgets_what_came_before(windowed: CEngine) -> None:
    """Two streams that have been equal for long enough get the same answers."""
    rows, other = rows_of(BLOCK * 30), rows_of(BLOCK * 30)
    other[: BLOCK * 10] = -other[: BLOCK * 10] // 2
    ours, theirs = logits_of_blocks(windowed, rows), logits_of_blocks(windowed, other)
    assert (np.array(ours[:8]) != np.array(theirs[:8])).any()
    np.testing.assert_array_equal(ours[10 + WINDOW :], theirs[10 + WINDOW :])


def test_counters_that_begin_again_change_no_answer(engine_of: Callable[..., CEngine], windowed: CEngine) -> None:
    rows = rows_of(BLOCK * 120)
    rewinding = engine_of(NANO, f"-DSERNET_LIBRARY_WINDOW={WINDOW}", "-DSERNET_REWIND_AT=30")
    np.testing.assert_array_equal(logits_of_blocks(rewinding, rows), logits_of_blocks(windowed, rows))
