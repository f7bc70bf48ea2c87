"""Make a smaller network of a trained one, and train it on.

channels: its most important filters stay; saves time, memory and bytes. magnitude and 2:4: its smallest weights become
zero; saves bytes in a compressed download alone. The result is a run like any other, on the same clips. The network it
was made of goes on teaching it: a share of each target is what that one answers. A run that was interrupted goes on
when the same command is given again."""

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

from sernet.runtime.errors import SernetError

EXAMPLES = [
    "sernet prune runs/emodb-sernet --max-macs 40e6",
    "sernet prune runs/emodb-sernet --max-macs 24e6 --max-bytes 64000 --out runs/emodb-nano",
    "sernet prune runs/emodb-sernet --max-ram 16384 --epochs 80 --distillation 0",
    "sernet prune runs/emodb-sernet --method magnitude --sparsity 0.8",
    "sernet prune runs/emodb-sernet --method 2:4",
]

SPARSITY = 0.8
"""Share of the weights that magnitude pruning sets to zero where nothing else is said."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("run", type=Path, metavar="RUN", help="folder of a finished training")
    add(
        "--method",
        choices=("channels", "magnitude", "2:4"),
        default="channels",
        help="what is pruned: whole filters (default), the smallest weights, or two of each four weights",
    )
    add("--max-macs", type=float, metavar="N", help="channels: multiplications of one window, at most")
    add("--max-bytes", type=float, metavar="N", help="channels: bytes of int8 weights, at most")
    add("--max-ram", type=float, metavar="N", help="channels: bytes of a row-by-row engine's state, at most")
    add("--sparsity", type=float, metavar="S", help=f"magnitude: share of weights at zero (default: {SPARSITY})")
    add("--epochs", type=int, default=40, help="of training on (default: 40)")
    add("--learning-rate", type=float, default=1e-3, help="highest of them (default: 0.001)")
    add("--distillation", type=float, default=0.5, metavar="S", help="the wider network's share (default: 0.5)")
    add("--out", type=Path, metavar="RUN", help="run folder (default: RUN-pruned)")
    add("--quiet", action="store_true", help="show no progress")
    add("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    from sernet.training.backend import import_quietly

    import_quietly()
    from sernet.training.budget import cost
    from sernet.training.evaluation import evaluate_run
    from sernet.training.progress import training_progress
    from sernet.training.run import Run
    from sernet.training.trainer import train

    _check(args)
    wider = Run.open(args.run)
    front_end, labels = wider.config.front_end, len(wider.labels)
    wider.model  # noqa: B018 - an unfinished training is told of now
    frames = front_end.frame_count(front_end.sample_count(wider.config.input_duration))
    shape = frames, front_end.feature_count, labels
    config = dataclasses.replace(
        wider.config,
        pruned_from=str(args.run.resolve()),
        distillation=args.distillation,
        schedule="one_cycle",
        epochs=args.epochs,
        learning_rate=args.learning_rate,
        average_epochs=min(wider.config.average_epochs, max(1, args.epochs // 4)),
        **_smaller(args, shape),
    )
    folder = args.out or args.run.with_name(f"{args.run.resolve().name}-pruned")
    pruned = Run(folder, config, wider.labels, wider.corpus, wider.split)
    pruned.begin()
    if not pruned.finished:
        with training_progress(config.epochs, visible=not args.quiet) as progress:
            history = train(pruned, on_features=progress.features, on_epoch=progress.epoch)
        evaluate_run(pruned, history)
    widths = config.widths
    before, after = cost(wider.config.widths, *shape), cost(widths, *shape)
    if args.json:
        more = {"widths": widths, "sparsity": config.sparsity, "cost": dataclasses.asdict(after)}
        print(json.dumps(pruned.result | more))
        return 0
    units = {"macs": "multiplications", "weight_bytes": "bytes of weights", "state_bytes": "bytes of state"}
    for name, unit in units.items():
        print(f"{getattr(before, name):>13,} -> {getattr(after, name):>11,} {unit}")
    for item in pruned.result["values"]:
        print(f"  {item['metric']:12}{item['value']:.3f}")
    if config.sparsity:
        print(f"zeros: {config.sparsity:.0%} of the weights, a gain for compressed files alone")
    print(f"filters: {', '.join(map(str, widths))}\nrun: {folder}")
    return 0


def _check(args: argparse.Namespace) -> None:
    """Raises SernetError for options that do not go together."""
    budget = [args.max_macs, args.max_bytes, args.max_ram]
    if args.method == "channels" and budget == [None] * 3:
        raise SernetError("say how small it must become: --max-macs, --max-bytes or --max-ram")
    if args.method != "channels" and budget != [None] * 3:
        raise SernetError(f"{args.method} removes no filters: leave out --max-macs, --max-bytes and --max-ram")
    if args.method != "magnitude" and args.sparsity is not None:
        raise SernetError("--sparsity is of --method magnitude: leave it out")
    if args.sparsity is not None and not 0 < args.sparsity < 1:
        raise SernetError(f"--sparsity must lie between 0 and 1, not {args.sparsity:g}")


def _smaller(args: argparse.Namespace, shape: tuple[int, int, int]) -> dict[str, Any]:
    """The settings in which the pruned run differs from the other one's."""
    if args.method == "channels":
        from sernet.training.budget import Budget, widest

        return {"widths": widest(Budget(args.max_macs, args.max_bytes, args.max_ram), *shape), "sparsity": 0.0}
    sparsity = 0.5 if args.method == "2:4" else SPARSITY if args.sparsity is None else args.sparsity
    return {"sparsity": sparsity, "sparsity_pattern": args.method, "dropout": 0.0, "keep": "last"}
