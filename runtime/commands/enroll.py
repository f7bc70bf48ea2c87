"""Get to know the speaker from ordinary speech: no labels, no acting; pauses are not counted.

Stores a profile that `mic` and `file` use from then on: averages of the sound's features, in a small JSON file on this
device. No audio is stored. Its place is $SERNET_PROFILE, else sernet/profile.json in $XDG_DATA_HOME or ~/.local/share.
With --varied the speech goes through many moods, about equally often, and what the model's answers to it have in common
is taken for the voice's doing: it is stored too, and taken back from later answers of the same model.
Nothing is stored when less than 10 s of speech are heard, or on Ctrl-C (exit code 130).
Exit code 3: no microphone could be opened; 4: it stopped giving audio.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sernet.runtime.command_line import seconds
from sernet.runtime.commands.options import add_source_options, tell

if TYPE_CHECKING:
    import numpy as np

    from sernet.runtime.enrolment import Enrolment
    from sernet.runtime.front_end import FrontEnd

EXAMPLES = [
    "sernet-infer enroll",
    "sernet-infer enroll --seconds 60 --mic-command 'arecord -q -t raw -f S16_LE -r 16000 -c 1'",
    "sernet-infer enroll --file monday.wav tuesday.wav --out anna.json",
    "sernet-infer enroll --varied --seconds 60",
    "sernet-infer enroll --forget",
]

# Whoever says nothing in four times as long will not say more.
_PATIENCE = 4
_BAR_WIDTH = 30
# Without a terminal, a line each so many seconds of speech.
_LINE_S = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seconds",
        type=seconds,
        default=45.0,
        metavar="S",
        help="seconds of speech to listen to, 30 to 60 are good (default 45)",
    )
    parser.add_argument(
        "--varied",
        action="store_true",
        help="speak, read or act in many moods, about equally often: also learn how the answers lean for this voice; "
        "with speech in one mood it would learn to overlook that mood",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--file", nargs="+", type=Path, metavar="FILE", help="recordings instead of a microphone")
    add_source_options(source)
    parser.add_argument("--model", type=Path, help="bundle it is for (default: the model inside the package)")
    parser.add_argument("--out", type=Path, metavar="P", help="where to store the profile (default: see above)")
    parser.add_argument("--json", action="store_true", help="one JSON object at the end")
    parser.add_argument("--forget", action="store_true", help="delete the profile instead")


def run(args: argparse.Namespace) -> int:
    from sernet.runtime.bundle import load_bundle
    from sernet.runtime.enrolment import LEAST_SPEECH_S, Enrolment
    from sernet.runtime.errors import SernetError
    from sernet.runtime.profile import default_place
    from sernet.runtime.streaming_network import open_network

    path = args.out or default_place()
    if args.forget:
        return _forget(path, args.json)
    if args.seconds < LEAST_SPEECH_S:
        raise SernetError(f"--seconds {args.seconds:g} is too short: {LEAST_SPEECH_S:g} s of speech are needed")
    bundle = load_bundle(args.model)
    front_end = bundle.manifest.front_end
    enrolment = Enrolment(front_end, varied=open_network(bundle) if args.varied else None)
    _check_place(path)
    if args.file:
        _hear_files(enrolment, args.file, front_end.sample_rate)
    else:
        _hear_live(enrolment, args, front_end)
    profile = enrolment.profile()
    profile.save(path)
    told = {"profile": str(path), "speech_s": round(profile.speech_s, 3), "made_at": profile.made_at}
    stored = f"averages of {profile.speech_s:.0f} s of speech"
    if profile.leaning is not None:
        told["answers"] = int(profile.leaning.answers)
        stored += f" and of {profile.leaning.answers:.0f} answers to it"
    print(json.dumps(told) if args.json else f"stored {stored}, no audio: {path}")
    return 0


def _check_place(path: Path) -> None:
    """Refuse a place that cannot be written before anybody has spoken for a minute, not after."""
    from sernet.runtime.errors import SernetError

    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise SernetError(f"a profile cannot be written to {path}: name a file in a folder of yours with --out")


def _forget(path: Path, as_json: bool) -> int:
    there = path.exists()
    path.unlink(missing_ok=True)
    if as_json:
        print(json.dumps({"profile": str(path), "forgotten": there}))
    else:
        print(f"forgotten: {path}" if there else f"there is no profile {path}")
    return 0


def _hear_files(enrolment: "Enrolment", paths: list[Path], sample_rate: int) -> None:
    from sernet.runtime.audio_file import read_audio

    for path in paths:
        before = enrolment.speech_s
        waveform = read_audio(path, sample_rate)
        enrolment.accept(waveform)
        enrolment.end_recording()
        tell(f"{path}: {enrolment.speech_s - before:.1f} s of speech in {len(waveform) / sample_rate:.1f} s")


def _hear_live(enrolment: "Enrolment", args: argparse.Namespace, front_end: "FrontEnd") -> None:
    from sernet.runtime.live.stream import end_on_sigterm
    from sernet.runtime.sources.microphone import open_source

    end_on_sigterm()
    with open_source(args.device, args.mic_command, front_end.sample_rate) as source:
        manner = "in many moods, about equally often" if args.varied else "as you do every day"
        tell(f"listening to {source.description}; speak {manner}. Averages are stored, no audio; Ctrl-C stops")
        _hear_blocks(enrolment, source, args.seconds, front_end.sample_rate)


def _hear_blocks(enrolment: "Enrolment", blocks: "Iterable[np.ndarray]", wanted_s: float, sample_rate: int) -> None:
    """Listen until so much speech was heard, or `_PATIENCE` times as much audio, or the blocks end."""
    progress = _Progress(wanted_s)
    arrived = 0
    for block in blocks:
        enrolment.accept(block)
        arrived += len(block)
        progress.show(enrolment.speech_s, block)
        if enrolment.speech_s >= wanted_s or arrived >= _PATIENCE * wanted_s * sample_rate:
            break
    enrolment.end_recording()
    progress.end(enrolment.speech_s)


class _Progress:
    """Seconds of speech on standard error: a bar that stays in place on a terminal, else a line now and then."""

    def __init__(self, wanted_s: float) -> None:
        self._wanted_s = wanted_s
        self._in_place = bool(sys.stderr and sys.stderr.isatty())
        self._told_s = 0.0

    def show(self, speech_s: float, block: "np.ndarray") -> None:
        from sernet.runtime.live.level import level_dbfs

        if self._in_place:
            full = round(_BAR_WIDTH * min(1.0, speech_s / self._wanted_s))
            bar = "#" * full + "." * (_BAR_WIDTH - full)
            line = f"\r[{bar}] {speech_s:5.1f} of {self._wanted_s:g} s of speech  {level_dbfs(block):6.1f} dBFS "
            sys.stderr.write(line)
            sys.stderr.flush()
        elif speech_s >= self._told_s + _LINE_S:
            self.end(speech_s)
            self._told_s = speech_s

    def end(self, speech_s: float) -> None:
        tell(("\n" if self._in_place else "") + f"{speech_s:.1f} of {self._wanted_s:g} s of speech")
