"""Hostile files and messages give a result or one clear line: each target is fuzzed for a while, from real seeds.

How long, all together: SERNET_FUZZ_S seconds, 10 by default. An input that is a finding stays in build/fuzz.
"""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris", reason="the fuzzer is not installed: pip install atheris")

HERE = Path(__file__).resolve().parent
FINDINGS = HERE.parents[1] / "build" / "fuzz"
SECONDS = float(os.environ.get("SERNET_FUZZ_S", "10"))
TARGETS = ("audio_files", "bundles", "profiles", "streams")


@pytest.mark.timeout(SECONDS + 300)
@pytest.mark.parametrize("target", TARGETS)
def test_fuzzing_finds_nothing(target: str, tmp_path: Path) -> None:
    if target == "streams" and importlib.util.find_spec("sernet.runtime.serve") is None:
        pytest.skip("this version has no server")
    seeds, corpus, findings = tmp_path / "seeds", tmp_path / "corpus", FINDINGS / target
    for folder in (seeds, corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, HERE / f"{target}.py", "seeds", seeds], check=True, capture_output=True)
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
    # Linux hands the largest resident memory down to what a process starts: a shell in between has little of it.
    command = ["sh", "-c", '"$@"; exit $?', "sh", *command]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    print(target, *re.findall(r"stat::(\S+): +(\d+)", done.stderr)[:2])
    found = re.search(r"Test unit written to (\S+)", done.stderr)
    kept = "" if found is None else f"{found[1]} holds {Path(found[1]).read_bytes()[:300]!r}\n"
    assert done.returncode == 0, kept + done.stdout[-3000:] + done.stderr[-3000:]
    assert int(re.findall(r"number_of_executed_units: +(\d+)", done.stderr)[0]) > len(list(seeds.iterdir()))
