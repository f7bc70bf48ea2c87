"""Measure anew what must not get worse, and compare it with the committed baseline.

Bytes and work of every released file; of the C engine with the largest model on a Cortex-M4 and with the smallest on a
Cortex-M0+, under QEMU: memory, flash, instructions, and whether it answers noise as the reference kernels do. What got
worse is named, with exit code 1. No corpus is needed. A change that is meant is committed with a renewed baseline."""

import argparse
import json
from pathlib import Path

BASELINE = Path(__file__).resolve().parents[2] / "results" / "baseline.json"

EXAMPLES = ["sernet bench gate", "sernet bench gate --renew"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--baseline",
        type=Path,
        default=BASELINE,
        metavar="FILE",
        help="what it is compared with (default: results/baseline.json of the clone)",
    )
    parser.add_argument("--renew", action="store_true", help="write what is measured as the baseline")
    parser.add_argument("--json", action="store_true", help="print what was measured, and the judgement, as JSON")


def run(args: argparse.Namespace) -> int:
    baseline = None if args.renew else _baseline(args.baseline)
    from sernet.training.backend import import_quietly

    import_quietly()
    from sernet.benchmarks.suite.material import MODELS
    from sernet.benchmarks.tracking import bar_tracker
    from sernet.benchmarks.trust.deterministic import measure
    from sernet.benchmarks.trust.gate import judge, other_versions
    from sernet.training.progress import progress_bar

    with progress_bar(visible=not args.json) as bar:
        result = measure(MODELS, bar_tracker(bar))
    if baseline is None:
        result.save(args.baseline)
        print(
            json.dumps(result.to_json())
            if args.json
            else f"{args.baseline}: {len(result.values)} figures; now `sernet bench readme`"
        )
        return 0
    judgement = judge(baseline, result.values)
    if args.json:
        print(json.dumps(result.to_json() | {"regressions": judgement.regressions, "better": judgement.better}))
        return 1 if judgement.regressions else 0
    for said in judgement.better:
        print(f"better: {said}: `sernet bench gate --renew` keeps it so")
    for said in judgement.regressions:
        print(f"regression: {said}")
    if judgement.regressions:
        for said in other_versions(baseline, result.details["versions"]):
            print(f"another program: {said}")
        return 1
    print(f"{len(result.values)} figures are as in {args.baseline}, or better")
    return 0


def _baseline(path: Path) -> dict:
    from sernet.benchmarks.trust.document import read_result
    from sernet.runtime.errors import SernetError

    content = read_result(path)
    if content["what"] != "deterministic":
        raise SernetError(f"{path} is of {content['what']}, no baseline: `sernet bench gate --renew` makes one")
    return content
