"""Write checked .tflite bundles from a training run.

Every file is converted, its operators and size are checked, and its answers are compared with Keras on the held-out
clips; only then it appears under its name. Full-integer formats take their ranges from training clips alone."""

import argparse
import json
from pathlib import Path

from sernet.runtime.errors import SernetError

EXAMPLES = [
    "sernet export runs/emodb-paper --format int8",
    "sernet export runs/emodb-paper --format all",
    "sernet export runs/emodb-paper --format float32 dynamic --out models/",
    "sernet export runs/emodb-sernet --format int8 --measured results/emodb-sernet",
    "sernet export runs/emodb-sernet --format int8 --stream",
    "sernet export runs/emodb-paper --format int8-float-io --fused",
    "sernet export runs/emodb-sernet --format c",
    "sernet export --from-tflite models/emodb-int8.tflite --format c --out build/emodb",
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", type=Path, nargs="?", metavar="RUN", help="folder that `sernet train` made")
    parser.add_argument(
        "--from-tflite", type=Path, metavar="FILE", help="instead of a run: a full-integer model, for --format c"
    )
    parser.add_argument(
        "--format",
        nargs="+",
        default=["int8"],
        metavar="F",
        help="float32, float16, dynamic, int8, int8-float-io, int16x8, all, or c: source for the engine in "
        "firmware_example (default: int8)",
    )
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument(
        "--stream", action="store_true", help="write stream-F.tflite, which takes a block of 32 frames and its state"
    )
    forms.add_argument(
        "--fused", action="store_true", help="write fused-F.tflite, which takes samples: the front end is part of it"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write (default: RUN/export)")
    parser.add_argument(
        "--measured", type=Path, metavar="DIR", help="results of `sernet evaluate` with the same settings, to carry"
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON lines")


def run(args: argparse.Namespace) -> int:
    if (args.run is None) == (args.from_tflite is None):
        raise SernetError("name a run, or a model with --from-tflite")
    if args.from_tflite is not None:
        return _write_c(args)
    return _export(args)


def _write_c(args: argparse.Namespace) -> int:
    from sernet.export.c_engine.writer import write_c

    if args.format != ["c"] or args.stream or args.fused or args.measured:
        raise SernetError("--from-tflite goes with --format c alone")
    _tell_c(write_c(args.from_tflite, args.out), args)
    return 0


def _tell_c(folder: Path, args: argparse.Namespace) -> None:
    files = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    if args.json:
        print(json.dumps({"path": str(folder), "bytes": files}), flush=True)
    else:
        print(f"{folder}  {', '.join(files)}: build them with firmware_example/engine", flush=True)


def _export(args: argparse.Namespace) -> int:
    from sernet.export.c_engine.writer import write_c
    from sernet.export.formats import parse_formats

    wants_c = "c" in args.format
    args.format = [name for name in args.format if name != "c"] or ["int8"]
    if wants_c and (args.stream or args.fused):
        raise SernetError("the C engine streams by itself and has its own front end: leave out --stream and --fused")
    parse_formats(args.format)  # a wrong name is told before TensorFlow has loaded
    from sernet.training.backend import import_quietly

    import_quietly()
    from sernet.export.exporter import Exporter
    from sernet.export.measured import read_measured
    from sernet.training.progress import progress_bar
    from sernet.training.run import Run

    training_run = Run.open(args.run)
    fused = args.fused or training_run.config.fuse_front_end
    formats = parse_formats([*args.format, *(["int8"] if wants_c else [])], fused=fused, stream=args.stream)
    if args.stream and training_run.config.fuse_front_end:
        raise SernetError("a fused front end takes whole windows and cannot stream: leave out --stream")
    measured = {}
    if args.measured:  # results of other settings are told before anything is converted
        measured = {target.name: read_measured(args.measured, training_run, target) for target in formats}
    exporter = Exporter(training_run, fused=args.fused)
    checked = "held-out" if training_run.split.test else "training"
    with progress_bar(visible=not args.json) as bar:
        task = bar.add_task("export", total=len(formats), figures="")
        for target in formats:
            bar.update(task, figures=target.name)
            known = measured.get(target.name)
            exported = exporter.export(target, args.out, known, stream=args.stream)
            bar.advance(task)
            if args.json:
                print(json.dumps(exported.result.to_json() | {"path": str(exported.path)}), flush=True)
                continue
            lines = [
                f"{exported.path}  {exported.path.stat().st_size:,} bytes, argmax as Keras on "
                f"{exported.agreement.share:.1%} of {exported.result.n} {checked} clips, worst difference "
                f"{exported.agreement.worst_difference:.2g}"
            ]
            pieces = "1 partition" if exported.partitions == 1 else f"{exported.partitions} partitions"
            lines.append(f"  LiteRT's XNNPACK delegate: {pieces}")
            if exported.micro_arena_bytes:
                lines.append(f"  TensorFlow Lite Micro: same bytes, arena {exported.micro_arena_bytes:,} bytes")
            if known is not None and not known.calibrated:
                lines.append(
                    f"  not calibrated: {args.measured} holds no result of `sernet evaluate --calibrate` for it"
                )
            bar.console.print(
                "\n".join([*lines, *([f"  {exported.note}"] if exported.note else [])]), soft_wrap=True, markup=False
            )
    if wants_c:
        _tell_c(write_c((args.out or args.run / "export") / "model-int8.tflite"), args)
    return 0
