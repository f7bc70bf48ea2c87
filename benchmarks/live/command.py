"""What `sernet-infer` costs a device: processor time per second of audio, and the time to a first answer.

The program itself hears recordings of EMO-DB (noise without the corpus), once with sliding windows and once with the
streaming form of the same model, which answer as often, in turns; voice gate and output are part of it."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sernet.runtime.errors import SernetError

if TYPE_CHECKING:
    from sernet.benchmarks.live.measurement import LiveCosts
    from sernet.benchmarks.tables import Table
    from sernet.training.result import Result

EXAMPLES = ["sernet live", "sernet live --model models/emodb-nano-int8-float-io.tflite --json"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, help="bundle to measure (default: the model inside the package)")
    parser.add_argument("--repetitions", type=int, default=11, metavar="N", help="of each measurement (default 11)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: build/live/MODEL)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    if args.repetitions < 1:
        raise SernetError("at least one repetition is needed: give --repetitions 1 or more")
    from rich.console import Console

    from sernet.benchmarks.live.measurement import measure
    from sernet.benchmarks.tables import show
    from sernet.runtime.bundle import load_bundle
    from sernet.training.progress import progress_bar

    bundle = load_bundle(args.model)
    name = bundle.manifest.name if args.model is None else args.model.stem
    with progress_bar(visible=not args.json) as bar:
        task = bar.add_task("live", total=args.repetitions + 1, figures="")
        costs = measure(bundle, args.repetitions, lambda: bar.advance(task))
    result = _result(name, costs)
    result.save((args.out or Path("build") / "live" / name) / "result.json")
    if args.json:
        print(json.dumps(result.to_json()))
    else:
        show(Console(), [_table(name, costs)], titled=True)
    return 0


def _table(name: str, costs: "LiveCosts") -> "Table":
    import numpy as np

    from sernet.benchmarks.live.measurement import medians
    from sernet.benchmarks.tables import Table

    middle = medians(costs)

    def spread(values: list[float], digits: int, factor: float = 1) -> str:
        scaled = factor * np.array(values)
        return f"{np.median(scaled):.{digits}f} [{scaled.min():.{digits}f}, {scaled.max():.{digits}f}]"

    rows = [
        (way, spread(shares, 2, 100), f"{middle[way] / middle['sliding windows']:.2f}")
        for way, shares in costs.shares.items()
    ]
    title = (
        f"{name}, {costs.corpus}: processor time as a share of one core; medians [least, most] of {len(costs.starts)}. "
        f"From starting sernet-infer file to its answer: {spread(costs.starts, 3)} s"
    )
    return Table(title, ("live", "core, %", "to sliding windows"), tuple(rows))


def _result(name: str, costs: "LiveCosts") -> "Result":
    import numpy as np

    from sernet.benchmarks.live.measurement import medians
    from sernet.training.result import Result

    middle = medians(costs)
    values: list[dict[str, Any]] = [
        {"way": way, "metric": "processor time by second of audio median", "value": share, "n": len(costs.starts)}
        for way, share in middle.items()
    ]
    values += [
        {"metric": "streaming to sliding windows ratio", "value": middle["streaming"] / middle["sliding windows"]},
        {"metric": "start to answer median", "unit": "s", "value": float(np.median(costs.starts))},
    ]
    return Result(
        what="live",
        subject=name,
        protocol="none: cost alone",
        corpus=costs.corpus,
        n=len(costs.starts),
        seed=0,
        values=values,
        details={"processor time by second of audio": costs.shares, "start to answer, s": costs.starts},
    )
