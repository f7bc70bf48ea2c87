"""The page's code in node, and the page itself built into a folder of its own."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

ROOT = Path(__file__).resolve().parent.parent.parent
WEB = ROOT / "runtime" / "web"


@dataclass(frozen=True)
class Done:
    """What a job of job.mjs left."""

    returncode: int
    stdout: str
    stderr: str
    values: np.ndarray | None


Job = Callable[..., Done]


@pytest.fixture
def job(node_modules: Path, tmp_path: Path) -> Job:
    """`job(verb, inputs, *arguments, bundle=None)`: one job of job.mjs; its float32 output is `.values`.

    Inputs are an array of float32, or a file.
    """
    from sernet.runtime.bundle import DEFAULT_BUNDLE

    def run(verb: str, inputs: np.ndarray | Path, *arguments: object, bundle: Path = DEFAULT_BUNDLE) -> Done:
        source, out = tmp_path / "in.f32", tmp_path / "out.f32"
        out.unlink(missing_ok=True)
        if isinstance(inputs, Path):
            source = inputs
        else:
            np.asarray(inputs, np.float32).tofile(source)
        command = ["node", Path(__file__).parent / "job.mjs", verb, bundle, source, out, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        values = np.fromfile(out, np.float32) if out.exists() else None
        return Done(done.returncode, done.stdout, done.stderr, values)

    return run


@pytest.fixture(scope="session")
def built_page(node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page as `npm run build` makes it, with the model that ships."""
    folder = tmp_path_factory.mktemp("page") / "dist"
    build = ["node", "build.js", "--out", folder]
    done = subprocess.run(build, cwd=WEB, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def playwright() -> Iterator["Playwright"]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def launch(playwright: "Playwright", chromium: Path) -> Callable[..., "Browser"]:
    def launched(*arguments: str) -> "Browser":
        return playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", *arguments])

    return launched


@pytest.fixture(scope="module")
def browser(launch: Callable[..., "Browser"]) -> Iterator["Browser"]:
    browser = launch()
    yield browser
    browser.close()


@pytest.fixture
def spoken(voice, tmp_path: Path) -> Path:
    """Five seconds of something like speech."""
    path = tmp_path / "spoken.wav"
    soundfile.write(path, voice(5.2), 16000)
    return path
