"""`sernet`: the host's command line. Each verb lives in a file of its own and is imported only when it is asked for."""

import sys

from sernet.runtime.command_line import Verb, run_program

VERBS = {
    "data": Verb("sernet.training.commands.data", "list, fetch, verify or synthesize corpora"),
    "train": Verb("sernet.training.commands.train", "train Light-SERNet on a corpus"),
    "prune": Verb("sernet.training.commands.prune", "make a narrower network of a trained one"),
    "evaluate": Verb("sernet.benchmarks.evaluation.command", "measure settings under a protocol, fold by fold"),
    "export": Verb("sernet.export.command", "write checked .tflite bundles from a training run"),
    "live": Verb("sernet.benchmarks.live.command", "measure what sernet-infer costs a device, live and at its start"),
    "firmware": Verb("sernet.benchmarks.firmware.command", "build the C engine for boards, run it under QEMU, measure"),
    "bench": Verb("sernet.benchmarks.command", "measure every exported variant of a run and draw the report"),
}


def main(argv: list[str] | None = None) -> int:
    """Run one verb; returns the exit code (0 done, 2 bad input, 130 interrupted)."""
    return run_program("sernet", "Train, export and measure Light-SERNet.", VERBS, argv)


if __name__ == "__main__":
    sys.exit(main())
