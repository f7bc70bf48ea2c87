"""What the server counts, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

_LATENCIES_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """Counters of one server, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "sernet_requests_total",
            "Requests by path and status; 101 is a stream",
            ["path", "status"],
            registry=registry,
        )
        self.refused = Counter(
            "sernet_refused_total", "Requests not served and streams cut off, by reason", ["reason"], registry=registry
        )
        self.clients = Gauge("sernet_clients", "Streams that are open", registry=registry)
        self.answers = Counter("sernet_answers_total", "Answers given", ["source"], registry=registry)
        self.audio = Counter("sernet_audio_seconds_total", "Seconds of audio heard", ["source"], registry=registry)
        self.latency = Histogram(
            "sernet_latency_seconds",
            "From the arrival of an answer's last sample (stream), or of the whole clip (predict), to the answer",
            ["source"],
            buckets=_LATENCIES_S,
            registry=registry,
        )

    def text(self) -> bytes:
        """All of them, in Prometheus's text format."""
        return generate_latest(self.registry)
