"""`sernet-infer`: the device's command line. Each verb lives in a file of its own."""

import sys

from sernet.runtime.command_line import Verb, run_program

VERBS = {
    "file": Verb("sernet.runtime.commands.file", "recognise audio files"),
    "mic": Verb("sernet.runtime.commands.mic", "recognise live from a microphone"),
    "serve": Verb("sernet.runtime.commands.serve", "serve clips, live streams and the web page on the network"),
    "enroll": Verb("sernet.runtime.commands.enroll", "get to know the speaker, so that mic and file answer better"),
    "devices": Verb("sernet.runtime.commands.devices", "list the microphones that can be used"),
    "info": Verb("sernet.runtime.commands.info", "show what a model says of itself"),
}


def main(argv: list[str] | None = None) -> int:
    """Run one verb; returns the exit code (0 done, 2 bad input, 3 no device, 4 device lost, 130 interrupted)."""
    return run_program("sernet-infer", "Speech emotion recognition on this device.", VERBS, argv)


if __name__ == "__main__":
    sys.exit(main())
