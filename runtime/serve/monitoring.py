"""`GET /health` and `GET /metrics`, and the counting of requests."""

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import sernet
from sernet.runtime.serve.access import Access
from sernet.runtime.serve.metrics import Metrics
from sernet.runtime.serve.service import Service

# Others are counted as one: a path is the client's own words, and there are endlessly many.
_PATHS = frozenset({"/predict", "/stream", "/model.tflite", "/health", "/metrics"})


async def health(request: Request) -> Response:
    """That the server lives; how it does is told to who may use it, or on a machine's own address to all."""
    service: Service = request.app.state.service
    access: Access = request.app.state.access
    if not (access.loopback or access.shows_token(request)):
        return JSONResponse({"status": "ok"})
    return JSONResponse(
        {
            "status": "ok",
            "model": service.bundle.manifest.name,
            "version": sernet.__version__,
            "uptime_s": round(service.uptime_s, 3),
            "clients": service.streams.taken,
            "max_clients": service.streams.count,
        }
    )


async def metrics(request: Request) -> Response:
    """All counters, in Prometheus's text format."""
    service: Service = request.app.state.service
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)


class Counted:
    """Middleware that counts requests by path and status."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"] if scope.get("path") in _PATHS else "page"

        async def send_and_count(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                self._metrics.requests.labels(path, message["status"]).inc()
            elif message["type"] == "websocket.accept":
                self._metrics.requests.labels(path, 101).inc()
            await send(message)

        await self._app(scope, receive, send_and_count)
