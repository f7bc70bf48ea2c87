"""Hours of audio through `sernet-infer mic`, faster than they last: memory stays flat, no sample is lost, no clock drifts.

How much audio: SERNET_SOAK_H hours for each kind of network, 0.5 by default. 24 hours take some ten minutes each; run
them with `-s` to watch.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from sernet.export.stream_graph import streaming_bundle
from sernet.runtime.bundle import load_bundle
from sernet.runtime.recognizer import Recognizer

RATE = 16000
HOURS = float(os.environ.get("SERNET_SOAK_H", "0.5"))
NANO = Path(__file__).resolve().parents[2] / "models" / "emodb-nano-int8-float-io.tflite"

WARM_UP_S = 600
"""The interpreter, numpy and the C library's heap have reached their size by then."""
MOST_GROWTH_KB = 2048

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="resident memory is read from /proc"),
    pytest.mark.timeout(600 + HOURS * 600),
]


@pytest.fixture(scope="module", params=["windows", "stream"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest network that is released, and its streaming form."""
    if request.param == "windows":
        return NANO
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


def test_hours_of_audio_leave_no_trace(model: Path, minutes: bytes) -> None:
    hop_s = 3.0 if model == NANO else None
    samples = round(HOURS * 3600 * RATE) + 4321  # no whole number of hops either
    command = [sys.executable, "-m", "sernet.runtime.cli", "mic", "--device", "-", "--json", "--no-profile"]
    command += ["--model", str(model), *([] if hop_s is None else ["--hop", str(hop_s)])]
    begun = time.monotonic()
    expected = ends(model, hop_s, samples)
    before, after, told = [], [], 0.0
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as live:
        assert live.stdin and live.stdout and live.stderr
        sender = threading.Thread(target=pour, args=(minutes, 2 * samples, live.stdin), daemon=True)
        sender.start()
        for number, line in enumerate(live.stdout):
            answer = json.loads(line)
            end = round(answer["end_s"] * RATE)
            assert end == next(expected), f"answer {number} ends at {answer['end_s']} s"
            assert answer["dropped"] == 0  # standard input waits for us
            if end < samples and answer["end_s"] >= told + 60:
                told = answer["end_s"]
                (before if told <= WARM_UP_S else after).append(resident_kb(live.pid))
                if told % 3600 < 60:
                    print(f"{told / 3600:6.2f} h of audio, {time.monotonic() - begun:6.0f} s, {after[-1:]} KB", flush=True)
        assert live.wait(timeout=60) == 0, live.stderr.read().decode()
        sender.join(timeout=60)
    assert next(expected, None) is None, "the stream ended before its last sample was answered"
    growth = max(after) - max(before)
    print(f"{model.name}: {HOURS:g} h in {time.monotonic() - begun:.0f} s; {max(before)} KB, growth {growth} KB")
    assert growth <= MOST_GROWTH_KB, f"resident memory grew by {growth} KB; {before=} {after=}"
