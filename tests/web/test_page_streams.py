"""A streaming model on the page: it answers a block at a time, as Python does with the same file."""

import base64
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr

from sernet.export.stream_graph import streaming_bundle
from sernet.runtime.audio_file import read_audio
from sernet.runtime.bundle import load_bundle
from sernet.runtime.stream_plan import BLOCK, StreamPlan
from sernet.runtime.stream_recognizer import StreamRecognizer
from tests.web.page import (
    HEARD,
    TOLERANCE,
    WEB,
    Browser,
    answers_to,
    assert_same,
    command_answer,
    opened,
    problem,
    ready,
    served,
    until,
)

Job = Callable[..., Any]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The streaming form of a model that is released."""
    path = tmp_path_factory.mktemp("stream") / "stream-int8-float-io.tflite"
    released = WEB.parent.parent / "models" / "emodb-small-int8-float-io.tflite"
    path.write_bytes(streaming_bundle(load_bundle(released)).model)
    return path


@pytest.fixture(scope="module")
def site(node_modules: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("page") / "dist"
    build = ["node", "build.js", "--model", model, "--out", folder]
    subprocess.run(build, cwd=WEB, check=True, capture_output=True, timeout=300)
    with served(folder) as url:
        yield url


def python_answers(model: Path, waveform: np.ndarray) -> list[Any]:
    recognizer = StreamRecognizer(load_bundle(model))
    recognizer.accept(waveform)
    recognizer.finish()
    found = []
    while recognizer.ready():
        found.append(recognizer.pop())
    return found


def assert_answers(page: list[dict[str, Any]], python: list[Any]) -> None:
    times = [(one["start_s"], one["end_s"]) for one in page]
    np.testing.assert_allclose(times, [(one.start_s, one.end_s) for one in python], atol=1e-9)
    for ours, theirs in zip(page, python, strict=True):
        for label, probability in theirs.probabilities.items():
            assert ours["probabilities"][label] == pytest.approx(probability, abs=TOLERANCE), ours


@pytest.mark.parametrize("frames", [None, 1, 31, 32, 33, 64, 65, 97, 130])
def test_rows_of_a_block_are_pythons(job: Job, model: Path, frames: int | None):
    """Whether they lie inside the clip, and which one stands behind an odd last one."""
    plan = load_bundle(model).manifest.stream
    assert isinstance(plan, StreamPlan)

    def expected(block: int) -> list[list[list[int]]]:
        valid = [plan.valid(rows, block, frames).ravel().astype(int).tolist() for rows in plan.masks]
        return [valid, [plan.source(rows, block, frames).tolist() for rows in plan.sources]]

    done = job("rows", np.zeros(0), frames or 0, 8, bundle=model)
    assert json.loads(done.stdout) == [expected(block) for block in range(8)], done.stderr


def test_a_recording_is_answered_block_by_block_and_whole(browser: Browser, site: str, model: Path, spoken: Path):
    with opened(browser, site) as page:
        ready(page)
        *blocks, whole = answers_to(page, spoken)
        assert_answers(blocks, python_answers(model, read_audio(spoken)))
        assert_same(whole, command_answer(model, spoken))
        assert page.inner_text("#problem") == ""


@pytest.mark.parametrize("seconds", [0.07, 0.512, 1.1, 3.0, 3.6])
def test_clips_of_every_length_are_answered_as_the_command_answers_them(
    browser: Browser, site: str, model: Path, voice, tmp_path: Path, seconds: float
):
    soundfile.write(tmp_path / "clip.wav", voice(seconds), 16000)
    with opened(browser, site) as page:
        ready(page)
        assert_same(answers_to(page, tmp_path / "clip.wav")[-1], command_answer(model, tmp_path / "clip.wav"))


def test_a_clip_without_a_frame_is_told_in_one_line(browser: Browser, site: str, voice, tmp_path: Path):
    soundfile.write(tmp_path / "short.wav", voice(0.5)[:100], 16000)
    with opened(browser, site) as page:
        ready(page)
        page.set_input_files("#file", tmp_path / "short.wav")
        assert "give a longer clip" in problem(page)


def test_recordings_are_answered_as_the_command_answers_them(browser: Browser, site: str, model: Path, emodb: Path):
    with opened(browser, site) as page:
        ready(page)
        for path in sorted((emodb / "wav").glob("*.wav"))[::110]:
            assert_same(answers_to(page, path)[-1], command_answer(model, path))


def test_what_the_microphone_hears_is_answered_as_python_answers_it(
    launch: Callable[..., Browser], site: str, model: Path, job: Job, voice, tmp_path: Path
):
    played = np.concatenate([np.zeros(16000), voice(6.0), np.zeros(4 * 16000)])
    soundfile.write(tmp_path / "played.wav", soxr.resample(played, 16000, 48000), 48000)
    fakes = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    browser = launch(*fakes, f"--use-file-for-fake-audio-capture={tmp_path / 'played.wav'}%noloop")
    with opened(browser, site) as page:
        ready(page)
        page.click("#start")
        until(page, "() => document.body.innerText.includes('the first answer comes after 1.6 s')")
        until(page, "() => answers.length >= 8")
        page.click("#start")
        until(page, "() => Math.abs(answers.at(-1).end_s / 0.512 % 1 - 0.03125) > 1e-3")  # the rest of a block
        answers, rate = page.evaluate("() => answers"), page.evaluate("() => heard.rate")
        raw = np.frombuffer(base64.b64decode(page.evaluate(HEARD)), np.float32)
    browser.close()
    expected = python_answers(model, job("resample", raw, rate, 16000, 2048).values)
    assert_answers(answers[:-1], expected[: len(answers) - 1])


def test_a_device_that_falls_behind_leaves_blocks_out_and_begins_anew(browser: Browser, site: str, model: Path):
    """Ten seconds arrive at once: the worker answers their last blocks, as if nothing had been heard before."""
    with opened(browser, site) as page:
        ready(page)
        sent = page.evaluate(
            """async () => {
              const samples = Float32Array.from({ length: 160000 }, (_, n) => 0.3 * Math.sin(n * n * 1e-4));
              const worker = new Worker("worker.js");
              const sent = [];
              const next = (wanted) => new Promise((resolve) => {
                worker.onmessage = ({ data }) => { sent.push(data); if (wanted(data)) resolve(); };
              });
              worker.postMessage({ type: "open" });
              await next(({ type }) => type === "ready");
              sent.length = 0;
              worker.postMessage({ type: "stream", stream: 1, rate: 16000 });
              worker.postMessage({ type: "samples", stream: 1, samples });
              worker.postMessage({ type: "finish", stream: 1 });
              await next(({ end_s }) => end_s === 10);
              return sent;
            }"""
        )
    assert sent[0]["type"] == "behind"
    blocks = (160000 - 256) // (BLOCK * 256)
    since = (blocks - 6) * BLOCK * 256 / 16000
    *answers, last = sent[1:]
    assert [answer["start_s"] for answer in answers] == pytest.approx([since] * 4), (
        "the first two of six blocks give no row"
    )
    assert last["start_s"] == pytest.approx(since + BLOCK * 256 / 16000), (
        "the rest makes a seventh row of six in a window"
    )
