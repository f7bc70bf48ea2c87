"""What a client is told that is not served."""

from collections.abc import Mapping

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response


class Refusal(Exception):
    """A request that is not answered: told as JSON with an HTTP status, also where a websocket was asked for.

    Args:
        status: HTTP status.
        reason: one word of `sernet_refused_total`.
        message: one line for people.
        headers: further headers of the response.
    """

    def __init__(self, status: int, reason: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.headers = headers


async def tell_refusal(connection: HTTPConnection, error: Exception) -> Response:
    """The response to a `Refusal`, which is counted."""
    assert isinstance(error, Refusal)
    connection.app.state.service.metrics.refused.labels(error.reason).inc()
    return JSONResponse({"error": str(error)}, error.status, error.headers)
