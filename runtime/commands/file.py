"""Recognise the emotion of audio files: one answer a file, or one a sliding window.

A streaming model hears a file as it would live, and answers at its end. The profile that `sernet-infer enroll` stored
is used when it fits the model; --no-profile is for other speakers' files.
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from sernet.runtime.bulk.command import add_folder_options, check_folder_options, run_folder
from sernet.runtime.command_line import seconds, thread_count
from sernet.runtime.commands.options import add_profile_options, chosen_profile
from sernet.runtime.errors import SernetError
from sernet.runtime.recognizer import Recognition

EXAMPLES = [
    "sernet-infer file clip.wav",
    "sernet-infer file --model runs/mine/model-int8.tflite --json a.wav b.flac",
    "sernet-infer file --windows --hop 0.5 meeting.wav",
    "sernet-infer file --folder calls --recursive --no-profile --output calls.parquet",
    "sernet-infer file --folder /shared/calls --output calls.csv --engine ray --address 10.0.0.1:6379",
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="16 kHz WAV; other formats need an extra")
    parser.add_argument("--model", type=Path, help="bundle to use (default: the model inside the package)")
    parser.add_argument("--windows", action="store_true", help="answer every sliding window, not the whole clip")
    parser.add_argument(
        "--hop", type=seconds, metavar="S", help="seconds between windows (default: 0.5, or a streaming model's own)"
    )
    add_profile_options(parser)
    parser.add_argument("--threads", type=thread_count, default=1, help="threads for one inference (default 1)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line; of a folder, one that sums it up")
    add_folder_options(parser)


def run(args: argparse.Namespace) -> int:
    check_folder_options(args)
    from sernet.runtime.audio_file import read_audio
    from sernet.runtime.bundle import load_bundle
    from sernet.runtime.clip_recognizer import ClipRecognizer

    bundle = load_bundle(args.model)
    profile, leaning = chosen_profile(args, bundle)
    if args.folder is not None:
        return run_folder(args, bundle, profile, leaning)
    recognizer = ClipRecognizer(
        bundle, windows=args.windows, hop_s=args.hop, threads=args.threads, profile=profile, leaning=leaning
    )
    exit_code = 0
    for path in args.files:
        try:
            for recognition in recognizer.recognitions(read_audio(path, recognizer.sample_rate)):
                print(_json_line(path, recognition) if args.json else _text_line(path, recognition), flush=True)
        except SernetError as error:  # the other files are still answered
            print(f"sernet-infer: error: {error}", file=sys.stderr)
            exit_code = error.exit_code
    return exit_code


def _json_line(path: Path, recognition: Recognition) -> str:
    return json.dumps({"file": str(path)} | dataclasses.asdict(recognition))


def _text_line(path: Path, recognition: Recognition) -> str:
    ranking = sorted(recognition.probabilities.items(), key=lambda item: -item[1])
    others = ", ".join(f"{label} {probability:.2f}" for label, probability in ranking[:3])
    return f"{path}  {recognition.start_s:.2f}-{recognition.end_s:.2f} s  {recognition.label}  ({others})"
