"""The level's definition, the lines that programs read, and the meter that people see."""

import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from sernet.runtime.live.events import LiveAnswer
from sernet.runtime.live.level import level_dbfs
from sernet.runtime.outputs.meter import Lines, Meter, json_line, text_line
from sernet.runtime.recognizer import UNCERTAIN, Recognition

ANSWER = LiveAnswer(
    "window",
    Recognition(start_s=1.5, end_s=4.5, label="anger", probabilities={"anger": 0.75, "neutral [calm]": 0.25}),
    steady_label="anger",
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
        "steady_label": "anger",
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
    *bars, now = shown(-30.0, UNSURE)
    assert "uncertain, perhaps anger" in now and [bar_length(bar) > 5 for bar in bars[1:]] == [True, True]


def test_lines_are_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BufferedWriter(raw, 1 << 16), write_through=False))
    with Lines(as_json=True) as lines:
        lines.event(ANSWER)
        assert raw.getvalue().count(b"\n") == 1


def shown(level: float, answer: LiveAnswer | None) -> list[str]:
    """What the meter leaves on a terminal, line by line."""
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None, legacy_windows=False)
    with Meter(console) as meter:
        meter.level(level)
        if answer:
            meter.event(answer)
    assert isinstance(console.file, io.StringIO)
    return [line for line in re.sub(r"\x1b\[[?\d]*[a-zA-Z]", "", console.file.getvalue()).splitlines() if line]


def bar_length(line: str) -> int:
    return line.count("━")


def test_the_meter_shows_one_bar_for_each_emotion_the_label_and_the_latency() -> None:
    lines = shown(-30.0, ANSWER)
    assert [line.split()[0] for line in lines] == ["level", "anger", "neutral", "now"]
    assert "-30.0 dBFS" in lines[0]
    assert "75%" in lines[1]
    assert "25%" in lines[2]
    assert "[calm]" in lines[2]
    assert "anger" in lines[3]
    assert "12 ms, 2 gaps" in lines[3]


def test_the_bars_are_as_long_as_what_they_show() -> None:
    full, half, empty = (bar_length(shown(level, None)[0]) for level in (0.0, -30.0, -60.0))
    assert (full, empty) == (30, 0)
    assert half == pytest.approx(15, abs=1)
    anger, neutral = (bar_length(line) for line in shown(0.0, ANSWER)[1:3])
    assert anger == pytest.approx(3 * neutral, abs=2)


def test_before_the_first_answer_the_meter_listens() -> None:
    assert any("listening" in line for line in shown(-30.0, None))
