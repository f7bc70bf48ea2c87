"""The phone's page, built with a model of choice, and served on this machine."""

import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sernet.runtime.errors import SernetError

WEB = Path(__file__).resolve().parents[2] / "runtime" / "web"
_LIMIT_S = 180


def build_page(model: Path, out: Path) -> None:
    """Build it into `out`; its packages are installed first where they are not.

    Raises:
        SernetError: node or npm is missing, this is no clone of the repository, or a command failed.
    """
    if missing := [program for program in ("node", "npm") if shutil.which(program) is None]:
        raise SernetError(f"{', '.join(missing)} missing: sudo apt install nodejs npm")
    if not (WEB / "build.js").is_file():
        raise SernetError("runtime/web is not here: run this in a clone of the repository")
    if not (WEB / "node_modules" / ".package-lock.json").exists():
        _run(["npm", "ci", "--no-audit", "--no-fund"])
    _run(["node", "build.js", "--model", model.resolve(), "--out", out.resolve()])


def _run(command: Sequence[str | Path]) -> None:
    try:
        done = subprocess.run(command, cwd=WEB, capture_output=True, text=True, timeout=_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise SernetError(f"{command[0]} did not end within {_LIMIT_S} s") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        raise SernetError(f"{command[0]} {command[1]} failed: {said[-1]}")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Its address, for as long as the context lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass
