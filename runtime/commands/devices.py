"""List the microphones that `sernet-infer mic` can use: sounddevice's inputs, and programs that record.

Exit code 3 if there is none.
"""

import argparse
import json
from typing import Any

EXAMPLES = ["sernet-infer devices", "sernet-infer devices --json"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace) -> int:
    from sernet.runtime.sources.audio_source import NoDeviceError
    from sernet.runtime.sources.microphone import ADVICE, available_recorders
    from sernet.runtime.sources.sound_device import input_devices

    problem = None
    try:
        inputs = input_devices()
    except NoDeviceError as error:
        inputs, problem = [], str(error)
    recorders = available_recorders()
    if args.json:
        print(json.dumps({"inputs": inputs, "sounddevice_problem": problem, "recorders": recorders}, indent=2))
    else:
        _print_text(inputs, problem, recorders)
    if inputs or recorders:
        return 0
    raise NoDeviceError(f"no microphone can be used: {ADVICE}")


def _print_text(inputs: list[dict[str, Any]], problem: str | None, recorders: dict[str, str]) -> None:
    for device in inputs:
        mark = "*" if device["default"] else " "
        print(f"{mark}{device['number']:3}  {device['name']}  ({device['channels']} channels, {device['rate']} Hz)")
    if not inputs:
        print(problem or "sounddevice: lists no input")
    for name, path in recorders.items():
        print(f"     {name}  ({path}; records the default source, or --device NAME)")
