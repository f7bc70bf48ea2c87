"""The binding to espeak-ng: what it says is a function of its arguments, and what it cannot do it says in one line."""

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import espeakng_loader
import numpy as np
import pytest
from scipy import signal as dsp

from sernet.runtime.errors import SernetError
from sernet.training.synthetic.espeak import Synthesiser, Voice, speak

TEXT = "Der Lappen liegt auf dem Eisschrank."
MAN = Voice(pitch=90, pitch_range=6, rate=170, formants=(1.0,) * 6)
WOMAN = Voice(pitch=180, pitch_range=6, rate=170, formants=(1.15,) * 6)


def median_pitch(waveform: np.ndarray, sample_rate: int) -> float:
    """Pitch in Hz of the voiced frames, from the highest peak of the autocorrelation between 60 and 450 Hz."""
    size = int(0.05 * sample_rate)
    frames = np.lib.stride_tricks.sliding_window_view(waveform, size)[:: size // 4]
    shortest, longest = int(sample_rate / 450), int(sample_rate / 60)
    pitches = []
    for frame in frames[np.var(frames, axis=1) > 0.05 * np.var(frames, axis=1).max()]:
        peaks = dsp.correlate(frame, frame, "full")[size - 1 :] / np.arange(size, 0, -1)  # unbiased
        lag = shortest + int(np.argmax(peaks[shortest:longest]))
        if peaks[lag] > 0.6 * peaks[0]:
            pitches.append(sample_rate / lag)
    return float(np.median(pitches))


def test_an_utterance_does_not_depend_on_the_ones_before_it() -> None:
    # "hochgetragen" and "Agnes" hear the library's counter of cycles when it is not switched off.
    texts = ("Sie haben es gerade hochgetragen.", "Ich habe Agnes besucht.", "Wo ist das?")
    utterances = list(itertools.product(texts, (MAN, WOMAN, Voice(230, 14, 210, (1.2,) * 6))))
    first = [speak(*utterance)[0] for utterance in utterances]
    rng = np.random.default_rng(0)
    for index in itertools.chain.from_iterable(rng.permutation(len(utterances)) for _ in range(8)):
        assert np.array_equal(speak(*utterances[index])[0], first[index])


def test_the_loudest_voices_stay_clear_of_espeaks_limiter() -> None:
    for pitch, pitch_range, factor in itertools.product((70, 150, 300), (3, 14), (0.9, 1.25)):
        waveform, _ = speak("Das war aber auch an allem anderen.", Voice(pitch, pitch_range, 170, (factor,) * 6))
        assert 0.1 < np.abs(waveform).max() < 0.9


def test_a_new_process_says_the_same() -> None:
    program = (
        "import hashlib; from sernet.training.synthetic.espeak import Voice, speak\n"
        f"print(hashlib.sha256(speak({TEXT!r}, {MAN!r})[0].tobytes()).hexdigest())"
    )
    outputs = {subprocess.check_output([sys.executable, "-c", program]) for _ in range(2)}
    assert len(outputs) == 1


@pytest.mark.parametrize("voice", [MAN, WOMAN], ids=["man", "woman"])
def test_the_pitch_lies_in_the_range_asked_for(voice: Voice) -> None:
    pitch = median_pitch(*speak(TEXT, voice))
    assert voice.pitch * 0.9 <= pitch <= voice.pitch * 2 ** (voice.pitch_range / 12) * 1.1


def test_a_faster_rate_makes_a_shorter_utterance() -> None:
    slow, fast = (speak(TEXT, Voice(MAN.pitch, MAN.pitch_range, rate, MAN.formants))[0].size for rate in (120, 240))
    assert 0.4 < fast / slow < 0.7


def test_a_rate_beyond_espeaks_limits_is_held_to_them() -> None:
    slowest, slower = (speak(TEXT, Voice(90, 6, rate, MAN.formants))[0] for rate in (80, 5))
    assert np.array_equal(slowest, slower)


def test_higher_formants_move_the_spectrum_up() -> None:
    def centroid(factor: float) -> float:
        waveform, sample_rate = speak(TEXT, Voice(100, 6, 170, (factor,) * 6))
        frequencies, power = dsp.welch(waveform, sample_rate, nperseg=1024)
        return float(np.sum(frequencies * power) / np.sum(power))

    assert centroid(0.9) < centroid(1.0) < centroid(1.2)


def test_a_missing_package_is_told_with_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(SernetError, match=r"sernet\[train\]"):
        Synthesiser()


def run_with_data_in(folder: Path) -> subprocess.CompletedProcess[str]:
    """Speak in a new process that finds espeak-ng's data in `folder`."""
    program = (
        "import espeakng_loader, sys\n"
        "from sernet.runtime.errors import SernetError\n"
        "from sernet.training.synthetic.espeak import Voice, speak\n"
        f"espeakng_loader.get_data_path = lambda: {str(folder)!r}\n"
        f"try: print(speak({TEXT!r}, {MAN!r})[0].size)\n"
        "except SernetError as error: sys.exit(str(error))"
    )
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def test_data_in_a_very_long_path_is_found_and_nothing_is_printed(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 120) / ("y" * 120)
    deep.mkdir(parents=True)
    (deep / "espeak-ng-data").symlink_to(espeakng_loader.get_data_path(), target_is_directory=True)
    result = run_with_data_in(deep / "espeak-ng-data")
    assert (result.returncode, result.stderr) == (0, "")
    assert int(result.stdout) == speak(TEXT, MAN)[0].size


def test_missing_data_is_an_error_not_the_end_of_the_process(tmp_path: Path) -> None:
    result = run_with_data_in(tmp_path / "nowhere")
    assert result.returncode == 1
    assert "espeak-ng does not start" in result.stderr.splitlines()[-1]


def test_an_interrupt_stops_the_run_wherever_it_falls() -> None:
    program = (
        "from sernet.training.synthetic.espeak import Voice, speak\n"
        f"print('ready', flush=True)\nwhile True: speak({TEXT!r}, {MAN!r})"
    )
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        assert process.returncode == -signal.SIGINT
        assert "ignored" not in errors
