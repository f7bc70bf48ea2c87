"""What people would use instead of Sernet, measured beside it on the same clips: one adapter a file."""

from sernet.benchmarks.peers.librosa_mlp import LibrosaMlp
from sernet.benchmarks.peers.open_smile import OpenSmile
from sernet.benchmarks.peers.peer import Peer

PEERS: tuple[Peer, ...] = (OpenSmile("eGeMAPSv02"), OpenSmile("ComParE_2016"), LibrosaMlp())
"""In the order of the tables."""
