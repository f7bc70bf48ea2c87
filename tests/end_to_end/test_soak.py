"""Hours of audio through `sernet-infer mic`, faster than they last: flat memory, no sample lost, no clock that drifts.

How much audio: SERNET_SOAK_H hours each, 0.4 by default. 24 hours take about a quarter of an hour each; run them with
`-s` to watch.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, BinaryIO

import numpy as np
import pytest

from sernet.export.stream_graph import streaming_bundle
from sernet.runtime.bundle import load_bundle
from sernet.runtime.recognizer import Recognizer

RATE = 16000
HOURS = float(os.environ.get("SERNET_SOAK_H", "0.4"))
NANO = Path(__file__).resolve().parents[2] / "models" / "emodb-nano-int8-float-io.tflite"

WARM_UP_S = 600
"""The interpreter, numpy and the C library's heap have reached their size by then."""
MOST_GROWTH_KB = 2048

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="resident memory is read from /proc"),
    pytest.mark.timeout(600 + HOURS * 600),
]


@pytest.fixture(scope="module")
def streaming(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The streaming form of the smallest network that is released."""
    path = tmp_path_factory.mktemp("stream") / "nano-stream.tflite"
    path.write_bytes(streaming_bundle(load_bundle(NANO)).model)
    return path


@pytest.fixture(scope="module")
def minutes(voice) -> bytes:
    """Some two minutes of PCM: turns of speech, pauses between them; no whole number of seconds, windows or blocks."""
    breath = np.random.default_rng(5)
    turns: list[np.ndarray] = []
    for seed, seconds in enumerate((3.1, 7.7, 1.3, 12.9, 4.2, 9.4)):
        turns.append(voice(seconds, pitch=110.0 + 40 * seed, seed=seed))
        turns.append(1e-3 * breath.standard_normal(round((14 - seed * 0.7) * RATE)))
    return np.rint(32767 * np.concatenate(turns)).astype("<i2").tobytes()


def pour(pcm: bytes, size: int, pipe: BinaryIO) -> None:
    """`size` bytes of `pcm`, over and over."""
    view = memoryview(pcm)
    with pipe:
        while size:
            size -= pipe.write(view[:size])


def resident_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def ends(model: Path, hop_s: float | None, samples: int) -> Iterator[int]:
    """Where the answers to a stream of so many samples end, in samples, by what the two recognisers promise."""
    bundle = load_bundle(model)
    hop = round(Recognizer(bundle, hop_s=hop_s).hop_s * RATE)
    if bundle.manifest.stream is None:
        first = bundle.window_samples
    else:  # a row is known with the third block, and a block's last frame is longer than a step
        front_end = bundle.manifest.front_end
        first = 3 * hop + front_end.frame_length - front_end.frame_step
    yield from range(first, samples + 1, hop)
    if (samples - first) % hop:
        yield samples


def soak(options: list[str], pcm: bytes, samples: int, check: Callable[[dict[str, Any]], None]) -> None:
    """Stream so many samples through the program; `check` sees every answer. Fails when memory grows."""
    command = [sys.executable, "-m", "sernet.runtime.cli", "mic", "--device", "-", "--json", "--no-profile", *options]
    begun, told = time.monotonic(), 0.0
    before, after = [], []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as live:
        assert live.stdin and live.stdout and live.stderr
        sender = threading.Thread(target=pour, args=(pcm, 2 * samples, live.stdin), daemon=True)
        sender.start()
        for line in live.stdout:
            answer = json.loads(line)
            assert answer["dropped"] == 0  # standard input waits for us
            check(answer)
            if told + 60 <= answer["end_s"] < samples / RATE - 60:
                told = answer["end_s"]
                (before if told <= WARM_UP_S else after).append(resident_kb(live.pid))
                if told % 3600 < 60:
                    print(
                        f"{told / 3600:6.2f} h of audio, {time.monotonic() - begun:6.0f} s, {after[-1:]} KB", flush=True
                    )
        assert live.wait(timeout=60) == 0, live.stderr.read().decode()
        sender.join(timeout=60)
    # Medians, for a reading may fall into an inference, which holds a few megabytes for a moment.
    start, end = median(before), median(after[-max(5, len(after) // 10) :])
    print(f"{options}: {HOURS:g} h in {time.monotonic() - begun:.0f} s; from {start:.0f} to {end:.0f} KB")
    assert end - start <= MOST_GROWTH_KB, f"resident memory grew by {end - start:.0f} KB; {before=} {after=}"


@pytest.mark.parametrize("kind", ["windows", "stream"])
def test_every_sample_of_hours_is_answered_for_in_flat_memory(kind: str, streaming: Path, minutes: bytes) -> None:
    model, hop_s = (NANO, 3.0) if kind == "windows" else (streaming, None)
    samples = round(HOURS * 3600 * RATE) + 4321  # no whole number of hops either
    expected = ends(model, hop_s, samples)

    def check(answer: dict[str, Any]) -> None:
        assert round(answer["end_s"] * RATE) == next(expected), f"an answer ends at {answer['end_s']} s"

    soak(["--model", str(model), *([] if hop_s is None else ["--hop", str(hop_s)])], minutes, samples, check)
    assert next(expected, None) is None, "the stream ended before its last sample was answered"


def test_hours_of_utterances_leave_no_trace(streaming: Path, minutes: bytes) -> None:
    """The same turns come again and again: each is answered at its place, within a frame of the voice gate's."""
    spans: list[tuple[float, float]] = []
    period, samples = len(minutes) // 2 / RATE, round(HOURS * 3600 * RATE)

    def check(answer: dict[str, Any]) -> None:
        assert answer["start_s"] >= (spans[-1][1] if spans else 0.0)
        spans.append((answer["start_s"], answer["end_s"]))

    soak(["--model", str(streaming), "--utterances"], minutes, samples, check)
    assert len(spans) > 5 * samples / RATE / period
    second = [span for span in spans if period <= span[0] and span[1] < 2 * period]
    rounds = int(samples / RATE / period)
    last = [span for span in spans if (rounds - 1) * period <= span[0] and span[1] < rounds * period]
    shift = (rounds - 2) * period
    np.testing.assert_allclose(np.array(last) - shift, second, atol=0.2)
