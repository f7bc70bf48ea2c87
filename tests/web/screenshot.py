"""Draws the README's picture: the built page on a phone, after a recording. screenshot.py RECORDING OUT.png [dark]"""

import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import sync_playwright

PAGE = Path(__file__).resolve().parent.parent.parent / "runtime" / "web" / "dist"

recording, out, scheme = [*sys.argv[1:], "light"][:3]
server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(PAGE)))
threading.Thread(target=server.serve_forever, daemon=True).start()
fakes = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
with sync_playwright() as playwright:
    arguments = ["--no-sandbox", *fakes, f"--use-file-for-fake-audio-capture={recording}"]
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
    options = {"viewport": {"width": 390, "height": 844}, "color_scheme": scheme}
    page = browser.new_page(**options)
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    page.locator("#start:enabled").click(timeout=120_000)
    page.locator(".timeline rect[data-emotion]").nth(45).wait_for(state="attached", timeout=120_000)
    page.locator(".bars .likeliest").wait_for(timeout=120_000)
    page.screenshot(path=out)
    browser.close()
server.shutdown()
