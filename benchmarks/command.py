"""Measure everything that the project claims, beside what people would use instead, and write the report.

The released networks on the clips of EMO-DB; without these, a network of synthetic speech is trained and measured too,
and says so. What has been measured is kept, and a run that was stopped goes on. `sernet bench ACTION --help` tells of
the others: one run of yours, several runs side by side."""

import argparse
from types import ModuleType

from sernet.benchmarks import run_command
from sernet.benchmarks.pareto import command as pareto_command
from sernet.benchmarks.suite import command as suite_command
from sernet.benchmarks.trust import compare_command, gate_command, readme_command

EXAMPLES = [
    "sernet bench --quick",
    "sernet bench --data ../recordings --out reports/bench",
    *suite_command.EXAMPLES,
    *run_command.EXAMPLES,
    *pareto_command.EXAMPLES,
    *compare_command.EXAMPLES[:1],
]

ACTIONS: dict[str, tuple[ModuleType, str]] = {
    "run": (run_command, "measure every exported variant of a run"),
    "pareto": (pareto_command, "compare the variants of several runs"),
    "compare": (compare_command, "what changed between two Results or folders of them, with the noise to expect"),
    "gate": (gate_command, "measure anew what must not get worse, and compare it with the committed baseline"),
    "readme": (readme_command, "make what is generated from committed Results: tables, a picture, checksums"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    suite_command.add_arguments(parser)
    parser.set_defaults(run_action=suite_command.run)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    for name, (module, summary) in ACTIONS.items():
        action = actions.add_parser(
            name,
            help=summary,
            description=module.__doc__,
            epilog="examples:\n" + "\n".join(f"  {line}" for line in module.EXAMPLES),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(action)
        action.set_defaults(run_action=module.run)


def run(args: argparse.Namespace) -> int:
    return args.run_action(args)
