"""Latency of the network on the phone's page, in a real browser: the page itself times each of its answers."""

import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from sernet.benchmarks.suite.job import Job
from sernet.benchmarks.suite.page import WEB, build_page, served
from sernet.benchmarks.variant import Variant
from sernet.runtime.audio_file import read_audio
from sernet.runtime.errors import SernetError
from sernet.training.result import Result

RUNTIME = "LiteRT.js in Chromium"
WINDOWS = 100
"""Windows of 3 s, one every half second, in the recording that the page is given."""
FORMATS = ("float32", "int8-float-io")
"""Of the main network; of others the second alone."""

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_LIMIT_S = 120
_KEEP = """
  window.answers = [];
  document.addEventListener("sernet-answer", ({ detail }) => answers.push(detail));
"""

Values = list[dict[str, Any]]


def measure(job: Job) -> Result:
    """Milliseconds of an inference in WebAssembly, for windows of a recording that the page answers one by one."""
    values: Values = []
    left_out: dict[str, str] = {}
    samples: dict[str, list[float]] = {}
    versions: dict[str, str] = {}
    if job.quick:
        left_out[RUNTIME] = "a quick benchmark builds no page"
    else:
        try:
            samples, versions = _samples(job, left_out)
        except SernetError as error:
            left_out[RUNTIME] = str(error)
    for (model, form), name in ((key, _name(*key)) for key in _files(job)):
        if name in samples:
            values += _values(model, form, samples[name])
    return Result(
        what="browser",
        subject=job.main,
        protocol="none: cost alone",
        corpus=job.corpus["title"],
        n=len(samples),
        seed=0,
        values=values,
        details={"left_out": left_out, "versions": versions, "samples": samples},
    )


def _files(job: Job) -> dict[tuple[str, str], Variant]:
    return {
        (model, variant.name): variant
        for model, variants in job.models.items()
        for variant in variants
        if variant.name in (FORMATS if model == job.main else FORMATS[1:])
    }


def _name(model: str, form: str) -> str:
    return f"{model} {form}, {RUNTIME}"


def _samples(job: Job, left_out: dict[str, str]) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Milliseconds by name, and versions; a file that the page refuses is told to `left_out`.

    Raises SernetError when something is missing or the browser fails.
    """
    program = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if program is None:
        raise SernetError("Chromium is missing: sudo apt install chromium")
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise SernetError("Playwright is not installed: pip install playwright") from None
    found = {}
    with tempfile.TemporaryDirectory(prefix="sernet-bench-") as folder:
        recording = _recording(job, Path(folder) / "recording.wav")
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
                for (model, form), variant in job.track(list(_files(job).items()), "browser"):
                    build_page(variant.path, job.work / "page")
                    with served(job.work / "page") as address:
                        try:
                            found[_name(model, form)] = _answered(browser, address, recording)
                        except SernetError as error:
                            left_out[_name(model, form)] = str(error)
                versions = {"Chromium": browser.version, "LiteRT.js": _litert_version()}
                browser.close()
        except Error as error:
            raise SernetError(f"the browser failed: {str(error).splitlines()[0]}") from None
    return found, versions


def _answered(browser: Any, address: str, recording: Path) -> list[float]:
    """Milliseconds of all windows, to four digits."""
    context = browser.new_context()
    try:
        context.add_init_script(_KEEP)
        page = context.new_page()
        page.goto(address)
        _wait(page, "() => !document.getElementById('start').disabled")
        page.set_input_files("#file", recording)
        _wait(page, "() => answers.some(({ kind }) => kind === 'clip')")
        times = page.evaluate("() => answers.filter((one) => one.kind === 'window').map((one) => one.network_ms)")
    finally:
        context.close()
    return [float(f"{one:.4g}") for one in times]


def _wait(page: Any, condition: str) -> None:
    end = time.monotonic() + _LIMIT_S
    while not page.evaluate(condition):
        problem = page.inner_text("#problem")
        if problem or time.monotonic() > end:
            raise SernetError(problem or f"the page did not answer within {_LIMIT_S} s")
        page.wait_for_timeout(50)


def _recording(job: Job, path: Path) -> Path:
    """Clips one behind the other, as long as `WINDOWS` windows take."""
    import soundfile

    rate = job.models[job.main][0].bundle.manifest.front_end.sample_rate
    length, pieces = round((3 + 0.5 * (WINDOWS - 1)) * rate), []
    for clip in job.clips:
        pieces.append(read_audio(clip.path, rate))
        if sum(map(len, pieces)) >= length:
            break
    soundfile.write(path, np.resize(np.concatenate(pieces), length), rate, subtype="PCM_16")
    return path


def _values(model: str, form: str, times: list[float]) -> Values:
    shared = {"model": model, "format": form, "runtime": RUNTIME, "threads": 1, "n": len(times), "unit": "ms"}
    return [
        shared | {"metric": metric, "value": float(np.percentile(times, share)), "kind": "machine"}
        for metric, share, least in (("latency median", 50, 1), ("latency p90", 90, 10), ("latency p99", 99, 100))
        if len(times) >= least
    ]


def _litert_version() -> str:
    return json.loads((WEB / "package.json").read_text())["dependencies"]["@litertjs/core"]
