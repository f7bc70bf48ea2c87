"""Options that several verbs share: where audio comes from, and whose profile is used."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sernet.runtime.bundle import Bundle
    from sernet.runtime.leaning import Leaning
    from sernet.runtime.normalisation import Heard


def add_source_options(group: argparse._MutuallyExclusiveGroup) -> None:
    """`--device` and `--mic-command`, for `open_source`."""
    group.add_argument(
        "--device",
        metavar="N|NAME|-",
        help="number or name (see `sernet-infer devices`), or - for raw PCM on standard input (s16le, mono, 16 kHz)",
    )
    group.add_argument("--mic-command", metavar="CMD", help="a command that writes such PCM to its standard output")


def add_profile_options(parser: argparse.ArgumentParser) -> None:
    """`--profile` and `--no-profile`, for `chosen_profile`."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--profile", type=Path, metavar="P", help="the speaker's profile (default: the one `sernet-infer enroll` made)"
    )
    group.add_argument("--no-profile", action="store_true", help="know nobody")


def chosen_profile(args: argparse.Namespace, bundle: "Bundle") -> "tuple[Heard | None, Leaning | None]":
    """What a recogniser takes of the chosen profile, told in one line on standard error; None knows nobody.

    Raises ProfileError when a profile named by `--profile` cannot be used; with one in the default place, it is told
    and left out.
    """
    from sernet.runtime.profile import NoProfileError, ProfileError, default_place, load_profile

    if args.no_profile:
        return None, None
    try:
        path = args.profile or default_place()
        profile = load_profile(path).fitting(bundle)
    except ProfileError as error:
        if args.profile is not None:
            raise
        if not isinstance(error, NoProfileError):
            tell(f"going on without a profile: {error}")
        return None, None
    tell(f"knows its owner from {path}: {profile}")
    return profile.heard, profile.leaning


def tell(line: str) -> None:
    """A line for people, on standard error if there is one."""
    if sys.stderr:
        print(line, file=sys.stderr, flush=True)
