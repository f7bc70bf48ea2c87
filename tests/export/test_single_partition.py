"""The int8 network that XNNPACK runs in one piece: the stock conversion's answers, but for roundings."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from sernet.export.converter import convert
from sernet.export.exporter import Exporter
from sernet.export.flatbuffer import operators
from sernet.export.formats import FORMATS
from sernet.export.single_partition import partitions, single_partition
from sernet.runtime.audio_file import read_audio
from sernet.runtime.bundle import Bundle, load_bundle, pack_bundle
from sernet.runtime.network import Network
from sernet.training.corpora import load_corpus

MODELS = Path(__file__).resolve().parents[2] / "models"
TARGET = FORMATS["int8-float-io"]


@pytest.fixture(scope="module")
def stock(exporter: Exporter) -> bytes:
    """What TensorFlow's converter makes of the tiny run."""
    return convert(exporter.run.model, TARGET, exporter._calibration)


def test_the_whole_network_is_one_partition_and_the_stock_conversion_several(exported: Path, stock: bytes):
    assert partitions(stock) > 5
    published = load_bundle(exported / "model-int8-float-io.tflite").model
    assert partitions(published) == 1
    found = operators(published)
    assert found["AVERAGE_POOL_2D"] == 0 and found["DEPTHWISE_CONV_2D"] == 7 and found["CONV_2D"] == 8


@pytest.mark.parametrize("size", [(2, 2), (2, 1)])
@pytest.mark.parametrize("reference_kernels", [True, False])
def test_an_average_differs_by_one_step_at_most_at_even_and_odd_heights(
    answer: Callable[..., np.ndarray], size: tuple[int, int], reference_kernels: bool
):
    inputs = keras.Input((8, 6, 5))
    model = keras.Model(inputs, keras.layers.AveragePooling2D(size, padding="same")(inputs))
    generator = np.random.default_rng(0)
    before = convert(model, FORMATS["int8"], generator.normal(0, 1, (16, 8, 6, 5)).astype(np.float32))
    after = single_partition(before)
    assert operators(after)["DEPTHWISE_CONV_2D"] == 1
    for height in (1, 2, 3, 7, 8, 33):
        values = generator.integers(-128, 128, (1, height, 6, 5)).astype(np.int8)
        theirs = answer(before, values, reference_kernels=True).astype(int)
        ours = answer(after, values, reference_kernels=reference_kernels).astype(int)
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() <= 1, f"height {height}: {np.abs(ours - theirs).max()} steps, tolerance 1"


def test_an_odd_number_of_columns_is_averaged_as_before():
    inputs = keras.Input((8, 5, 5))
    model = keras.Model(inputs, keras.layers.AveragePooling2D(2, padding="same")(inputs))
    before = convert(model, FORMATS["int8"], np.random.default_rng(0).normal(0, 1, (16, 8, 5, 5)).astype(np.float32))
    assert operators(single_partition(before)) == operators(before)


def test_floats_stay_as_they_are(exported: Path):
    model = load_bundle(exported / "model-float32.tflite").model
    assert operators(single_partition(model)) == operators(model)


@pytest.mark.parametrize("frames", [1, 2, 31, 33, 58, 61, 184, 217])
def test_a_clip_of_any_length_gets_the_stock_conversions_answer(exported: Path, stock: bytes, frames: int):
    manifest = load_bundle(exported / "model-int8-float-io.tflite").manifest
    clip = np.random.default_rng(frames).normal(0, 2, (frames, 40)).astype(np.float32)
    ours, theirs = (
        Network(Bundle(manifest, pack_bundle(model, manifest))).probabilities(clip)
        for model in (single_partition(stock), stock)
    )
    assert np.abs(ours - theirs).max() <= 0.05, f"{np.abs(ours - theirs).max():.3f}, tolerance 0.05"


def test_on_emodb_what_is_released_decides_as_the_stock_conversion_for_99_of_100_clips(emodb: Path):
    stock, ours = (load_bundle(MODELS / f"emodb-{name}.tflite") for name in ("int8", "int8-float-io"))
    front_end, networks = stock.manifest.front_end, (Network(ours), Network(stock))
    clips = load_corpus("emodb", data=emodb).clips
    same = 0
    for clip in clips:
        features = front_end.network_input(front_end.features(read_audio(clip.path, front_end.sample_rate)))
        one, other = (network.probabilities(features).argmax() for network in networks)
        same += int(one == other)
    assert len(clips) == 535 and same >= 0.99 * 535, f"{same} of {len(clips)} clips"
    print(f"{same} of {len(clips)} clips")
