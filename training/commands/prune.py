"""Make a narrower network of a trained one: its most important filters stay, and are trained on.

The result is a run like any other, on the same clips. The wider network goes on teaching it: a share of each target is
what that one answers. A run that was interrupted goes on when the same command is given again."""

import argparse
import dataclasses
import json
from pathlib import Path

EXAMPLES = [
    "sernet prune runs/emodb-sernet --max-macs 40e6",
    "sernet prune runs/emodb-sernet --max-macs 24e6 --max-bytes 64000 --out runs/emodb-nano",
    "sernet prune runs/emodb-sernet --max-ram 16384 --epochs 80 --distillation 0",
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("run", type=Path, metavar="RUN", help="folder of a finished training")
    add("--method", choices=("channels",), default="channels", help="what is pruned: whole filters (default)")
    add("--max-macs", type=float, metavar="N", help="multiplications of one window, at most")
    add("--max-bytes", type=float, metavar="N", help="bytes of int8 weights, at most")
    add("--max-ram", type=float, metavar="N", help="bytes that an engine keeps which computes a row at a time, at most")
    add("--epochs", type=int, default=40, help="of training on (default: 40)")
    add("--learning-rate", type=float, default=1e-3, help="highest of them (default: 0.001)")
    add("--distillation", type=float, default=0.5, metavar="S", help="the wider network's share (default: 0.5)")
    add("--out", type=Path, metavar="RUN", help="run folder (default: RUN-pruned)")
    add("--quiet", action="store_true", help="show no progress")
    add("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    from sernet.runtime.errors import SernetError
    from sernet.training.backend import import_quietly

    import_quietly()
    from sernet.training.budget import Budget, cost, widest
    from sernet.training.evaluation import evaluate_run
    from sernet.training.progress import training_progress
    from sernet.training.run import Run
    from sernet.training.trainer import train

    if args.max_macs is args.max_bytes is args.max_ram is None:
        raise SernetError("say how small it must become: --max-macs, --max-bytes or --max-ram")
    wider = Run.open(args.run)
    front_end, labels = wider.config.front_end, len(wider.labels)
    wider.model  # noqa: B018 - an unfinished training is told of now
    frames = front_end.frame_count(front_end.sample_count(wider.config.input_duration))
    shape = frames, front_end.feature_count, labels
    widths = widest(Budget(args.max_macs, args.max_bytes, args.max_ram), *shape)
    config = dataclasses.replace(
        wider.config,
        widths=widths,
        pruned_from=str(args.run.resolve()),
        distillation=args.distillation,
        schedule="one_cycle",
        epochs=args.epochs,
        learning_rate=args.learning_rate,
        average_epochs=min(wider.config.average_epochs, max(1, args.epochs // 4)),
    )
    folder = args.out or args.run.with_name(f"{args.run.resolve().name}-pruned")
    pruned = Run(folder, config, wider.labels, wider.corpus, wider.split)
    pruned.begin()
    if not pruned.finished:
        with training_progress(config.epochs, visible=not args.quiet) as progress:
            history = train(pruned, on_features=progress.features, on_epoch=progress.epoch)
        evaluate_run(pruned, history)
    before, after = cost(wider.config.widths, *shape), cost(widths, *shape)
    if args.json:
        print(json.dumps(pruned.result | {"widths": widths, "cost": dataclasses.asdict(after)}))
        return 0
    units = {"macs": "multiplications", "weight_bytes": "bytes of weights", "state_bytes": "bytes of state"}
    for name, unit in units.items():
        print(f"{getattr(before, name):>13,} -> {getattr(after, name):>11,} {unit}")
    for item in pruned.result["values"]:
        print(f"  {item['metric']:12}{item['value']:.3f}")
    print(f"filters: {', '.join(map(str, widths))}\nrun: {folder}")
    return 0
