"""The streaming form: the whole-clip network's own answers, a block at a time, from reset to flush."""

import dataclasses
import json
from pathlib import Path

import keras
import numpy as np
import pytest

from sernet.cli import main
from sernet.export.checks import ExportCheckError, check_stream
from sernet.export.converter import convert
from sernet.export.exporter import Exporter
from sernet.export.formats import FORMATS
from sernet.export.stream_graph import StreamError, streaming_bundle, streaming_model
from sernet.runtime import Bundle, Network, StreamingNetwork, load_bundle
from sernet.runtime.audio_file import read_audio
from sernet.runtime.bundle import DEFAULT_BUNDLE, pack_bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.interpreter import quantise
from sernet.runtime.stream_plan import StreamPlan
from sernet.training.corpora import load_corpus
from sernet.training.network import light_sernet

ROOT = Path(__file__).resolve().parents[2]
LENGTHS = (1, 2, 3, 5, 31, 32, 33, 47, 63, 64, 65, 96, 100, 127, 128, 183, 184, 185, 200, 217, 250, 434)
"""Frames: one row, whole blocks and their neighbours, and every odd height that a pool can meet."""


def both_forms(path: Path, window_frames: int | None = None) -> tuple[Bundle, Bundle]:
    """A bundle of the whole-clip network, and one of its streaming form."""
    whole = load_bundle(path)
    return whole, streaming_bundle(whole, window_frames)


def clip(frames: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng((seed, frames)).normal(0, 2, (frames, 40)).astype(np.float32)


@pytest.mark.parametrize("frames", LENGTHS)
@pytest.mark.parametrize("name", ["int8", "int8-float-io"])
def test_int8_gives_the_same_bytes_as_the_whole_clip_network_under_the_reference_kernels(
    exported: Path, name: str, frames: int
):
    whole, stream = both_forms(exported / f"model-{name}.tflite")
    network, streaming = Network(whole, reference_kernels=True), StreamingNetwork(stream, reference_kernels=True)
    quantised = quantise(clip(frames), network.input_tensor)
    np.testing.assert_array_equal(streaming.raw_output(quantised), network.raw_output(quantised))


def long_clips(emodb: Path, bundle: Bundle) -> list[np.ndarray]:
    """The network's inputs of all clips of EMO-DB that are longer than 3 s."""
    front_end = bundle.manifest.front_end
    waveforms = [read_audio(clip.path, front_end.sample_rate) for clip in load_corpus("emodb", data=emodb).clips]
    return [front_end.network_input(front_end.features(one)) for one in waveforms if len(one) > 3 * 16000]


def test_the_packaged_model_answers_every_long_clip_of_emodb_with_the_same_bytes(emodb: Path):
    whole, stream = both_forms(DEFAULT_BUNDLE)
    network, streaming = Network(whole, reference_kernels=True), StreamingNetwork(stream, reference_kernels=True)
    clips = long_clips(emodb, whole)
    assert len(clips) == 185
    for features in clips:
        quantised = quantise(features, network.input_tensor)
        np.testing.assert_array_equal(streaming.raw_output(quantised), network.raw_output(quantised))


def test_floats_answer_every_long_clip_of_emodb_the_same_within_a_hundred_thousandth(exported: Path, emodb: Path):
    whole, stream = both_forms(exported / "model-float32.tflite")
    network, streaming = Network(whole), StreamingNetwork(stream)
    clips = long_clips(emodb, whole)
    worst = max(np.abs(network.probabilities(one) - streaming.probabilities(one)).max() for one in clips)
    assert len(clips) == 185 and worst <= 1e-5, f"worst difference {worst:.1e}, tolerance 1e-5"


@pytest.mark.parametrize("name", ["float32", "float16"])
def test_floats_give_the_same_probabilities_within_a_hundred_thousandth(exported: Path, name: str):
    whole, stream = both_forms(exported / f"model-{name}.tflite")
    network, streaming = Network(whole), StreamingNetwork(stream)
    worst = max(
        np.abs(network.probabilities(clip(frames)) - streaming.probabilities(clip(frames))).max() for frames in LENGTHS
    )
    assert worst <= 1e-5, f"worst difference {worst:.1e}, tolerance 1e-5"


def test_the_dynamic_format_streams_with_activations_quantised_a_block_at_a_time(exported: Path):
    whole, stream = both_forms(exported / "model-dynamic.tflite")
    network, streaming = Network(whole), StreamingNetwork(stream)
    worst = max(
        np.abs(network.probabilities(clip(frames)) - streaming.probabilities(clip(frames))).max() for frames in LENGTHS
    )
    assert worst <= 0.1, f"worst difference {worst:.2g}, tolerance 0.1"


def test_frames_may_come_in_any_pieces(exported: Path):
    _, stream = both_forms(exported / "model-int8.tflite")
    streaming = StreamingNetwork(stream)
    answers = []
    for piece in (1, 7, 32, 33, 200):
        streaming.reset()
        for start in range(0, 200, piece):
            streaming.accept(clip(200)[start : start + piece])
        streaming.finish()
        answers.append((streaming.rows, streaming.last_window().tolist()))
    assert answers[1:] == answers[:-1] and answers[0][0] == 7


@pytest.mark.parametrize("window_frames", [32, 58, 184, 434])
def test_a_window_is_the_average_over_the_last_rows_of_the_last_feature_map(exported: Path, window_frames: int):
    """As the signature that takes rows says; another seven blocks do not change that."""
    _, stream = both_forms(exported / "model-int8.tflite", window_frames)
    streaming = StreamingNetwork(stream, reference_kernels=True)
    rows = []
    for number in range(24):
        streaming.accept(clip(32, number))
        if streaming.rows:
            rows = [*rows, streaming._last[-1]][-streaming.window_rows :]
            expected = streaming._calibrated(streaming._answer(rows))
            np.testing.assert_array_equal(streaming.last_window(), expected)
    assert streaming.rows == 22 and streaming.window_rows == -(-window_frames // 32)


def test_what_was_heard_before_a_reset_leaves_no_trace(exported: Path):
    _, stream = both_forms(exported / "model-int8.tflite")
    used, fresh = StreamingNetwork(stream), StreamingNetwork(stream)
    used.accept(clip(300))
    np.testing.assert_array_equal(used.probabilities(clip(77)), fresh.probabilities(clip(77)))


def test_without_a_row_there_is_no_answer(exported: Path):
    _, stream = both_forms(exported / "model-int8.tflite")
    streaming = StreamingNetwork(stream)
    streaming.accept(clip(64))
    with pytest.raises(IndexError):
        streaming.last_window()


def test_other_widths_stream_too():
    model = light_sernet(60, 40, 5, widths=(4, 8, 12, 8, 12, 16, 20, 24))
    calibration = clip(60 * 8).reshape(8, 60, 40, 1)
    flatbuffer = convert(model, FORMATS["int8"], calibration)
    manifest = dataclasses.replace(load_bundle().manifest, labels=tuple("abcde"), bias=())
    whole = Bundle(manifest, pack_bundle(flatbuffer, manifest))
    stream = streaming_bundle(whole)
    plan = stream.manifest.stream
    assert plan is not None and [shape[-1] for shape in plan.states] == [1, 4 + 8 + 12, 8, 12, 16]
    check_stream(whole, stream, FORMATS["int8"], [clip(frames) for frames in LENGTHS])


def test_a_network_that_cannot_stream_is_told_in_one_line():
    inputs = keras.Input((64, 40, 1))
    x = keras.layers.Conv2D(4, 3, strides=2, padding="same")(inputs)
    strided = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(x)))
    with pytest.raises(StreamError, match="a convolution without padding 'same', or with a stride"):
        streaming_model(convert(strided, FORMATS["float32"]))
    calibration = np.ones((2, 60, 40, 1), np.float32)
    with pytest.raises(StreamError, match="cannot stream with activations in int16"):
        streaming_model(convert(light_sernet(60, 40, 5, widths=(4,) * 8), FORMATS["int16x8"], calibration))
    flat = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(inputs)))
    with pytest.raises(StreamError, match="one average over all rows"):
        streaming_model(convert(flat, FORMATS["float32"]))


@pytest.mark.parametrize("change", ["masks", "sources", "window", "states", "no masks", "no sources"])
def test_a_description_of_other_rows_than_the_network_s_is_refused(change: str):
    whole = load_bundle(ROOT / "models" / "emodb-nano-int8-float-io.tflite")
    stream = streaming_bundle(whole)
    plan = stream.manifest.stream
    assert plan is not None
    other = {
        "masks": {"masks": (dataclasses.replace(plan.masks[0], count=17), *plan.masks[1:])},
        "sources": {"sources": (dataclasses.replace(plan.sources[0], count=31), *plan.sources[1:])},
        "window": {"window": (7, *plan.window[1:])},
        "states": {"states": plan.states[1:]},
        "no masks": {"masks": ()},
        "no sources": {"sources": ()},
    }[change]
    manifest = dataclasses.replace(stream.manifest, stream=dataclasses.replace(plan, **other))
    with pytest.raises(SernetError, match="not the streaming one that it describes"):
        StreamingNetwork(Bundle(manifest, stream.model))


def test_a_description_that_pools_half_a_pair_is_refused():
    stream = streaming_bundle(load_bundle(ROOT / "models" / "emodb-nano-int8-float-io.tflite"))
    assert stream.manifest.stream is not None
    values = stream.manifest.stream.to_json()
    values["sources"][1]["offset"] -= 1
    with pytest.raises(ValueError, match="pairs of rows"):
        StreamPlan.from_json(values)


def test_the_command_publishes_a_bundle_that_says_how_it_is_fed(tiny_run: Path, tmp_path: Path):
    assert main(["export", str(tiny_run), "--format", "int8", "float32", "--stream", "--out", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.glob("*.tflite")) == ["stream-float32.tflite", "stream-int8.tflite"]
    bundle = load_bundle(tmp_path / "stream-int8.tflite")
    assert bundle.manifest.input_kind == "stream" and bundle.manifest.stream is not None
    result = json.loads((tmp_path / "stream-int8.json").read_text())
    assert {item["metric"] for item in result["values"]} >= {"UA", "agreement with Keras"}


def test_a_streaming_form_that_answers_otherwise_leaves_no_file(
    exporter: Exporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def other_weights(flatbuffer: bytes):
        other = keras.models.clone_model(exporter.run.model)
        other.set_weights(exporter.run.model.get_weights())
        logits = other.get_layer("logits")
        logits.set_weights([-weight for weight in logits.get_weights()])  # the opposite of what the network says
        return streaming_model(convert(other, FORMATS["int8"], exporter._calibration))

    monkeypatch.setattr("sernet.export.exporter.streaming_model", other_weights)
    with pytest.raises(ExportCheckError, match=r"the streaming int8 model answers a clip of \d+ frames otherwise"):
        exporter.export(FORMATS["int8"], tmp_path, stream=True)
    assert list(tmp_path.iterdir()) == []
