"""What a device installs: front end, bundle, interpreter and live recognition, on numpy and LiteRT alone."""

from sernet.runtime.bundle import Bundle, BundleError, Manifest, load_bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.front_end import FeatureStream, FrontEnd, WaveformError
from sernet.runtime.network import Network
from sernet.runtime.recognizer import Recognition, Recognizer, recognise
from sernet.runtime.streaming_network import StreamingNetwork, open_network

__all__ = [
    "Bundle",
    "BundleError",
    "FeatureStream",
    "FrontEnd",
    "Manifest",
    "Network",
    "Recognition",
    "Recognizer",
    "SernetError",
    "StreamingNetwork",
    "WaveformError",
    "load_bundle",
    "open_network",
    "recognise",
]
