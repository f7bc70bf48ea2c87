"""The page in a real browser: it answers as Python does, says what is wrong, works offline and for everybody."""

import base64
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr

from sernet.runtime.audio_file import read_audio
from sernet.runtime.bundle import load_bundle
from sernet.runtime.recognizer import Recognizer
from tests.web.page import (
    HEARD,
    PHONE,
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

CLIPS = {"03a02Ta": "sadness", "11a02Ld": "boredom", "12a01Nb": "neutral", "15a04Wb": "anger", "11a04Fd": "happiness"}


@pytest.fixture(scope="module")
def site(built_page: Path) -> Iterator[str]:
    with served(built_page) as url:
        yield url


def python_windows(waveform: np.ndarray) -> list[Any]:
    recognizer = Recognizer(load_bundle())
    recognizer.accept(waveform)
    recognizer.finish()
    found = []
    while recognizer.ready():
        found.append(recognizer.pop())
    return found


@pytest.fixture
def recordings(emodb: Path) -> list[Path]:
    return [emodb / "wav" / f"{name}.wav" for name in CLIPS]


def test_it_opens_with_a_bar_for_each_emotion_of_the_model(browser: Browser, site: str):
    with opened(browser, site) as page:
        ready(page)
        names = page.locator("#bars [role=meter]").evaluate_all("(bars) => bars.map((bar) => bar.ariaLabel)")
        assert tuple(names) == load_bundle().manifest.labels
        assert page.inner_text("#emotion") == "Ready" and "acted German speech" in page.inner_text(".note")


def test_the_page_is_small_enough_for_a_device(built_page: Path):
    size = sum(path.stat().st_size for path in built_page.iterdir())
    assert size < 5e6, f"{size / 1e6:.2f} MB"


def test_recordings_are_answered_as_the_command_answers_them(
    browser: Browser, site: str, built_page: Path, recordings: list[Path]
):
    with opened(browser, site) as page:
        ready(page)
        for path in recordings:
            answer = answers_to(page, path)[-1]
            assert_same(answer, command_answer(built_page / "model.tflite", path))
            assert answer["label"] == CLIPS[path.stem] == page.inner_text("#emotion").lower()


def test_a_clip_longer_than_the_window_is_answered_whole_and_by_its_windows_as_in_python(
    browser: Browser, site: str, built_page: Path, spoken: Path
):
    with opened(browser, site) as page:
        ready(page)
        *windows, whole = answers_to(page, spoken)
        assert_same(whole, command_answer(built_page / "model.tflite", spoken))
        expected = python_windows(read_audio(spoken))
        assert [(w["start_s"], w["end_s"]) for w in windows] == [(e.start_s, e.end_s) for e in expected]
        for window, python in zip(windows, expected, strict=True):
            for label, probability in python.probabilities.items():
                assert window["probabilities"][label] == pytest.approx(probability, abs=TOLERANCE)


def test_a_dropped_file_and_other_formats_are_answered_alike(browser: Browser, site: str, spoken: Path):
    samples, _ = soundfile.read(spoken)
    flac, ogg = spoken.with_suffix(".flac"), spoken.with_suffix(".ogg")
    soundfile.write(flac, samples, 16000)
    soundfile.write(ogg, soxr.resample(np.stack([samples, samples], axis=1), 16000, 44100), 44100)
    with opened(browser, site) as page:
        ready(page)
        wav = answers_to(page, spoken)[-1]
        assert answers_to(page, flac)[-1]["probabilities"] == wav["probabilities"], "FLAC holds the same samples"
        assert answers_to(page, ogg)[-1]["label"] == wav["label"]
        before = page.evaluate("() => answers.length")
        page.evaluate(
            """(content) => {
              const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
              const dataTransfer = new DataTransfer();
              dataTransfer.items.add(new File([bytes], "dropped.wav"));
              document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
            }""",
            base64.b64encode(spoken.read_bytes()).decode(),
        )
        until(page, "(n) => answers.slice(n).some(({ kind }) => kind === 'clip')", before)
        assert page.evaluate("() => answers.at(-1).probabilities") == wav["probabilities"]


@pytest.mark.parametrize("name", CLIPS)
def test_what_the_microphone_hears_is_answered_as_python_answers_it(
    launch: Callable[..., Browser], site: str, job: Job, emodb: Path, tmp_path: Path, name: str
):
    """The clip is played into Chromium's microphone; Python hears the samples that the page heard."""
    clip = read_audio(emodb / "wav" / f"{name}.wav")
    played = np.concatenate([np.zeros(16000), clip, np.zeros(7 * 16000)])
    soundfile.write(tmp_path / "played.wav", soxr.resample(played, 16000, 48000), 48000)
    fakes = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    browser = launch(*fakes, f"--use-file-for-fake-audio-capture={tmp_path / 'played.wav'}%noloop")
    with opened(browser, site) as page:
        ready(page)
        page.locator("#start").focus()
        page.keyboard.press("Enter")
        until(page, "() => answers.filter(({ kind }) => kind === 'window').length >= 6")
        assert page.inner_text("#start") == "Stop"
        page.keyboard.press("Enter")
        assert page.inner_text("#start") == "Start"
        until(page, "() => answers.at(-1).end_s % 0.5 !== 0")  # the rest, which no whole window covers
        answers, rate = page.evaluate("() => answers"), page.evaluate("() => heard.rate")
        raw = np.frombuffer(base64.b64decode(page.evaluate(HEARD)), np.float32)
    browser.close()

    heard = job("resample", raw, rate, 16000, 2048).values
    expected = python_windows(heard)[: len(answers)]
    for window, python in zip(answers, expected, strict=True):
        assert (window["start_s"], window["end_s"]) == (python.start_s, python.end_s)
        for label, probability in python.probabilities.items():
            assert window["probabilities"][label] == pytest.approx(probability, abs=TOLERANCE)

    spectrum = np.fft.rfft(heard, 2**19) * np.conj(np.fft.rfft(clip, 2**19))
    start = int(np.argmax(np.fft.irfft(spectrum)))
    covering = [
        window["label"]
        for window in answers
        if window["start_s"] * 16000 <= start and window["end_s"] * 16000 >= start + len(clip)
    ]
    assert covering, f"the clip was heard from {start / 16000:.1f} s on"
    assert set(covering) == {CLIPS[name]}


def test_a_device_that_falls_behind_leaves_windows_out_and_says_so(browser: Browser, site: str):
    """Ten seconds arrive at once: the worker answers their last windows."""
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
    assert [answer["end_s"] for answer in sent[1:]] == [7.5, 8, 8.5, 9, 9.5, 10]


def test_a_recording_longer_than_a_minute_is_answered_by_windows_alone(
    browser: Browser, site: str, voice, tmp_path: Path
):
    soundfile.write(tmp_path / "long.wav", voice(61.0), 16000)
    with opened(browser, site) as page:
        ready(page)
        page.set_input_files("#file", tmp_path / "long.wav")
        until(page, "() => answers.length === 117")
        assert {answer["kind"] for answer in page.evaluate("() => answers")} == {"window"}
        assert page.inner_text("#detail").endswith("long.wav, 58 to 61.0 s")
        page.wait_for_timeout(200)
        assert page.inner_text("#problem") == ""


def test_it_works_offline_once_opened_and_after_a_reload(
    browser: Browser, built_page: Path, spoken: Path, tmp_path: Path
):
    """Any static server will do; this is Python's own."""
    folder = shutil.copytree(built_page, tmp_path / "dist")
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", folder]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    url = server.stdout.readline().split("(")[1].split(")")[0]
    with opened(browser, url) as page:
        ready(page)
        online = answers_to(page, spoken)[-1]
        server.kill()
        server.wait()
        assert answers_to(page, spoken)[-1]["probabilities"] == online["probabilities"]
        page.reload()
        ready(page)
        assert answers_to(page, spoken)[-1]["probabilities"] == online["probabilities"]
        assert page.inner_text("#place") == "On this device, offline too"


def test_a_page_that_was_built_anew_replaces_the_kept_one(
    browser: Browser, built_page: Path, node_modules: Path, tmp_path: Path
):
    folder = shutil.copytree(built_page, tmp_path / "dist")
    with served(folder) as url, opened(browser, url) as page:
        ready(page)
        assert "emodb-sernet," in (page.text_content("#about") or "")
        model = WEB.parent.parent / "models" / "emodb-nano-int8-float-io.tflite"
        command = ["node", WEB / "build.js", "--model", model, "--out", folder]
        subprocess.run(command, check=True, capture_output=True)
        (old,) = page.evaluate("() => caches.keys()")
        page.reload()  # brings the old page, and in the background the new one
        until(
            page, "async (old) => { const keys = await caches.keys(); return keys.length && !keys.includes(old) }", old
        )
        page.reload()
        ready(page)
        assert "emodb-sernet-nano," in (page.text_content("#about") or "")


def test_what_is_no_audio_is_told_in_one_line_and_the_next_file_is_answered(
    browser: Browser, site: str, spoken: Path, tmp_path: Path
):
    with opened(browser, site) as page:
        ready(page)
        for name, content, message in (
            ("notes.mp3", b"these are no samples", "notes.mp3 is not audio that this browser can read."),
            ("cut.wav", spoken.read_bytes()[:5000], "The WAV file is cut short: copy or record it again."),
            ("short.wav", spoken.read_bytes()[:40] + (100).to_bytes(4, "little") + bytes(100), "give a longer clip"),
            ("empty.wav", spoken.read_bytes()[:40] + bytes(4), "empty.wav holds no sound."),
        ):
            (tmp_path / name).write_bytes(content)
            page.set_input_files("#file", tmp_path / name)
            until(page, "(text) => document.getElementById('problem').textContent.includes(text)", message)
        answers_to(page, spoken)
        assert page.inner_text("#problem") == ""


def test_a_microphone_that_is_refused_or_missing_is_told_in_one_line(launch: Callable[..., Browser], site: str):
    for arguments, message in (
        (("--use-fake-device-for-media-stream", "--deny-permission-prompts"), "The microphone is not allowed"),
        (("--use-fake-ui-for-media-stream",), "No microphone was found"),
    ):
        browser = launch(*arguments)
        with opened(browser, site) as page:
            ready(page)
            page.click("#start")
            assert message in problem(page)
            assert page.inner_text("#start") == "Start"
        browser.close()


def test_without_a_secure_context_the_microphone_is_explained_and_files_work(
    launch: Callable[..., Browser], site: str, spoken: Path
):
    browser = launch("--host-resolver-rules=MAP phone.test 127.0.0.1")
    with opened(browser, site.replace("127.0.0.1", "phone.test")) as page:
        ready(page)
        page.click("#start")
        assert "https:// or localhost" in problem(page)
        assert answers_to(page, spoken)
        assert page.inner_text("#place") == "On this device only"
    browser.close()


def test_without_webassembly_it_says_so(launch: Callable[..., Browser], site: str):
    browser = launch("--js-flags=--jitless")
    with opened(browser, site) as page:
        assert "no WebAssembly" in problem(page)
        assert page.locator("#start").is_disabled()
    browser.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_and_fits_a_phone(browser: Browser, site: str, node_modules: Path, spoken: Path, scheme: Any):
    axe = (node_modules / "axe-core" / "axe.min.js").read_text()
    with opened(browser, site, color_scheme=scheme, reduced_motion="reduce") as page:
        ready(page)
        page.evaluate(axe)
        for state in ("ready", "answered", "problem"):
            if state == "answered":
                answers_to(page, spoken)
                page.click("summary")
            if state == "problem":
                page.set_input_files("#file", {"name": "no.mp3", "mimeType": "audio/mpeg", "buffer": b"no"})
                problem(page)
            found = page.evaluate("() => axe.run(document)")["violations"]
            bad = [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")]
            assert not bad, f"{state}, {scheme}: {bad}"
            assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
            box = page.locator("#start").bounding_box()
            assert box and box["y"] + box["height"] <= PHONE["height"] and box["height"] >= 44
