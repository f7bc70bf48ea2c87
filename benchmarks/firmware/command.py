"""The C engine with a model, built for every board of firmware_example, run under QEMU, and measured.

Each board answers recordings of EMO-DB, as rows of features and as samples: do logits and probabilities equal those
of LiteRT's reference kernels bit for bit, does it give the label that `sernet-infer file` gives with the streaming
model, how much memory and how many instructions does it take? Without the corpus noise takes the recordings' place."""

import argparse
import json
from pathlib import Path

from sernet.runtime.errors import SernetError

EXAMPLES = [
    "sernet firmware models/emodb-int8.tflite",
    "sernet firmware models/emodb-nano-int8.tflite --boards mps2-an385-m0plus --ram 16384",
    "sernet firmware models/emodb-int8.tflite --boards host mps2-an386 --clips 10 --json",
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, metavar="MODEL", help="an int8 bundle")
    parser.add_argument("--boards", nargs="+", metavar="B", help="folders of firmware_example/boards (default: all)")
    parser.add_argument("--clips", type=int, default=50, metavar="N", help="recordings for each board (default 50)")
    parser.add_argument(
        "--ram", type=int, default=32768, metavar="BYTES", help="that a program is linked for (default 32768)"
    )
    parser.add_argument(
        "--build", type=Path, metavar="DIR", help="where things are built (default: build/firmware/MODEL)"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    from sernet.benchmarks.firmware.boards import BOARDS, check_installed

    names = args.boards or list(BOARDS)
    if unknown := [name for name in names if name not in BOARDS]:
        raise SernetError(f"unknown board {', '.join(unknown)}: use {', '.join(BOARDS)}")
    if args.clips < 1:
        raise SernetError("at least one clip is needed: give --clips 1 or more")
    boards = [BOARDS[name] for name in names]
    check_installed(boards)
    from rich.console import Console

    from sernet.benchmarks.firmware.measurement import measure
    from sernet.benchmarks.firmware.table import against_micro, result, table
    from sernet.benchmarks.tables import show
    from sernet.training.progress import progress_bar

    folder = args.build or Path("build") / "firmware" / args.model.stem
    with progress_bar(visible=not args.json) as bar:
        task = bar.add_task("firmware", total=len(boards), figures="")

        def tell(board: str) -> None:
            bar.update(task, figures=board)
            bar.advance(task)

        measured = measure(args.model, boards, folder, args.clips, args.ram, tell)
    document = result(measured, args.ram)
    document.save(folder / "result.json")
    if args.json:
        print(json.dumps(document.to_json()))
    else:
        show(Console(), [table(measured)], titled=True)
        print(against_micro(measured))
    wrong = [board.board.name for board in measured.boards if board.exact < board.clips]
    if wrong:
        raise SernetError(f"{', '.join(wrong)}: the engine's answers differ from the reference kernels'")
    return 0
