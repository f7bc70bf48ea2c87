"""Hostile files and messages give a result or one clear line: each target is fuzzed for a while, from real seeds.

How long, all together: SERNET_FUZZ_S seconds, 10 by default. An input that is a finding stays in build/fuzz.
"""

import dataclasses
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("atheris", reason="the fuzzer is not installed: pip install atheris")

HERE = Path(__file__).resolve().parent
FINDINGS = HERE.parents[1] / "build" / "fuzz"
SECONDS = float(os.environ.get("SERNET_FUZZ_S", "10"))
RATE = 16000


def audio_seeds(folder: Path) -> None:
    """A tenth of a second in every format that is read."""
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE // 10) / RATE)
    both = np.stack([tone, -tone], axis=1)
    for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "IMA_ADPCM"):
        soundfile.write(folder / f"{subtype}.wav", both, RATE, subtype)
    soundfile.write(folder / "other-rate.wav", tone, 44100)
    for name in ("a.flac", "a.ogg", "a.mp3", "a.aiff", "a.au", "a.caf", "a.w64", "a.rf64"):
        soundfile.write(folder / name, tone, RATE)
    soundfile.write(folder / "a.opus", tone, RATE, "OPUS", format="OGG")


def bundle_seeds(folder: Path) -> None:
    """The descriptions of a network for windows and of one that streams."""
    sys.path.insert(0, str(HERE))
    import bundles

    for kind, (_, behind) in enumerate(bundles.PAIRS):
        (folder / f"{kind}").write_bytes(bytes([kind]) + behind)


def profile_seeds(folder: Path) -> None:
    """Profiles of a voice, with what is known of its leaning and without."""
    from sernet.runtime.bundle import load_bundle
    from sernet.runtime.leaning import Leaning
    from sernet.runtime.normalisation import Heard
    from sernet.runtime.profile import Profile

    bundle = load_bundle(HERE.parents[1] / "models" / "emodb-nano-int8-float-io.tflite")
    front_end = bundle.manifest.front_end
    plain = Profile.of(Heard(1234.5, np.linspace(-9e3, 9e3, front_end.feature_count)), 19.75, front_end)
    leaning = Leaning(7.0, np.linspace(-1, 1, len(bundle.manifest.labels)))
    plain.save(folder / "plain.json")
    dataclasses.replace(plain, leaning=leaning, model=bundle.fingerprint).save(folder / "varied.json")


def stream_seeds(folder: Path) -> None:
    """Conversations in both modes, at the model's rate and another, and clients that are refused."""
    sys.path.insert(0, str(HERE))
    import streams

    tone = np.rint(9000 * np.sin(2 * np.pi * 440 * np.arange(4 * RATE) / RATE)).astype("<i2").tobytes()
    pieces = [tone[start : start + 8000] for start in range(0, len(tone), 8000)]
    token = f"token={streams.TOKEN}"
    for number, (query, messages) in enumerate(
        [
            (token, ["end"]),
            (f"{token}&rate=8000", [*pieces[:8], "end"]),
            (f"{token}&rate=4000&mode=utterance", [*pieces[:4], bytes(16000), "end"]),
            (f"{token}&mode=continuous", [b"\0", "stop"]),
            (f"{token}&rate=1&mode=loud", []),
            ("", [b"\0\0"]),
        ]
    ):
        (folder / f"{number}").write_bytes(streams.packed(query, messages))


TARGETS: dict[str, Callable[[Path], None]] = {
    "audio_files": audio_seeds,
    "bundles": bundle_seeds,
    "profiles": profile_seeds,
    "streams": stream_seeds,
}


@pytest.mark.timeout(SECONDS + 300)
@pytest.mark.parametrize("target", TARGETS)
def test_fuzzing_finds_nothing(target: str, tmp_path: Path) -> None:
    if target == "streams" and importlib.util.find_spec("sernet.runtime.serve") is None:
        pytest.skip("this version has no server")
    seeds, corpus, findings = tmp_path / "seeds", tmp_path / "corpus", FINDINGS / target
    for folder in (seeds, corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    TARGETS[target](seeds)
    options = [
        f"-max_total_time={max(1, round(SECONDS / len(TARGETS)))}",
        "-max_len=32768",
        "-timeout=60",  # of the clock, for what never ends; the harness measures processor time
        "-rss_limit_mb=1024",
        "-keep_seed=1",  # no seed of libsndfile's formats reaches other lines of ours than the next
        "-print_final_stats=1",
        f"-artifact_prefix={findings}/",
    ]
    command = [sys.executable, HERE / f"{target}.py", *options, corpus, seeds]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    print(target, *re.findall(r"stat::(\S+): +(\d+)", done.stderr)[:2])
    found = re.search(r"Test unit written to (\S+)", done.stderr)
    kept = "" if found is None else f"{found[1]} holds {Path(found[1]).read_bytes()[:300]!r}\n"
    assert done.returncode == 0, kept + done.stdout[-3000:] + done.stderr[-3000:]
    assert int(re.findall(r"number_of_executed_units: +(\d+)", done.stderr)[0]) > len(list(seeds.iterdir()))
