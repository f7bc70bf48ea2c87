"""`POST /predict`: a clip in, its answer out."""

import asyncio
import dataclasses
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, BinaryIO

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from sernet.runtime.audio_file import AudioError, AudioTooLongError, read_audio
from sernet.runtime.bundle import Bundle
from sernet.runtime.clip_recognizer import ClipRecognizer
from sernet.runtime.errors import SernetError
from sernet.runtime.network import MAX_WHOLE_CLIP_S
from sernet.runtime.recognizer import Recognition
from sernet.runtime.serve.refusal import Refusal
from sernet.runtime.serve.service import Service

FIELD = "file"
"""The multipart field that holds the clip."""

# The rest of a body that was refused is not read.
_CLOSE = {"Connection": "close"}


async def predict(request: Request) -> Response:
    """The clip's answer, or with `?windows=1` those of all its windows; raises `Refusal`."""
    if request.method != "POST":
        raise Refusal(405, "bad_request", "POST an audio file here", {"Allow": "POST"})
    service: Service = request.app.state.service
    windows = {"0": False, "1": True}.get(request.query_params.get("windows", "0"))
    if windows is None:
        raise Refusal(400, "bad_request", "windows is 0 or 1")
    with service.clips.one(), tempfile.TemporaryDirectory(prefix="sernet-") as folder:
        path = Path(folder) / "clip"
        await _receive_clip(request, path, service)
        arrived_at = time.monotonic()
        longest_s = service.limits.clip_s if windows else min(service.limits.clip_s, MAX_WHOLE_CLIP_S)
        answers, seconds = await service.clip_threads.run(_answers, service.bundle, path, windows, longest_s)
    service.metrics.latency.labels("predict").observe(time.monotonic() - arrived_at)
    service.metrics.answers.labels("predict").inc(len(answers))
    service.metrics.audio.labels("predict").inc(seconds)
    told = [dataclasses.asdict(answer) for answer in answers]
    return JSONResponse({"windows": told} if windows else told[0])


def _answers(bundle: Bundle, path: Path, windows: bool, longest_s: float) -> tuple[list[Recognition], float]:
    """All answers of the file, and its seconds."""
    rate = bundle.manifest.front_end.sample_rate
    try:
        waveform = read_audio(path, rate, longest_s=longest_s)
        return list(ClipRecognizer(bundle, windows=windows).recognitions(waveform)), len(waveform) / rate
    except AudioTooLongError as error:
        hint = "" if windows else ": ?windows=1 takes longer ones"
        raise Refusal(413, "too_long", f"{_without_path(error, path)}{hint}") from None
    except AudioError as error:
        raise Refusal(400, "not_audio", _without_path(error, path)) from None
    except SernetError as error:
        raise Refusal(400, "unsuitable", str(error).replace("--windows", "?windows=1")) from None


def _without_path(error: AudioError, path: Path) -> str:
    return "the clip: " + str(error).removeprefix(f"{path}: ")


async def _receive_clip(request: Request, path: Path, service: Service) -> None:
    """Write the request's clip to `path`; raises `Refusal` when it is too large, too slow or not there."""
    patience_s = service.limits.patience_s
    try:
        async with asyncio.timeout(patience_s):
            with path.open("wb") as file:
                if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
                    await _copy_field(request, file, service.limits.body_bytes)
                else:
                    async for chunk in _body(request, service.limits.body_bytes):
                        file.write(chunk)
    except TimeoutError:
        raise Refusal(408, "too_slow", f"the body took longer than {patience_s:g} s", _CLOSE) from None
    except ClientDisconnect:
        raise Refusal(400, "left", "the client left before the clip was whole") from None


async def _body(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    too_large = Refusal(413, "too_large", f"the body may have {most} bytes at most", _CLOSE)
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > most:
        raise too_large
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise too_large
        yield chunk


async def _copy_field(request: Request, file: BinaryIO, most: int) -> None:
    try:
        form = await MultiPartParser(request.headers, _body(request, most), max_files=1, max_fields=8).parse()
    except MultiPartException as error:
        raise Refusal(400, "bad_request", f"the multipart body cannot be read: {error.message}", _CLOSE) from None
    try:
        field: Any = form.get(FIELD)
        if not isinstance(field, UploadFile):
            raise Refusal(400, "bad_request", f"the multipart body has no file in its field {FIELD!r}")
        await asyncio.to_thread(shutil.copyfileobj, field.file, file)
    finally:
        await form.close()
