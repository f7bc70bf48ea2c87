"""Recognise the emotion of speech live, from a microphone.

On a terminal a meter shows the level and every emotion; elsewhere, or with --json, each answer is one line of JSON.
The profile that `sernet-infer enroll` stored is used when it fits the model.
It runs until the source ends, --seconds have passed, Ctrl-C (exit code 130) or SIGTERM (143).
Exit code 3: no microphone could be opened; 4: it stopped giving audio.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sernet.runtime.command_line import seconds, thread_count
from sernet.runtime.commands.options import add_profile_options, add_source_options, chosen_profile, tell

if TYPE_CHECKING:
    from sernet.runtime.outputs.meter import Display

EXAMPLES = [
    "sernet-infer mic",
    "sernet-infer mic --json --seconds 10",
    'sernet-infer mic --mic-command "arecord -q -t raw -f S16_LE -r 16000 -c 1 -D plughw:1"',
    "ffmpeg -loglevel error -i talk.mp4 -f s16le -ar 16000 -ac 1 - | sernet-infer mic --device -",
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, help="bundle to use (default: the model inside the package)")
    add_source_options(parser.add_mutually_exclusive_group())
    add_profile_options(parser)
    parser.add_argument(
        "--hop", type=seconds, metavar="S", help="seconds between answers (default: 0.5, or a streaming model's own)"
    )
    parser.add_argument("--seconds", type=seconds, metavar="S", help="stop after so much audio")
    parser.add_argument("--threads", type=thread_count, default=1, help="threads for one inference (default 1)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    from sernet.runtime.bundle import load_bundle
    from sernet.runtime.live.answers import end_on_sigterm, live_answers
    from sernet.runtime.recognizer import Recognizer
    from sernet.runtime.sources.microphone import open_source

    bundle = load_bundle(args.model)
    profile, leaning = chosen_profile(args, bundle)
    recognizer = Recognizer(bundle, hop_s=args.hop, threads=args.threads, profile=profile, leaning=leaning)
    sample_rate = bundle.manifest.front_end.sample_rate
    end_on_sigterm()
    with open_source(args.device, args.mic_command, sample_rate) as source:
        tell(f"listening to {source.description} with {bundle.manifest.name}; Ctrl-C stops")
        with _display(args.json) as display:
            answers = live_answers(
                source,
                recognizer,
                sample_rate=sample_rate,
                seconds=args.seconds,
                on_level=display.level,
            )
            for answer in answers:
                display.answer(answer)
    return 0


def _display(as_json: bool) -> "Display":
    from sernet.runtime.outputs.meter import Lines, Meter

    if as_json or not sys.stdout.isatty():
        return Lines(as_json=True)
    try:
        from rich.console import Console
    except ImportError:
        return Lines(as_json=False)
    return Lines(as_json=False) if Console().is_dumb_terminal else Meter()
