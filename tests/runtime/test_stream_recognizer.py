"""Live recognition with a streaming bundle: the verbs of `Recognizer`, an answer a block."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from soundfile import write

from sernet.export.stream_graph import streaming_bundle
from sernet.runtime import (
    Bundle,
    FrontEnd,
    Network,
    Recognition,
    Recognizer,
    SernetError,
    StreamingNetwork,
    load_bundle,
)
from sernet.runtime.audio_file import read_audio
from sernet.runtime.bundle import BundleError, Manifest
from sernet.runtime.cli import main
from sernet.runtime.stream_recognizer import StreamRecognizer

RATE = 16000
BLOCK = 32 * 256
STREAM = np.random.default_rng(0).normal(0, 0.1, round(5.3 * RATE)).astype(np.float32)


@pytest.fixture(scope="module")
def stream() -> Bundle:
    """The packaged model's streaming form."""
    return streaming_bundle(load_bundle())


def without_normalisation(bundle: Bundle) -> Bundle:
    front_end = dataclasses.replace(bundle.manifest.front_end, normalisation=None)
    return dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, front_end=front_end))


def answers(recognizer: Recognizer, packet: int, samples: np.ndarray = STREAM) -> list[Recognition]:
    found = []
    for start in range(0, len(samples), packet):
        recognizer.accept(samples[start : start + packet])
        while recognizer.ready():
            found.append(recognizer.pop())
    recognizer.finish()
    while recognizer.ready():
        found.append(recognizer.pop())
    return found


def test_a_streaming_bundle_makes_a_recognizer_that_streams(stream: Bundle):
    assert type(Recognizer(stream)) is StreamRecognizer and Recognizer(stream).hop_s == 0.512
    assert type(Recognizer(load_bundle())) is Recognizer and Recognizer(load_bundle()).hop_s == 0.5


@pytest.mark.parametrize("packet", [160, 4096, 100_000])
def test_answers_do_not_depend_on_the_packets(stream: Bundle, packet: int):
    assert answers(Recognizer(stream), packet) == answers(Recognizer(stream), len(STREAM))


def test_each_answer_is_that_of_the_network_which_has_heard_the_blocks_so_far(stream: Bundle):
    bundle = without_normalisation(stream)
    found = answers(Recognizer(bundle), 1000)
    network, features = StreamingNetwork(bundle), bundle.manifest.front_end.features(STREAM)
    blocks = len(features) // 32
    expected = []
    for number in range(blocks):
        network.accept(features[32 * number : 32 * (number + 1)])
        if network.rows:
            expected.append(network.last_window())
    network.accept(features[32 * blocks :])
    network.finish()
    expected.append(network.last_window())
    assert [list(one.probabilities.values()) for one in found] == [one.tolist() for one in expected]


def test_answers_say_which_samples_they_rest_on(stream: Bundle):
    found = answers(Recognizer(stream), 1000)
    assert [round(one.end_s * RATE) for one in found[:-1]] == [
        number * BLOCK + 768 for number in range(3, 3 + len(found) - 1)
    ]
    assert found[-1].end_s == pytest.approx(5.3)
    assert [one.start_s for one in found[:6]] == [0.0] * 6
    assert found[6].start_s == pytest.approx(0.512), "a window of 3 s is six rows"


def test_a_whole_clip_that_fits_the_window_gets_its_own_answer_at_the_end(stream: Bundle):
    """From reset to finish the stream equals the whole-clip network on the same features."""
    bundle = without_normalisation(stream)
    clip = STREAM[: 2 * RATE + 100]
    (*_, last) = answers(Recognizer(bundle), 512, clip)
    whole = StreamingNetwork(bundle).probabilities(bundle.manifest.front_end.features(clip))
    np.testing.assert_array_equal(list(last.probabilities.values()), whole)


def test_what_comes_later_changes_no_answer(stream: Bundle):
    louder = np.concatenate([STREAM[: 6 * BLOCK], 5 * STREAM[6 * BLOCK :]])
    before = [one for one in answers(Recognizer(stream), 4096) if one.end_s * RATE <= 6 * BLOCK]
    assert before and before == answers(Recognizer(stream), 4096, louder)[: len(before)]


def test_a_reset_forgets_everything(stream: Bundle):
    used = Recognizer(stream)
    answers(used, 4096, STREAM[::-1].copy())
    used.reset()
    assert answers(used, 4096) == answers(Recognizer(stream), 4096)


def test_a_stream_shorter_than_a_block_gives_one_answer_and_one_shorter_than_a_frame_none(stream: Bundle):
    (only,) = answers(Recognizer(stream), 100, STREAM[:3000])
    assert (only.start_s, only.end_s) == (0.0, pytest.approx(3000 / RATE))
    assert answers(Recognizer(stream), 100, STREAM[:1000]) == []


def test_the_end_may_be_said_twice(stream: Bundle):
    recognizer = Recognizer(stream)
    found = answers(recognizer, 4096)
    recognizer.finish()
    assert found and not recognizer.ready()


def test_another_hop_or_a_front_end_that_levels_whole_clips_is_refused(stream: Bundle):
    with pytest.raises(SernetError, match=r"answers every 0.512 s, not every 0.5 s: leave out --hop"):
        Recognizer(stream, hop_s=0.5)
    manifest = dataclasses.replace(stream.manifest, front_end=FrontEnd(level_percentile=99.9))
    with pytest.raises(SernetError, match="levels whole clips"):
        Recognizer(dataclasses.replace(stream, manifest=manifest))


def test_a_bundle_that_does_not_say_how_it_is_fed_is_refused(stream: Bundle):
    values = json.loads(json.dumps(stream.manifest.to_json()))
    assert Manifest.from_json(values) == stream.manifest
    for wrong in (None, {"states": []}, "x", {**values["stream"], "window": ["x"]}):
        with pytest.raises(BundleError):
            Manifest.from_json(values | {"stream": wrong})
    with pytest.raises(SernetError, match="does not stream"):
        StreamingNetwork(load_bundle())
    plan = stream.manifest.stream
    assert plan is not None
    more_states = dataclasses.replace(plan, states=(*plan.states, (1, 3, 5, 160)))
    other = dataclasses.replace(stream.manifest, stream=more_states)
    with pytest.raises(SernetError, match="is not the streaming one that it describes"):
        StreamingNetwork(Bundle(other, stream.model))
    with pytest.raises(SernetError, match="open_network opens either"):
        Network(stream)


def test_the_programs_take_a_streaming_bundle_too(
    stream: Bundle, voice: Callable[[float], np.ndarray], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "stream.tflite").write_bytes(stream.model)
    model = ["--model", str(tmp_path / "stream.tflite"), "--json"]
    write(tmp_path / "clip.wav", STREAM, RATE)
    assert main(["info", str(tmp_path / "stream.tflite")]) == 0
    assert "a block of 32 frames at a time, 0.512 s" in capsys.readouterr().out
    answered = []
    for words in (["file", *model], ["file", "--json"]):
        assert main([*words, "--no-profile", str(tmp_path / "clip.wav")]) == 0
        answered.append(json.loads(capsys.readouterr().out)["probabilities"])
    assert answered[0] == pytest.approx(answered[1], abs=0.02), "XNNPACK's integers may differ by one"
    assert main(["file", *model, "--windows", "--no-profile", str(tmp_path / "clip.wav")]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    expected = answers(Recognizer(stream), len(STREAM), read_audio(tmp_path / "clip.wav", RATE))
    assert [one["probabilities"] for one in found] == [one.probabilities for one in expected]
    write(tmp_path / "voice.wav", voice(25.0), RATE)
    words = ["--varied", "--file", str(tmp_path / "voice.wav"), "--out", str(tmp_path / "profile.json")]
    assert main(["enroll", *model, *words]) == 0
    assert json.loads(capsys.readouterr().out)["answers"] > 0


def test_a_whole_stream_gets_one_answer_of_all_its_rows(stream: Bundle):
    bundle = without_normalisation(stream)
    (only,) = answers(StreamRecognizer(bundle, whole=True), 1000)
    whole = StreamingNetwork(bundle).probabilities(bundle.manifest.front_end.features(STREAM))
    np.testing.assert_array_equal(list(only.probabilities.values()), whole)
    assert (only.start_s, only.end_s) == (0.0, pytest.approx(5.3))
    best = max(only.probabilities, key=only.probabilities.__getitem__)
    sure = only.probabilities[best] >= bundle.manifest.uncertain_below
    assert only.label == (best if sure else "uncertain")
