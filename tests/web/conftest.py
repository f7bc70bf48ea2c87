"""The page's code in node, and the page itself built into a folder of its own."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

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
