"""The level's definition, the lines that programs read, and the meter that people see."""

import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from sernet.runtime.live.events import SILENCE, Drift, Interruption, LiveAnswer, LiveEvent
from sernet.runtime.live.level import level_dbfs
from sernet.runtime.outputs.lines import Lines, json_line, text_line
from sernet.runtime.outputs.meter import Meter
from sernet.runtime.recognizer import UNCERTAIN, Recognition

ANSWER = LiveAnswer(
    "window",
    Recognition(start_s=1.5, end_s=4.5, label="anger", probabilities={"anger": 0.75, "neutral [calm]": 0.25}),
    steady_label="neutral [calm]",
    level_dbfs=-23.45678,
    voice=0.5,
    latency_ms=12.345,
    dropped=1600,
    overruns=2,
)


@pytest.mark.parametrize(
    ("samples", "dbfs"),
    [
        (np.array([1, -1] * 500, np.float32), 0.0),
        (np.sin(2 * np.pi * np.arange(1600) / 16).astype(np.float32), -3.0103),
        (np.full(1000, 0.1, np.float32), -20.0),
        (np.full(1_000_000, 2.0**-15, np.float32), -90.309),  # one step of 16-bit PCM, over a minute
        (np.zeros(1000, np.float32), -120.0),
        (np.zeros(0, np.float32), -120.0),
    ],
)
def test_the_level_is_the_root_mean_square_to_full_scale(samples: np.ndarray, dbfs: float) -> None:
    assert level_dbfs(samples) == pytest.approx(dbfs, abs=1e-4)


def test_a_json_line_holds_the_answer_and_how_it_came_about() -> None:
    assert json.loads(json_line(ANSWER)) == {
        "event": "window",
        "start_s": 1.5,
        "end_s": 4.5,
        "label": "anger",
        "probabilities": {"anger": 0.75, "neutral [calm]": 0.25},
        "steady_label": "neutral [calm]",
        "level_dbfs": -23.457,
        "voice": 0.5,
        "latency_ms": 12.35,
        "dropped": 1600,
        "overruns": 2,
    }
    assert "\n" not in json_line(ANSWER)


def test_a_text_line_tells_the_same() -> None:
    line = text_line(ANSWER)
    for part in ("4.5 s", "anger", "75%", "-23.5 dBFS", "12 ms", "2 gaps"):
        assert part in line


UNSURE = replace(ANSWER, recognition=replace(ANSWER.recognition, label=UNCERTAIN))


def test_an_uncertain_answer_names_its_leading_guess_to_people_and_keeps_its_label_for_programs() -> None:
    assert "uncertain, perhaps anger  75%" in text_line(UNSURE)
    line = json.loads(json_line(UNSURE))
    assert line["label"] == "uncertain" and line["probabilities"] == {"anger": 0.75, "neutral [calm]": 0.25}
    _, *bars = shown(-30.0, UNSURE)
    assert "uncertain, perhaps anger" in row("now", bars) and all(bar_length(bar) > 5 for bar in bars[:2])


INTERRUPTED, BACK, DRIFT = Interruption(3.0, "USB: gone", None), Interruption(3.0, "USB: gone", 2.5), Drift(60.0, 0.31)


def test_lines_tell_what_happens_to_the_stream() -> None:
    assert json.loads(json_line(INTERRUPTED)) == {
        "event": "interruption",
        "at_s": 3.0,
        "reason": "USB: gone",
        "lost_s": None,
    }
    assert [" ".join(text_line(event).split()) for event in (INTERRUPTED, BACK, DRIFT)] == [
        "3.0 s interrupted: USB: gone",
        "3.0 s goes on; 2.5 s were not heard",
        "60.0 s clock: 0.31 s of audio missing since the device was opened",
    ]


def test_lines_are_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BufferedWriter(raw, 1 << 16), write_through=False))
    with Lines(as_json=True) as lines:
        lines.event(ANSWER)
        assert raw.getvalue().count(b"\n") == 1


def shown(level: float, *events: LiveEvent, voiced: bool = False, width: int = 80) -> list[str]:
    """What the meter leaves on a terminal, line by line."""
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None, legacy_windows=False)
    with Meter(console) as meter:
        meter.level(level, voiced)
        for event in events:
            meter.event(event)
    assert isinstance(console.file, io.StringIO)
    last = console.file.getvalue().split("\x1b[2K")[-1]  # the screen is cleared line by line before it is drawn anew
    return [line for line in re.sub(r"\x1b\[[?\d]*[a-zA-Z]", "", last).splitlines() if line.strip()]


def row(name: str, lines: list[str]) -> str:
    """What the meter shows beside a name."""
    (line,) = [line for line in lines if line.startswith(f"{name} ")]
    return line.removeprefix(name).strip()


def bar_length(line: str) -> int:
    return line.count("━")


def test_the_meter_shows_one_bar_for_each_emotion_the_labels_and_the_latency() -> None:
    lines = shown(-30.0, ANSWER)
    assert [line.split()[0] for line in lines[:3]] == ["level", "anger", "neutral"]
    assert "-30.0 dBFS" in lines[0]
    assert "75%" in lines[1]
    assert "25%" in lines[2]
    assert "[calm]" in lines[2]
    assert row("now", lines) == "anger"
    assert row("held", lines) == "neutral [calm]"
    assert row("latency", lines) == "12 ms, 2 gaps"


def test_the_meter_shows_whether_somebody_speaks_and_what_happens_to_the_stream() -> None:
    assert [row("voice", shown(-30.0, ANSWER, voiced=voiced)) for voiced in (True, False)] == ["speaks", "-"]
    assert row("stream", shown(-30.0, ANSWER, INTERRUPTED)) == "3.0 s: interrupted: USB: gone"
    assert row("stream", shown(-30.0, ANSWER, INTERRUPTED, BACK)) == "3.0 s: goes on; 2.5 s were not heard"


def test_the_bars_are_as_long_as_what_they_show() -> None:
    full, half, empty = (bar_length(shown(level)[0]) for level in (0.0, -30.0, -60.0))
    assert (full, empty) == (30, 0)
    assert half == pytest.approx(15, abs=1)
    anger, neutral = (bar_length(line) for line in shown(0.0, ANSWER)[1:3])
    assert anger == pytest.approx(3 * neutral, abs=2)


def test_before_the_first_answer_the_meter_listens() -> None:
    assert any("listening" in line for line in shown(-30.0))


def answered(label: str, anger: float) -> LiveAnswer:
    probabilities = {"anger": anger, "neutral [calm]": 1 - anger}
    return replace(ANSWER, recognition=replace(ANSWER.recognition, label=label, probabilities=probabilities))


def test_the_history_holds_the_last_labels_and_how_probable_each_was() -> None:
    past = [answered("anger", 1.0), answered(SILENCE, 0.9), answered("neutral [calm]", 0.2), answered(UNCERTAIN, 0.51)]
    lines = shown(-30.0, *past)
    assert row("history", lines) == "A·N?"
    assert lines[lines.index(next(line for line in lines if "A·N?" in line)) + 1].strip() == "█ ▇▅"


@pytest.mark.parametrize("width", [24, 32, 40, 80, 200])
def test_the_meter_fits_the_terminal(width: int) -> None:
    past = [answered("anger", 0.6)] * 100
    lines = shown(-120.0, *past, UNSURE, INTERRUPTED, width=width)
    assert max(map(len, lines)) + len("^C") <= width
    assert len(lines) == 10, "\n".join(lines)
    history = row("history", lines)
    assert history == "A" * (len(history) - 1) + "?"  # the newest stays in sight
    assert len(history) == min(width - len("neutral [calm] ") - 2, 60) or width < 40


def test_history_blocks_have_the_colour_of_their_bar() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system="256", legacy_windows=False)
    with Meter(console) as meter:
        meter.event(answered("anger", 0.9))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    colour = re.search(r"anger +\x1b\[38;5;(\d+)m━", text)
    assert colour and f";48;5;{colour[1]}mA" in text
