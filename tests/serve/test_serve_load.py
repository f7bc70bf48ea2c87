"""Fifty clients at once, in real time, beside clients that mean no good: none is dropped, every answer is right.

The clients do not ping, as browsers do not: on a machine that cannot keep up, a pong comes as late as the answers do.
SERNET_LONG=1 runs it for a minute; SERNET_LOAD_MODEL names another model than the nano one. How fast the answers come
is printed, not judged: that depends on what else the machine does.
"""

import asyncio
import contextlib
import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from sernet.runtime.bundle import load_bundle
from sernet.runtime.live.session import LiveSession
from tests.serve.conftest import MODEL, RATE, Server, Start

CLIENTS = 50
SECONDS = 60 if os.environ.get("SERNET_LONG") == "1" else 8
BLOCK = RATE // 20
TOKEN = "correct-horse-battery-staple_42"
USED_MODEL = Path(os.environ.get("SERNET_LOAD_MODEL", MODEL))


@dataclass
class Heard:
    """What one client got."""

    answers: list[dict[str, Any]]
    latencies_s: list[float]
    close_code: int | None


def speech(voice: Callable[..., np.ndarray], seed: int) -> np.ndarray:
    """Samples, int16: what a client says."""
    return np.rint(voice(SECONDS, pitch=120.0 + 40 * seed, seed=seed) * 32767).astype("<i2")


def right_answers(samples: np.ndarray) -> list[dict[str, Any]]:
    session = LiveSession(load_bundle(USED_MODEL))
    answers = session.accept(samples / np.float32(32768)) + session.finish()
    return [without_latency(json.loads(json.dumps(answer.to_json()))) for answer in answers]


def without_latency(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "latency_ms"}


def stream(server: Server, query: str = f"?token={TOKEN}") -> connect:
    return connect(f"ws://127.0.0.1:{server.port}/stream{query}", proxy=None, open_timeout=60, ping_interval=None)


async def talk(server: Server, samples: np.ndarray, delay_s: float, heard: Heard) -> None:
    """One client: a block every 50 ms of the clock, however long the answers take."""
    await asyncio.sleep(delay_s)
    sent_at: list[float] = []  # of each block

    async def listen(client: ClientConnection) -> None:
        async for line in client:
            answer = json.loads(line)
            last = min(round(answer["end_s"] * RATE), len(samples)) - 1
            heard.latencies_s.append(time.monotonic() - sent_at[last // BLOCK])
            heard.answers.append(without_latency(answer))

    async with stream(server) as client:
        listening = asyncio.create_task(listen(client))
        began = time.monotonic()
        for number, start in enumerate(range(0, len(samples), BLOCK)):
            await asyncio.sleep(began + (number + 1) * BLOCK / RATE - time.monotonic())
            sent_at.append(time.monotonic())
            await client.send(samples[start : start + BLOCK].tobytes())
        await client.send("end")
        await listening
        heard.close_code = client.close_code


async def oversize(server: Server) -> None:
    async with stream(server) as client:
        with contextlib.suppress(ConnectionClosed):
            await client.send(bytes(2**20))
        await client.wait_closed()
    assert client.close_code == 1009


async def unauthorised(server: Server) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await stream(server, f"?token={TOKEN}x").__aenter__()
    assert refused.value.response.status_code == 401


async def garbage(server: Server) -> None:
    async with stream(server) as client:
        await client.send(random.randbytes(999))
        await client.wait_closed()
    assert client.close_code == 1007
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(random.randbytes(3000) + b"\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        await writer.drain()
    writer.close()


async def slow(server: Server) -> None:
    """A byte a second of a request that will never be whole."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n")
    writer.write(f"Authorization: Bearer {TOKEN}\r\n\r\n".encode())
    while True:
        await asyncio.sleep(1)
        writer.write(b"R")


async def again_and_again(act: Callable[[Server], Any], server: Server) -> None:
    while True:
        await act(server)
        await asyncio.sleep(1)


async def crowd(server: Server, speeches: list[np.ndarray], enough: int) -> tuple[list[Heard], list[float]]:
    """What all clients got, and the server's memory in MB: before, once all have got `enough` answers, and at the end.

    By then all are connected, and what a busy machine has not heard yet fills the buffers that it may fill.
    """
    heard = [Heard([], [], None) for _ in range(CLIENTS)]
    memory = [server.resident_mb()]

    async def watch() -> None:
        while min(len(one.answers) for one in heard) < enough:
            await asyncio.sleep(0.1)
        memory.append(server.resident_mb())
        while True:
            memory[2:] = [server.resident_mb()]
            await asyncio.sleep(0.5)

    beside = [asyncio.create_task(again_and_again(act, server)) for act in (oversize, unauthorised, garbage, slow)]
    beside.append(asyncio.create_task(watch()))
    numbered = enumerate(heard)
    await asyncio.gather(*(talk(server, speeches[k % len(speeches)], k / CLIENTS, one) for k, one in numbered))
    for task in beside:
        assert not task.done(), task
        task.cancel()
    return heard, memory


@pytest.mark.timeout(600)
def test_fifty_clients_are_answered_whatever_others_do(start_server: Start, voice: Callable[..., np.ndarray]) -> None:
    speeches = [speech(voice, seed) for seed in range(5)]
    rights = [right_answers(samples) for samples in speeches]
    with start_server("--model", USED_MODEL, SERNET_TOKEN=TOKEN) as server:
        heard, memory = asyncio.run(crowd(server, speeches, enough=len(rights[0]) // 2))
        used_s = sum(os.times()[:2])
        cpu = sum(int(part) for part in Path(f"/proc/{server.process.pid}/stat").read_text().split()[13:15]) / 100
    assert [one.close_code for one in heard] == [1000] * CLIENTS
    for number, one in enumerate(heard):
        assert one.answers == rights[number % len(rights)]
    latencies = np.concatenate([one.latencies_s for one in heard])
    p50, p95, p99 = np.percentile(1000 * latencies, (50, 95, 99))
    before, warm, after = memory
    print(
        f"\n{CLIENTS} clients, {SECONDS} s, {USED_MODEL.name}: {len(latencies)} answers; from the last sample sent to "
        f"the answer read p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms; server {cpu:.1f} s of CPU, clients "
        f"{used_s:.1f} s; memory {before:.0f} MB alone, {warm:.0f} MB warm, {after:.0f} MB at the end "
        f"({(warm - before) / CLIENTS:.2f} MB a client)"
    )
    assert after - warm < 0.5 * CLIENTS  # a second holds 1.6 MB of what they say
