"""`sernet-infer enroll`, and what `file`, `mic` and `info` make of the profile, as users run them."""

import dataclasses
import json
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sernet.runtime import Network, load_bundle, recognise
from sernet.runtime.bundle import pack_bundle
from sernet.runtime.cli import main
from sernet.runtime.leaning import Leaning
from sernet.runtime.profile import load_profile

RATE = 16000
Infer = Callable[..., tuple[int, str, str]]


@pytest.fixture
def infer(
    normalising_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Infer:
    """Runs a verb with the normalising model and a default place of its own; returns code, output, errors."""
    monkeypatch.setenv("SERNET_PROFILE", str(tmp_path / "default.json"))

    def run(verb: str, *arguments: object, model: Path = normalising_bundle) -> tuple[int, str, str]:
        option = [str(model)] if verb == "info" else ["--model", str(model)]
        code = main([verb, *option, *map(str, arguments)])
        output, errors = capsys.readouterr()
        return code, output, errors

    return run


@pytest.fixture(scope="module")
def recordings(voice, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder: 16 s of speech with a pause as `owner.wav` and `owner.raw`, 3 s of it, and a clip to answer."""
    folder = tmp_path_factory.mktemp("recordings")
    owner = np.concatenate([voice(8, 230.0, 3), np.zeros(4 * RATE, np.float32), voice(8, 230.0, 4)])
    for name, samples in {"owner": owner, "short": owner[: 3 * RATE], "clip": voice(1.5, 230.0, 5)}.items():
        pcm = np.rint(32767 * samples).astype("<i2")
        soundfile.write(folder / f"{name}.wav", pcm, RATE)
        (folder / f"{name}.raw").write_bytes(pcm.tobytes())
    return folder


def probabilities(output: str) -> dict[str, float]:
    return json.loads(output)["probabilities"]


def test_a_profile_from_recordings_is_used_by_file_from_then_on(
    infer: Infer, recordings: Path, tmp_path: Path, normalising_bundle: Path
):
    place, clip = tmp_path / "default.json", recordings / "clip.wav"
    _, before, silent = infer("file", "--json", clip)
    assert silent == "", "nobody has enrolled: nothing to tell"

    code, said, _ = infer("enroll", "--file", recordings / "owner.wav")
    assert code == 0 and str(place) in said and "no audio" in said
    profile = load_profile(place)
    assert 12 < profile.speech_s < 17, "the pause is not counted"

    code, after, told = infer("file", "--json", clip)
    assert code == 0 and told.count("\n") == 1 and str(place) in told
    samples = soundfile.read(clip, dtype="float32")[0]
    expected = recognise(Network(load_bundle(normalising_bundle)), samples, profile=profile.heard).probabilities
    assert probabilities(after) == pytest.approx(expected) and probabilities(after) != probabilities(before)
    assert set(json.loads(after)) == set(json.loads(before))
    assert infer("file", "--json", "--no-profile", clip) == (0, before, "")


def test_live_speech_makes_the_profile_that_a_recording_of_it_makes(infer: Infer, recordings: Path, tmp_path: Path):
    live, recorded = tmp_path / "live.json", tmp_path / "recorded.json"
    code, output, told = infer("enroll", "--json", "--out", live, "--mic-command", f"cat {recordings}/owner.raw")
    assert code == 0 and "no audio" in told and "listening to cat" in told
    assert infer("enroll", "--out", recorded, "--file", recordings / "owner.wav")[0] == 0
    one, other = load_profile(live), load_profile(recorded)
    assert one.heard.frames == other.heard.frames
    np.testing.assert_array_equal(one.heard.total, other.heard.total)
    assert json.loads(output)["profile"] == str(live)
    assert json.loads(output)["speech_s"] == pytest.approx(one.speech_s, abs=0.001)


def test_live_answers_with_a_profile_are_those_of_the_file(infer: Infer, recordings: Path, tmp_path: Path):
    path = tmp_path / "owner.json"
    assert infer("enroll", "--out", path, "--file", recordings / "owner.wav")[0] == 0
    windows = ["file", "--json", "--windows", recordings / "clip.wav"]
    listen = ["mic", "--json", "--mic-command", f"cat {recordings}/clip.raw"]
    answers = {}
    for name, command in {"file": windows, "live": listen}.items():
        for option in (["--profile", str(path)], ["--no-profile"]):
            code, output, told = infer(*command, *option)
            assert code == 0 and (str(path) in told) == (option[0] == "--profile")
            answers[name, option[0]] = [probabilities(line) for line in output.splitlines()]
    assert len(answers["file", "--profile"]) == 2
    for option in ("--profile", "--no-profile"):
        assert answers["live", option] == answers["file", option]
    assert answers["file", "--profile"] != answers["file", "--no-profile"]


def test_speech_in_many_moods_also_teaches_how_the_answers_lean(
    infer: Infer, recordings: Path, tmp_path: Path, normalising_bundle: Path
):
    place, clip = tmp_path / "default.json", recordings / "clip.wav"
    code, said, _ = infer("enroll", "--varied", "--file", recordings / "owner.wav")
    assert code == 0 and "of 16 answers" in said and "no audio" in said
    network = Network(load_bundle(normalising_bundle))
    owner, samples = (soundfile.read(path, dtype="float32")[0] for path in (recordings / "owner.wav", clip))
    windows = [owner[start * RATE : (start + 1) * RATE] for start in (*range(8), *range(12, 20))]  # without the pause
    leaning = Leaning.of(np.stack([network.waveform_probabilities(window) for window in windows]))
    answer = network.waveform_probabilities(samples, load_profile(place).heard)

    _, output, told = infer("file", "--json", clip)
    found = np.array(list(probabilities(output).values()))
    assert found == pytest.approx(leaning.taken_from(answer)) and found != pytest.approx(answer)
    assert told.count("\n") == 1 and "knows how its answers lean" in told
    assert "knows how its answers lean" in infer("info")[1]
    _, windows, _ = infer("file", "--json", "--windows", clip)
    _, live, _ = infer("mic", "--json", "--mic-command", f"cat {recordings}/clip.raw")
    assert [probabilities(line) for line in live.splitlines()] == [probabilities(line) for line in windows.splitlines()]

    command = ["enroll", "--varied", "--json", "--out", tmp_path / "live.json"]
    code, output, told = infer(*command, "--mic-command", f"cat {recordings}/owner.raw")
    assert code == 0 and json.loads(output)["answers"] == 16 and "in many moods" in told
    one, other = (load_profile(path).leaning for path in (place, tmp_path / "live.json"))
    assert one is not None and other is not None
    np.testing.assert_array_equal(one.total, other.total)


@pytest.mark.parametrize("option", ["--profile", None])
def test_another_model_knows_the_features_and_not_the_leaning(
    infer: Infer, recordings: Path, tmp_path: Path, normalising_bundle: Path, option: str | None
):
    place, clip = tmp_path / "default.json", recordings / "clip.wav"
    assert infer("enroll", "--varied", "--file", recordings / "owner.wav")[0] == 0
    other = with_manifest(normalising_bundle, tmp_path / "other.tflite", temperature=1.5)
    code, output, told = infer("file", "--json", *([option, place] if option else []), clip, model=other)
    assert code == 0 and told.count("\n") == 1
    assert "its leaning is of another model: enrol again with --varied" in told
    assert "its leaning is of another model" in infer("info", model=other)[1]
    assert infer("enroll", "--file", recordings / "owner.wav")[0] == 0
    assert infer("file", "--json", clip, model=other)[1] == output, "as with a profile of features alone"


def test_too_few_answers_leave_the_profile_that_is_there(
    infer: Infer, recordings: Path, tmp_path: Path, normalising_bundle: Path
):
    assert infer("enroll", "--file", recordings / "owner.wav")[0] == 0
    before = (tmp_path / "default.json").read_bytes()
    long = with_manifest(normalising_bundle, tmp_path / "long.tflite", window_s=5.0)
    code, output, told = infer("enroll", "--varied", "--file", recordings / "owner.wav", model=long)
    assert (code, output) == (2, "")
    assert "4 answers are too few" in told.splitlines()[-1] and "nothing was stored" in told.splitlines()[-1]
    assert (tmp_path / "default.json").read_bytes() == before


def test_listening_stops_when_enough_speech_was_heard(infer: Infer, recordings: Path, tmp_path: Path):
    """The recorder never stops by itself: the speech over and over."""
    loop = f"sh -c 'while cat {recordings}/owner.raw 2>&-; do :; done'"
    code, output, told = infer("enroll", "--json", "--seconds", "20", "--mic-command", loop)
    assert code == 0, told
    assert 20 <= json.loads(output)["speech_s"] < 20.6
    assert "10." in told and "of 20 s of speech" in told


def test_somebody_who_says_nothing_is_not_waited_for(infer: Infer, tmp_path: Path):
    code, output, told = infer("enroll", "--seconds", "10", "--mic-command", "cat /dev/zero")
    assert (code, output) == (2, "") and "0.0 s of speech are too few" in told
    assert not (tmp_path / "default.json").exists()


def test_too_little_speech_leaves_the_profile_that_is_there(infer: Infer, recordings: Path, tmp_path: Path):
    assert infer("enroll", "--file", recordings / "owner.wav")[0] == 0
    before = (tmp_path / "default.json").read_bytes()
    code, output, told = infer("enroll", "--file", recordings / "short.wav")
    assert (code, output) == (2, "")
    assert "10 s are needed" in told.splitlines()[-1] and "nothing was stored" in told.splitlines()[-1]
    assert (tmp_path / "default.json").read_bytes() == before


def test_a_profile_holds_sums_and_no_audio(infer: Infer, recordings: Path, tmp_path: Path):
    assert infer("enroll", "--file", recordings / "owner.wav")[0] == 0
    values = json.loads((tmp_path / "default.json").read_text())
    assert set(values) == {"format_version", "heard", "speech_s", "front_end", "made_at", "made_by"}
    assert set(values["heard"]) == {"frames", "total"} and len(values["heard"]["total"]) == 40
    assert (tmp_path / "default.json").stat().st_size < 3000
    assert [path.name for path in tmp_path.iterdir()] == ["default.json"]


def test_forgetting(infer: Infer, recordings: Path, tmp_path: Path):
    assert infer("enroll", "--file", recordings / "owner.wav")[0] == 0
    code, said, _ = infer("enroll", "--forget")
    assert code == 0 and "forgotten" in said and not (tmp_path / "default.json").exists()
    code, said, _ = infer("enroll", "--forget", "--json")
    assert code == 0 and json.loads(said) == {"profile": str(tmp_path / "default.json"), "forgotten": False}


def with_manifest(bundle_path: Path, path: Path, **changes: object) -> Path:
    """The same network with another description."""
    bundle = load_bundle(bundle_path)
    with zipfile.ZipFile(bundle_path) as archive:
        flatbuffer = bundle.model[: min(info.header_offset for info in archive.infolist())]
    path.write_bytes(pack_bundle(flatbuffer, dataclasses.replace(bundle.manifest, **changes)))
    return path


def with_front_end(bundle_path: Path, path: Path, **changes: object) -> Path:
    """The same network behind a front end whose settings differ."""
    front_end = load_bundle(bundle_path).manifest.front_end
    return with_manifest(bundle_path, path, front_end=dataclasses.replace(front_end, **changes))


@pytest.mark.parametrize("verb", ["file", "mic"])
@pytest.mark.parametrize("misfit", ["another front end", "no use", "damaged", "missing"])
def test_a_profile_that_does_not_fit_is_an_error_only_when_it_is_asked_for(
    infer: Infer, recordings: Path, tmp_path: Path, normalising_bundle: Path, verb: str, misfit: str
):
    place, model = tmp_path / "default.json", normalising_bundle
    assert infer("enroll", "--file", recordings / "owner.wav")[0] == 0
    says = "enrol again"
    if misfit == "another front end":
        model = with_front_end(normalising_bundle, tmp_path / "other.tflite", log_offset=1e-5)
    elif misfit == "no use":
        model = with_front_end(normalising_bundle, tmp_path / "plain.tflite", normalisation=None)
        says = "no use for a profile"
    elif misfit == "damaged":
        place.write_text(place.read_text()[:-50])
    else:
        place.unlink()
        says = "there is no profile"
    source = ["--json", recordings / "clip.wav"] if verb == "file" else ["--mic-command", f"cat {recordings}/clip.raw"]

    code, output, told = infer(verb, "--profile", place, *source, model=model)
    assert (code, output) == (2, "") and told.startswith("sernet-infer: error: ") and says in told
    assert told.count("\n") == 1

    code, output, told = infer(verb, *source, model=model)
    assert code == 0 and output
    if verb == "file":  # mic also tells of latency
        assert output == infer(verb, "--no-profile", *source, model=model)[1]
    going_on = [line for line in told.splitlines() if "going on without a profile" in line]
    assert len(going_on) == (0 if misfit == "missing" else 1) and all(says in line for line in going_on)


def test_a_model_that_does_not_normalise_cannot_enrol_anybody(
    infer: Infer, recordings: Path, tmp_path: Path, bundle: Path
):
    code, output, told = infer("enroll", "--file", recordings / "owner.wav", model=bundle)
    assert (code, output) == (2, "") and "no use for a profile" in told and told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seconds", "5"], "10 s of speech are needed"),
        (["--file", "nowhere.wav"], "nowhere.wav: no such file"),
        (["--file", "nowhere.wav", "--out", "."], "cannot be written to ."),
        (["--mic-command", "sernet-no-such-program"], "sernet-no-such-program: cannot be started"),
    ],
)
def test_what_goes_wrong_is_one_line(infer: Infer, tmp_path: Path, arguments: list[str], message: str):
    code, output, told = infer("enroll", *arguments)
    assert code in (2, 3) and output == "" and message in told and told.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_info_tells_of_normalisation_and_profile(infer: Infer, recordings: Path, tmp_path: Path):
    _, before, _ = infer("info")
    assert "normalised:" in before and "1.6 s" in before
    assert "none: there is no profile" in before and "sernet-infer enroll" in before
    assert infer("enroll", "--file", recordings / "owner.wav")[0] == 0
    _, after, _ = infer("info")
    (line,) = [line for line in after.splitlines() if line.startswith("profile:")]
    assert str(tmp_path / "default.json") in line and "s of speech" in line


def test_ctrl_c_stores_nothing(normalising_bundle: Path, recordings: Path, tmp_path: Path):
    """In the middle of listening, as a shell sends it."""
    program = [sys.executable, "-m", "sernet.runtime.cli", "enroll", "--model", normalising_bundle]
    command = f"sh -c 'cat {recordings}/owner.raw; sleep 60'"
    out = tmp_path / "p.json"
    live = subprocess.Popen(
        [*program, "--out", out, "--mic-command", command], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert live.stderr is not None
    while "s of speech" not in (line := live.stderr.readline()):
        assert line, "it ended by itself"
    live.send_signal(signal.SIGINT)
    stdout, stderr = live.communicate(timeout=20)
    assert live.returncode == 130 and stdout == "" and "Traceback" not in stderr
    assert not out.exists()
