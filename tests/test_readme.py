"""The README is a product: its commands parse, its targets and links exist, and its figures are the shipped model's."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from sernet.benchmarks.trust.generated import stale
from sernet.cli import VERBS as HOST_VERBS
from sernet.runtime.bundle import load_bundle
from sernet.runtime.cli import VERBS as DEVICE_VERBS
from sernet.runtime.command_line import program_parser
from sernet.training.budget import cost
from sernet.training.config import load_preset

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
PROGRAMS = {"sernet": HOST_VERBS, "sernet-infer": DEVICE_VERBS}
CODE = [line.strip().removeprefix("$ ") for line in README.splitlines() if line.startswith("    ")]
CODE += re.findall(r"`(sernet[^`]*|\.venv/bin/[^`]*|make [^`]*)`", README)


def commands(program: str) -> list[str]:
    return sorted({line for line in CODE if re.match(rf"(\.venv/bin/)?{program} [a-z-]", line)})


@pytest.mark.parametrize(("program", "line"), [(p, line) for p in PROGRAMS for line in commands(p)])
def test_every_command_parses(program: str, line: str):
    words = shlex.split(line, comments=True)[1:]
    parser = program_parser(program, "", PROGRAMS[program], words[0])
    if words[-1] == "--help" or words == ["data"] or (len(words) == 1 and program == "sernet"):
        return  # named in prose
    parser.parse_args(words)


def test_every_make_target_exists():
    lines = {re.sub(r"^(\w+=\S+ )*", "", line) for line in CODE}
    made = [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("make ")]
    targets = {word for words in made for word in words if re.fullmatch(r"[a-z0-9-]+", word)}
    assert {"demo", "test", "train", "export-int8", "bench", "lint", "clean", "lock", "setup"} <= targets
    for target in targets:
        done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, f"make {target}: {done.stderr}"


def test_links_to_files_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


def test_the_shipped_models_accuracy_is_the_readmes():
    headline = load_bundle().manifest.accuracy[0]
    (row,) = [line for line in README.splitlines() if line.startswith("| `sernet`, int8 | loso-calibrated |")]
    interval = f"[{headline['low'] * 100:.1f}, {headline['high'] * 100:.1f}]"
    assert headline["metric"] == "UA" and f"{headline['value'] * 100:.1f} {interval}" in row


def test_the_multiplications_of_the_presets_are_the_readmes():
    text = " ".join(README.split())
    sernet, small, nano = (
        f"{cost(load_preset(name).widths, 184, 40, 7).macs / 1e6:.1f} M"
        for name in ("sernet", "sernet-small", "sernet-nano")
    )
    assert f"`sernet-small` needs {small} multiplications for 3 s instead of {sernet}, and `sernet-nano` {nano}" in text


def test_generated_parts_are_what_the_results_make_of_them():
    """Tables, the picture of enrolment, and checksums: none is typed, and none is older than the results."""
    assert not stale(ROOT), "the results have changed, or a hand has been at what is generated: run `make readme`"
