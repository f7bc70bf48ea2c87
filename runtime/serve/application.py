"""The server's routes."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from sernet.runtime.serve.access import Access, Guard
from sernet.runtime.serve.clip import predict
from sernet.runtime.serve.monitoring import Counted, health, metrics
from sernet.runtime.serve.page import Page, PageHeaders, model
from sernet.runtime.serve.refusal import Refusal, tell_refusal
from sernet.runtime.serve.service import Service
from sernet.runtime.serve.stream import stream


def application(service: Service, access: Access, *, on_start: Callable[[], None] = lambda: None) -> Starlette:
    """The ASGI application; `on_start` is called once it can answer.

    The page is the same for everybody and open to everybody; what computes, and the model, is for who has the token.
    """
    guarded = [Middleware(Guard, access=access)]

    @asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        on_start()
        yield
        service.end()

    app = Starlette(
        routes=[
            Route("/predict", predict, methods=["POST", "GET"], middleware=guarded),
            WebSocketRoute("/stream", stream, middleware=guarded),
            Route("/model.tflite", model, middleware=guarded),
            Route("/health", health),
            Route("/metrics", metrics, middleware=[] if access.loopback else guarded),
            Route("/{path:path}", Page()),
        ],
        middleware=[Middleware(Counted, metrics=service.metrics), Middleware(PageHeaders)],
        exception_handlers={Refusal: tell_refusal, HTTPException: _tell_error, Exception: _tell_failure},
        lifespan=life,
    )
    app.state.service = service
    app.state.access = access
    return app


async def _tell_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def _tell_failure(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "the server failed; its log says why"}, 500)
