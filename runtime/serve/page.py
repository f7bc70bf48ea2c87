"""The web page, its files and the model that it runs, and the headers that they need."""

import mimetypes
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import sernet.runtime
from sernet.runtime.serve.access import COOKIE, Access
from sernet.runtime.serve.service import Service

FOLDER = Path(sernet.runtime.__file__).parent / "web" / "dist"
"""Where the built page is."""

HEADERS = {
    # Threads in WebAssembly share memory, which browsers allow only to a page that is isolated from all others.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Nothing comes from elsewhere, and nothing goes there.
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "worker-src 'self' blob:",
            "img-src 'self' data:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sernet</title>
<h1>Sernet</h1>
<p>The web page was not built: run <code>make web</code>. The rest of the server works without it:
<code>POST /predict</code>, <code>/stream</code> (websocket), <code>/model.tflite</code>, <code>/health</code>,
<code>/metrics</code>.</p></html>
"""

# What the system's tables may lack.
_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".tflite": "application/octet-stream",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
}


class PageHeaders:
    """Middleware that gives every response `HEADERS`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def page_files() -> ASGIApp:
    """The folder of the page, or a line that says that it was not built."""
    for suffix, kind in _TYPES.items():
        mimetypes.add_type(kind, suffix)
    if (FOLDER / "index.html").is_file():
        return StaticFiles(directory=FOLDER, html=True)

    async def not_built(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/":
            raise HTTPException(404)
        await HTMLResponse(_NOT_BUILT)(scope, receive, send)

    return not_built


class Page:
    """The page for a browser. Opened as `/?token=...` it keeps the token in a cookie, and off the address bar."""

    def __init__(self) -> None:
        self._files = page_files()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        access: Access = request.app.state.access
        token = request.query_params.get("token")
        if scope["path"] != "/" or token is None or not access.is_token(token):
            await self._files(scope, receive, send)
            return
        response = RedirectResponse("/", 303)
        secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, token, secure=secure, httponly=True, samesite="strict")
        await response(scope, receive, send)


async def model(request: Request) -> Response:
    """`GET /model.tflite`: the bundle that is served; not again to a browser that has it."""
    service: Service = request.app.state.service
    tag = f'"{service.bundle.fingerprint}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(service.bundle.model, headers=headers, media_type=_TYPES[".tflite"])
