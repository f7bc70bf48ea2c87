"""What both command lines share: verbs imported only when asked for, and errors told in one line."""

import argparse
import importlib
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

import sernet
from sernet.runtime.errors import SernetError


@dataclass(frozen=True)
class Verb:
    """One verb of a command line.

    `module` has a docstring (the description), `EXAMPLES` (lines to copy), `add_arguments(parser)` and
    `run(args) -> int`. It must import heavy packages only inside `run`.
    """

    module: str
    summary: str


def seconds(text: str) -> float:
    """An option's length of time: a finite number above 0."""
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a length of time: give seconds above 0")
    return number


def thread_count(text: str) -> int:
    """An option's number of threads: 1 to 64."""
    number = int(text)
    if not 1 <= number <= 64:
        raise argparse.ArgumentTypeError(f"{text} threads are not possible: give 1 to 64")
    return number


def run_program(program: str, description: str, verbs: Mapping[str, Verb], argv: list[str] | None = None) -> int:
    """Parse `argv`, run the verb it names, and return the exit code.

    0 done, 2 bad input (one line on stderr), 130 interrupted, else what the verb returns.
    """
    argv = sys.argv[1:] if argv is None else argv
    chosen = next((word for word in argv if not word.startswith("-")), None)
    try:
        args = program_parser(program, description, verbs, chosen).parse_args(argv)
        code = args.run_verb(args)
        if sys.stdout:  # None when it was closed
            sys.stdout.flush()
        return code
    except SernetError as error:
        print(f"{program}: error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"\n{program}: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has gone (`| head`); nothing more to say to it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:  # a full disk, a folder that may not be written: the system says it best
        place = f" {error.filename}" if error.filename else ""
        print(f"{program}: error: cannot use{place}: {error.strerror or error}", file=sys.stderr)
        return 2


def program_parser(
    program: str, description: str, verbs: Mapping[str, Verb], chosen: str | None
) -> argparse.ArgumentParser:
    """The program's parser; only the verb `chosen` is imported and knows its options."""
    parser = argparse.ArgumentParser(
        prog=program,
        description=description,
        epilog=f"`{program} VERB --help` shows the verb's options and an example.",
    )
    parser.add_argument("--version", action="version", version=f"{program} {sernet.__version__}")
    subparsers = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for name, verb in verbs.items():
        module = importlib.import_module(verb.module) if name == chosen else None
        _add_verb(subparsers, name, verb, module)
    return parser


def _add_verb(subparsers: argparse._SubParsersAction, name: str, verb: Verb, module: ModuleType | None) -> None:
    if module is None:
        subparsers.add_parser(name, help=verb.summary)
        return
    subparser = subparsers.add_parser(
        name,
        help=verb.summary,
        description=module.__doc__,
        epilog="examples:\n" + "\n".join(f"  {line}" for line in module.EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(subparser)
    subparser.set_defaults(run_verb=module.run)
