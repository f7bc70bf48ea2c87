"""Recognise the emotion of speech live, from a microphone.

On a terminal a meter shows the level and every emotion; elsewhere, or with --json, each event is one line of JSON.
The profile that `sernet-infer enroll` stored is used when it fits the model.
It runs until the source ends, --seconds have passed, Ctrl-C (exit code 130) or SIGTERM (143).
Exit code 3: no microphone could be opened; 4: it stopped giving audio. With --retry it is waited for instead.
"""

import argparse
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from sernet.runtime.command_line import seconds, thread_count
from sernet.runtime.commands.options import add_profile_options, add_source_options, chosen_profile, tell

if TYPE_CHECKING:
    from sernet.runtime.outputs.meter import Display
    from sernet.runtime.sources.audio_source import AudioSource

EXAMPLES = [
    "sernet-infer mic",
    "sernet-infer mic --utterances --retry --json",
    "sernet-infer mic --json --seconds 10",
    "sernet-infer mic --file talk.wav --realtime",
    'sernet-infer mic --mic-command "arecord -q -t raw -f S16_LE -r 16000 -c 1 -D plughw:1"',
    "ffmpeg -loglevel error -i talk.mp4 -f s16le -ar 16000 -ac 1 - | sernet-infer mic --device -",
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from sernet.runtime.live.voice_activity import DETECTORS
    from sernet.runtime.live.voice_gate import PAUSE_S

    parser.add_argument("--model", type=Path, help="bundle to use (default: the model inside the package)")
    source = parser.add_mutually_exclusive_group()
    add_source_options(source)
    source.add_argument("--file", type=Path, metavar="FILE", help="an audio file instead of a microphone")
    source.add_argument("--websocket", metavar="URL", help="a ws:// or wss:// server that sends such PCM")
    parser.add_argument("--realtime", action="store_true", help="with --file: at the pace of its recording")
    parser.add_argument("--retry", action="store_true", help="wait for a device that is not there or is lost")
    add_profile_options(parser)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--utterances", action="store_true", help="one answer for what is said between two pauses")
    mode.add_argument(
        "--hop", type=seconds, metavar="S", help="seconds between answers (default: 0.5, or a streaming model's own)"
    )
    parser.add_argument(
        "--vad", choices=DETECTORS, default="energy", help="what tells speech from silence (default energy)"
    )
    parser.add_argument(
        "--pause", type=seconds, default=PAUSE_S, metavar="S", help=f"what ends an utterance (default {PAUSE_S:g})"
    )
    parser.add_argument("--seconds", type=seconds, metavar="S", help="stop after so much audio")
    parser.add_argument("--threads", type=thread_count, default=1, help="threads for one inference (default 1)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    from sernet.runtime.bundle import load_bundle
    from sernet.runtime.errors import SernetError
    from sernet.runtime.live.level import level_dbfs
    from sernet.runtime.live.session import LiveSession, LiveSettings
    from sernet.runtime.live.stream import LiveStream, end_on_sigterm

    if args.realtime and not args.file:
        raise SernetError("--realtime is of use with --file only: leave it out")
    bundle = load_bundle(args.model)
    profile, leaning = chosen_profile(args, bundle)
    settings = LiveSettings(
        mode="utterance" if args.utterances else "continuous",
        hop_s=args.hop,
        vad=args.vad,
        pause_s=args.pause,
        threads=args.threads,
    )
    session = LiveSession(bundle, settings, profile=profile, leaning=leaning)
    sample_rate = bundle.manifest.front_end.sample_rate
    end_on_sigterm()
    with _display(args.json) as display:
        stream = LiveStream(
            _opener(args, sample_rate, bundle.manifest.name),
            session,
            sample_rate=sample_rate,
            seconds=args.seconds,
            retry=args.retry,
            on_block=lambda block: display.level(level_dbfs(block)),
        )
        for event in stream.events():
            display.event(event)
    return 0


def _opener(
    args: argparse.Namespace, sample_rate: int, model: str
) -> "Callable[[], AbstractContextManager[AudioSource]]":
    """What opens the chosen source, and says so."""
    from contextlib import contextmanager

    from sernet.runtime.sources.file_source import FileSource
    from sernet.runtime.sources.microphone import open_source
    from sernet.runtime.sources.websocket_source import WebsocketSource

    def chosen() -> "AbstractContextManager[AudioSource]":
        if args.file:
            return FileSource(args.file, sample_rate, realtime=args.realtime)
        if args.websocket:
            return WebsocketSource(args.websocket, sample_rate)
        return open_source(args.device, args.mic_command, sample_rate)

    @contextmanager
    def opened():
        with chosen() as source:
            tell(f"listening to {source.description} with {model}; Ctrl-C stops")
            yield source

    return opened


def _display(as_json: bool) -> "Display":
    from sernet.runtime.outputs.meter import Lines, Meter

    if as_json or not sys.stdout.isatty():
        return Lines(as_json=True)
    try:
        from rich.console import Console
    except ImportError:
        return Lines(as_json=False)
    return Lines(as_json=False) if Console().is_dumb_terminal else Meter()
