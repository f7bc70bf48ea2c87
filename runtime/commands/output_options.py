"""Options that say where live answers go: the terminal, and beside it a table, a recording, a broker."""

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sernet.runtime.bundle import Bundle
    from sernet.runtime.outputs.output import Output, Outputs

KEEP_MINUTES = 10.0
MQTT_QUEUE = 1000


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """`--json`, `--csv`, `--save-wav` and `--mqtt` with what belongs to them, for `chosen_outputs`."""
    group = parser.add_argument_group("outputs")
    group.add_argument("--json", action="store_true", help="one JSON object a line, also on a terminal")
    group.add_argument("--csv", type=Path, metavar="FILE", help="also append each answer to this table")
    group.add_argument("--save-wav", type=Path, metavar="DIR", help="also keep the last minutes heard in this folder")
    group.add_argument(
        "--keep-minutes",
        type=_minutes,
        metavar="M",
        help=f"with --save-wav: minutes to keep (default {KEEP_MINUTES:g}, 1.9 MB each)",
    )
    group.add_argument(
        "--mqtt",
        metavar="URL",
        help="also publish to this broker: mqtt://user@host:1883/topic/prefix, or mqtts:// with TLS; "
        "the password comes from SERNET_MQTT_PASSWORD or a file",
    )
    group.add_argument("--mqtt-password-file", type=Path, metavar="FILE", help="with --mqtt: holds the password")
    group.add_argument(
        "--mqtt-queue",
        type=_count,
        metavar="N",
        help=f"with --mqtt: events kept while the broker is away (default {MQTT_QUEUE})",
    )


def chosen_outputs(args: argparse.Namespace, bundle: "Bundle") -> "Outputs":
    """The outputs that the options name, as one; entering it opens them.

    Raises:
        SernetError: an option of an output that was not asked for, an address that is none, a missing package.
        OSError: the password's file cannot be read.
    """
    from sernet.runtime.errors import SernetError
    from sernet.runtime.outputs.output import Outputs

    for option in ("keep_minutes", "mqtt_password_file", "mqtt_queue"):
        needed = "mqtt" if option.startswith("mqtt") else "save_wav"
        if getattr(args, option) is not None and getattr(args, needed) is None:
            name, needed = (f"--{word.replace('_', '-')}" for word in (option, needed))
            raise SernetError(f"{name} is of use with {needed} only: leave it out")
    return Outputs([*_files(args, bundle), *_broker(args), _display(args.json)])


def _files(args: argparse.Namespace, bundle: "Bundle") -> "list[Output]":
    from sernet.runtime.outputs.csv_file import CsvFile
    from sernet.runtime.outputs.recording import Recording

    files: list[Output] = []
    if args.csv:
        files.append(CsvFile(args.csv, bundle.manifest.labels))
    if args.save_wav:
        rate = bundle.manifest.front_end.sample_rate
        files.append(Recording(args.save_wav, rate, args.keep_minutes or KEEP_MINUTES))
    return files


def _broker(args: argparse.Namespace) -> "list[Output]":
    from sernet.runtime.outputs.broker import broker_at
    from sernet.runtime.outputs.mqtt import Mqtt

    if not args.mqtt:
        return []
    return [Mqtt(broker_at(args.mqtt, args.mqtt_password_file), args.mqtt_queue or MQTT_QUEUE)]


def _display(as_json: bool) -> "Output":
    from sernet.runtime.outputs.lines import Lines

    if as_json or not (sys.stdout and sys.stdout.isatty()):
        return Lines(as_json=True)
    try:
        from rich.console import Console
    except ImportError:
        return Lines(as_json=False)
    from sernet.runtime.outputs.meter import Meter

    return Lines(as_json=False) if Console().is_dumb_terminal else Meter()


def _minutes(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a length of time: give minutes above 0")
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} events cannot be kept: give at least 1")
    return number
