"""One line an event, written at once: JSON for programs, text for a plain terminal.

A line of JSON is one object. Its `event` says what else it holds:

    window, utterance   start_s, end_s, label, probabilities {label: share}, steady_label, level_dbfs, voice,
                        latency_ms, dropped, overruns; see `sernet.runtime.live.events.LiveAnswer`
    interruption        at_s, reason, lost_s: the stream stopped (lost_s is null), or goes on
    drift               at_s, drift_s: a device that gives more or less audio than time passes

Times are seconds of the stream. A program should skip an `event` that it does not know.
"""

import json

from sernet.runtime.live.events import Drift, Interruption, LiveAnswer, LiveEvent
from sernet.runtime.outputs.output import Output
from sernet.runtime.recognizer import UNCERTAIN, Recognition


class Lines(Output):
    """Lines on standard output."""

    def __init__(self, *, as_json: bool) -> None:
        self._line = json_line if as_json else text_line

    def event(self, event: LiveEvent) -> None:
        print(self._line(event), flush=True)


def json_line(event: LiveEvent) -> str:
    """One JSON object: what the event's `to_json` gives."""
    return json.dumps(event.to_json())


def text_line(event: LiveEvent) -> str:
    """For a plain terminal."""
    if isinstance(event, LiveAnswer):
        best = max(event.recognition.probabilities.values())
        return (
            f"{event.recognition.end_s:7.1f} s  {shown_label(event.recognition):<12} {best:4.0%}"
            f"  {event.level_dbfs:6.1f} dBFS  {event.latency_ms:5.0f} ms{gaps(event, '  ')}"
        )
    return f"{event.at_s:7.1f} s  {told(event)}"


def told(event: Interruption | Drift) -> str:
    """For people, what happened to the stream."""
    if isinstance(event, Drift):
        kind = "missing" if event.drift_s > 0 else "too many"
        return f"clock: {abs(event.drift_s):.2f} s of audio {kind} since the device was opened"
    if event.lost_s is None:
        return f"interrupted: {event.reason}"
    return f"goes on; {event.lost_s:.1f} s were not heard"


def shown_label(recognition: Recognition) -> str:
    """The label; of an uncertain answer, also what it would be."""
    if recognition.label != UNCERTAIN:
        return recognition.label
    return f"{UNCERTAIN}, perhaps {max(recognition.probabilities, key=recognition.probabilities.__getitem__)}"


def gaps(answer: LiveAnswer, separator: str) -> str:
    """How often samples were lost, behind a separator; nothing if they never were."""
    if not answer.overruns:
        return ""
    return f"{separator}{answer.overruns} {'gap' if answer.overruns == 1 else 'gaps'}"
