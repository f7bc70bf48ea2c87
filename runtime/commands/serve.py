"""Serve the model on the network: whole clips by HTTP, live streams by websocket, and the web page.

  POST /predict         an audio file in, its answer out; ?windows=1 answers every window
  WS   /stream          binary messages of PCM s16le mono in (?rate=, default 16000), a line of JSON for each answer out
                        (?mode=continuous or utterance); the text message "end" ends it
  GET  /                the web page; /model.tflite is the model itself
  GET  /health          how the server is; GET /metrics for Prometheus

It listens to this machine alone. To any other address of yours it listens only with a token, which clients show as
`Authorization: Bearer TOKEN`, and browsers by opening /?token=TOKEN. Nobody's profile is used: the speakers are many.
It runs until SIGTERM (exit code 0) or Ctrl-C (130).
"""

import argparse
import importlib
from pathlib import Path

from sernet.runtime.command_line import seconds
from sernet.runtime.commands.options import tell
from sernet.runtime.errors import SernetError

EXAMPLES = [
    "sernet-infer serve",
    "curl --data-binary @clip.wav http://127.0.0.1:8765/predict",
    "sernet-infer serve --host 0.0.0.0 --token-file token --certificate cert.pem --key key.pem",
]

EXTRA = 'pip install "sernet[serve]"'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, help="bundle to use (default: the model inside the package)")
    parser.add_argument("--host", default="127.0.0.1", metavar="A", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=_port, default=8765, metavar="N", help="default 8765; 0 takes any free one")
    parser.add_argument(
        "--token-file", type=Path, metavar="F", help="file with the token (default: the variable SERNET_TOKEN)"
    )
    parser.add_argument("--certificate", type=Path, metavar="F", help="PEM file: serve https and wss")
    parser.add_argument("--key", type=Path, metavar="F", help="PEM file with the certificate's private key")
    parser.add_argument("--max-clients", type=_count, default=64, metavar="N", help="streams at once (default 64)")
    parser.add_argument(
        "--max-stream", type=seconds, default=3600.0, metavar="S", help="seconds a stream may last (default 3600)"
    )
    parser.add_argument(
        "--patience",
        type=seconds,
        default=30.0,
        metavar="S",
        help="seconds a stream may be silent, a body may take, and answers may stay unread (default 30)",
    )


def run(args: argparse.Namespace) -> int:
    for package in ("starlette", "uvicorn", "websockets", "python_multipart", "prometheus_client", "soxr"):
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise SernetError(f"{package}: not installed: {EXTRA}") from error

    from sernet.runtime.bundle import load_bundle
    from sernet.runtime.live.session import LiveSession
    from sernet.runtime.serve.access import TOKEN_VARIABLE, Access, read_token
    from sernet.runtime.serve.application import application
    from sernet.runtime.serve.server import Certificate, address_of, is_loopback, listen, run_server
    from sernet.runtime.serve.service import Limits, Service

    certificate = None
    if args.certificate is not None and args.key is not None:
        certificate = Certificate(args.certificate, args.key)
        certificate.check()
    elif args.certificate is not None or args.key is not None:
        raise SernetError("--certificate and --key belong together: give both")
    token = read_token(args.token_file)
    bundle = load_bundle(args.model)
    LiveSession(bundle)  # a model that cannot be used is told now, not to the first client
    limits = Limits(streams=args.max_clients, patience_s=args.patience, stream_s=args.max_stream)

    with listen(args.host, args.port, limits.patience_s) as listener:
        loopback = is_loopback(listener)
        if not loopback and token is None:
            raise SernetError(
                f"{args.host} can be reached from other machines: give a token, in a file with --token-file or in the "
                f"environment variable {TOKEN_VARIABLE}"
            )
        if not loopback and certificate is None:
            tell("without --certificate everybody on the way can hear the speech and read the token")
        address = address_of(listener, certificate is not None)
        greeting = f"serving {bundle.manifest.name} on {address}; Ctrl-C stops"
        app = application(Service(bundle, limits), Access(token, loopback), on_start=lambda: tell(greeting))
        run_server(app, listener, limits, certificate)
    return 0


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port: give 0 to 65535")
    return number


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 10000:
        raise argparse.ArgumentTypeError(f"{text} clients are not possible: give 1 to 10000")
    return number
