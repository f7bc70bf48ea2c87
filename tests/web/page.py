"""The page in a browser, as tests drive it."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed: it comes with the extra `dev`")
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

WEB = Path(__file__).resolve().parent.parent.parent / "runtime" / "web"
# What `sernet-infer serve` says for the page; it holds for the worker's script, too.
POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:"
# LiteRT's kernels in WebAssembly and on this machine may round a quantised value to its neighbour.
TOLERANCE = 0.05
PHONE: ViewportSize = {"width": 390, "height": 844}

# Kept for the tests: the answers, and what the microphone gave before the page works on it.
SPY = """
  window.answers = [];
  window.heard = { rate: 0, pieces: [] };
  document.addEventListener("sernet-answer", ({ detail }) => answers.push(detail));
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message.type === "stream") heard.rate = message.rate;
    if (message.type === "samples") heard.pieces.push(message.samples.slice());
    return post.call(this, message, ...rest);
  };
"""
HEARD = """() => {
  const bytes = heard.pieces.flatMap((piece) => [...new Uint8Array(piece.buffer)]);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""


class Handler(SimpleHTTPRequestHandler):
    """A static server with the policy on every answer."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@contextmanager
def opened(browser: Browser, url: str, *, clean: bool = True, **options: Any) -> Iterator[Page]:
    """The page on a phone. At its end nothing was asked of another origin and, if `clean`, nothing went wrong."""
    context: BrowserContext = browser.new_context(viewport=PHONE, **options)
    context.add_init_script(SPY)
    asked: list[str] = []
    wrong: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(url)
    yield page
    assert asked and not [other for other in asked if not other.startswith((url, f"blob:{url}"))]
    assert not (clean and wrong), wrong
    context.close()


def until(page: Page, condition: str, argument: Any = None, seconds: float = 120) -> None:
    """Wait for a condition in the page; Playwright's own way needs `eval`, which the page forbids."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition, argument):
        assert time.monotonic() < end, f"{condition} did not come true; the page says: {page.inner_text('body')}"
        page.wait_for_timeout(50)


def ready(page: Page) -> None:
    until(page, "() => !document.getElementById('start').disabled")


def problem(page: Page) -> str:
    until(page, "() => document.getElementById('problem').textContent")
    return page.inner_text("#problem")


def answers_to(page: Page, path: Path) -> list[dict[str, Any]]:
    """All answers to a recording: its windows', then the whole clip's."""
    before = page.evaluate("() => answers.length")
    page.set_input_files("#file", path)
    until(page, "(n) => answers.slice(n).some(({ kind }) => kind === 'clip')", before)
    return page.evaluate("(n) => answers.slice(n)", before)


def command_answer(model: Path, path: Path) -> dict[str, Any]:
    """What `sernet-infer file` answers."""
    command = [sys.executable, "-m", "sernet.runtime.cli", "file", "--model", model, "--no-profile", "--json", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def assert_same(page: dict[str, Any], python: dict[str, Any]) -> None:
    assert page["label"] == python["label"]
    for label, probability in python["probabilities"].items():
        assert page["probabilities"][label] == pytest.approx(probability, abs=TOLERANCE), label
