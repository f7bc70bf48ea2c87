"""A profile survives its file, fits the features it was made of, and is refused in one line otherwise."""

import dataclasses
import json
import stat
from pathlib import Path

import numpy as np
import pytest

from sernet.runtime.bundle import Bundle, Manifest
from sernet.runtime.enrolment import LEAST_SPEECH_S, Enrolment
from sernet.runtime.front_end import FrontEnd
from sernet.runtime.leaning import Leaning
from sernet.runtime.normalisation import Heard, Normalisation
from sernet.runtime.profile import Profile, ProfileError, default_place, fingerprint, load_profile

RATE = 16000
FRONT_END = FrontEnd(input_type="mel_spectrogram", mel_bins=40, normalisation=Normalisation((0.0,) * 40, (1.0,) * 40))
HEARD = Heard(1234.5, np.random.default_rng(0).normal(0, 1e4, 40))
PROFILE = Profile.of(HEARD, 19.75, FRONT_END)
BUNDLE = Bundle(Manifest("one", ("anger", "fear", "sadness"), FRONT_END, 3.0, "int8"), b"one model")
LEANING = Leaning.of(np.random.default_rng(1).dirichlet((1, 1, 1), 7))
VARIED = Profile.of(HEARD, 19.75, FRONT_END, LEANING, BUNDLE.fingerprint)


def test_a_profile_survives_its_file_to_the_last_bit(tmp_path: Path):
    PROFILE.save(tmp_path / "new" / "folder" / "p.json")
    found = load_profile(tmp_path / "new" / "folder" / "p.json")
    assert found.heard.frames == PROFILE.heard.frames
    np.testing.assert_array_equal(found.heard.total, PROFILE.heard.total)
    rest = {"speech_s", "front_end", "made_at", "made_by"}
    assert {name: getattr(found, name) for name in rest} == {name: getattr(PROFILE, name) for name in rest}


def test_a_leaning_and_its_model_survive_the_file_too(tmp_path: Path):
    VARIED.save(tmp_path / "p.json")
    found = load_profile(tmp_path / "p.json")
    assert found.leaning is not None and (found.leaning.answers, found.model) == (7, BUNDLE.fingerprint)
    np.testing.assert_array_equal(found.leaning.total, LEANING.total)
    np.testing.assert_array_equal(found.heard.total, HEARD.total)
    PROFILE.save(tmp_path / "p.json")
    found = load_profile(tmp_path / "p.json")
    assert found.leaning is None and found.model is None


def test_it_is_small_private_and_alone_in_its_folder(tmp_path: Path):
    path = tmp_path / "p.json"
    path.write_text("an older one, readable to all")
    PROFILE.save(path)
    assert path.stat().st_size < 3000
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_keeps_no_crumbs(tmp_path: Path):
    (tmp_path / "p.json").mkdir()
    with pytest.raises(OSError):
        PROFILE.save(tmp_path / "p.json")
    assert [path.name for path in tmp_path.iterdir()] == ["p.json"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: "", "damaged"),
        (lambda values: "[1, 2", "damaged"),
        (lambda values: [1, 2], "damaged"),
        (lambda values: None, "damaged"),
        (lambda values: values | {"heard": None}, "damaged"),
        (lambda values: values | {"heard": {"frames": 3}}, "damaged"),
        (lambda values: values | {"heard": {"frames": "many", "total": [0.0] * 40}}, "damaged"),
        (lambda values: values | {"heard": {"frames": 0, "total": [0.0] * 40}}, "damaged"),
        (lambda values: values | {"heard": {"frames": float("nan"), "total": [0.0] * 40}}, "damaged"),
        (lambda values: values | {"heard": {"frames": 9, "total": [float("inf")] * 40}}, "damaged"),
        (lambda values: values | {"heard": {"frames": 9, "total": [[1.0], 2.0]}}, "damaged"),
        (lambda values: values | {"heard": {"frames": 9, "total": 1.0}}, "damaged"),
        (lambda values: values | {"heard": {"frames": 10**400, "total": [0.0] * 40}}, "damaged"),
        (lambda values: values | {"heard": {"frames": 9, "total": [10**400] * 40}}, "damaged"),
        (lambda values: values | {"heard": {"frames": 1e-320, "total": [1.0] * 40}}, "damaged"),
        (lambda values: "[" * 100_000, "damaged"),
        (lambda values: " " * 2_000_000 + json.dumps(values), "damaged"),
        (lambda values: values | {"speech_s": 10**400}, "damaged"),
        (lambda values: values | {"made_at": "\ud800"}, "damaged"),
        (lambda values: values | {"made_at": "two\nlines"}, "damaged"),
        (lambda values: values | {"speech_s": "long"}, "damaged"),
        (lambda values: values | {"made_at": 5}, "damaged"),
        (lambda values: {k: v for k, v in values.items() if k != "front_end"}, "damaged"),
        (lambda values: values | {"format_version": 2}, "newer version"),
    ],
)
def test_a_damaged_file_is_told_in_one_line(change, message: str, tmp_path: Path):
    path = tmp_path / "p.json"
    PROFILE.save(path)
    changed = change(json.loads(path.read_text()))
    path.write_text(changed if isinstance(changed, str) else json.dumps(changed))
    with pytest.raises(ProfileError, match=message) as error:
        load_profile(path)
    assert "\n" not in str(error.value) and str(path) in str(error.value) and "enrol again" in str(error.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"leaning": 5},
        {"leaning": {}},
        {"leaning": {"answers": -1, "total": [0.0] * 3}},
        {"leaning": {"answers": 0, "total": [0.0] * 3}},
        {"leaning": {"answers": float("inf"), "total": [0.0] * 3}},
        {"leaning": {"answers": 7, "total": [0.0, float("nan"), 0.0]}},
        {"leaning": {"answers": 7, "total": 0.0}},
        {"leaning": {"answers": 7, "total": [[0.0] * 3]}},
        {"model": None},
    ],
)
def test_a_damaged_leaning_is_damage(changes: dict, tmp_path: Path):
    path = tmp_path / "p.json"
    VARIED.save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(ProfileError, match=r"damaged .*enrol again") as error:
        load_profile(path)
    assert "\n" not in str(error.value) and str(path) in str(error.value)


def test_a_leaning_is_of_use_to_its_own_model_alone():
    assert VARIED.fitting(BUNDLE) is VARIED and str(VARIED).endswith("knows how its answers lean")
    assert PROFILE.fitting(BUNDLE) is PROFILE and "lean" not in str(PROFILE)
    other = VARIED.fitting(dataclasses.replace(BUNDLE, model=b"another model"))
    assert other.heard is HEARD and other.leaning is None
    assert str(other).endswith("its leaning is of another model: enrol again with --varied")
    with pytest.raises(ProfileError, match="another front end"):
        front_end = dataclasses.replace(FRONT_END, log_offset=1e-5)
        VARIED.fitting(dataclasses.replace(BUNDLE, manifest=dataclasses.replace(BUNDLE.manifest, front_end=front_end)))


def test_a_leaning_of_other_emotions_than_its_model_s_is_damage():
    short = dataclasses.replace(VARIED, leaning=Leaning(7.0, np.zeros(2)))
    with pytest.raises(ProfileError, match=r"leaning is damaged .*enrol again"):
        short.fitting(BUNDLE)


def test_bytes_that_are_no_text_are_damage(tmp_path: Path):
    (tmp_path / "p.json").write_bytes(b"\xff\xfe\x00RIFF")
    with pytest.raises(ProfileError, match="damaged"):
        load_profile(tmp_path / "p.json")


def test_a_profile_that_is_not_there_says_how_to_make_one(tmp_path: Path):
    with pytest.raises(ProfileError, match=r"there is no profile .*nobody\.json: `sernet-infer enroll` makes one"):
        load_profile(tmp_path / "nobody.json")
    with pytest.raises(ProfileError, match=r"cannot read the profile .*: Is a directory"):
        load_profile(tmp_path)


def test_models_that_measure_the_same_features_share_a_profile():
    other = dataclasses.replace(
        FRONT_END, normalisation=Normalisation((5.0,) * 40, (2.0,) * 40, prior_frames=7.0, speech_range_db=40.0)
    )
    assert PROFILE.heard_by(other) is PROFILE.heard
    assert fingerprint(FrontEnd(clip=10)) == fingerprint(FrontEnd(clip=10.0))


@pytest.mark.parametrize(
    "changes",
    [
        {"frame_step": 160},
        {"log_offset": 1e-5},
        {"low_hz": 60.0},
        {"mel_bins": 128, "normalisation": Normalisation((0.0,) * 128, (1.0,) * 128)},
    ],
)
def test_other_features_need_another_profile(changes: dict):
    with pytest.raises(ProfileError, match=r"another front end .*enrol again"):
        PROFILE.heard_by(dataclasses.replace(FRONT_END, **changes))


def test_sums_of_another_length_do_not_fit():
    short = dataclasses.replace(PROFILE, heard=Heard(5.0, np.zeros(39)))
    with pytest.raises(ProfileError, match="enrol again"):
        short.heard_by(FRONT_END)


def test_a_model_that_does_not_normalise_has_no_use_for_one():
    with pytest.raises(ProfileError, match="no use for a profile"):
        PROFILE.heard_by(dataclasses.replace(FRONT_END, normalisation=None))
    with pytest.raises(ProfileError, match="no use for a profile"):
        Enrolment(dataclasses.replace(FRONT_END, normalisation=None))


@pytest.mark.parametrize(
    ("named", "data", "expected"),
    [
        ("/a/p.json", "/data", "/a/p.json"),
        ("", "/data", "/data/sernet/profile.json"),
        ("", "", "/home/anna/.local/share/sernet/profile.json"),
        ("", "relative/is/ignored", "/home/anna/.local/share/sernet/profile.json"),
    ],
)
def test_the_default_place(monkeypatch: pytest.MonkeyPatch, named: str, data: str, expected: str):
    for name, value in {"SERNET_PROFILE": named, "XDG_DATA_HOME": data, "HOME": "/home/anna"}.items():
        monkeypatch.setenv(name, value)
    assert default_place() == Path(expected)


def test_recordings_add_up_and_blocks_make_no_difference(voice):
    recordings = [voice(9), voice(6.3, seed=1)]
    whole, blocks = Enrolment(FRONT_END), Enrolment(FRONT_END)
    for recording in recordings:
        whole.accept(recording)
        whole.end_recording()
        for start in range(0, len(recording), 777):
            blocks.accept(recording[start : start + 777])
        blocks.end_recording()
    one, other = whole.profile(), blocks.profile()
    assert one.heard.frames == other.heard.frames
    np.testing.assert_array_equal(one.heard.total, other.heard.total)
    expected = [FRONT_END.hear(FRONT_END.features(recording)) for recording in recordings]
    assert one.heard.frames == pytest.approx(sum(heard.frames for heard in expected), rel=0.05)
    assert one.speech_s == pytest.approx(one.heard.frames * 256 / RATE)


def test_seconds_of_speech_are_counted_not_seconds(voice):
    enrolment = Enrolment(FRONT_END)
    told = []
    for part in (voice(3), np.zeros(20 * RATE, np.float32), voice(3, seed=1)):
        enrolment.accept(part)
        told.append(enrolment.speech_s)
    assert 2 < told[0] < 3.1
    assert told[1] - told[0] < 0.1, "silence is no speech"  # but for the frames in which it begins
    assert told[2] == pytest.approx(2 * told[0], rel=0.2)


def test_too_little_speech_makes_no_profile(voice):
    enrolment = Enrolment(FRONT_END)
    enrolment.accept(voice(0.8 * LEAST_SPEECH_S))
    with pytest.raises(ProfileError, match=r"10 s are needed.*nothing was stored"):
        enrolment.profile()


def test_much_speech_is_worth_a_minute_so_that_today_still_counts(voice):
    enrolment = Enrolment(FRONT_END)
    recording = voice(25)
    for _ in range(4):
        enrolment.accept(recording)
        enrolment.end_recording()
    profile = enrolment.profile()
    assert profile.heard.frames == 60 * RATE / 256 and profile.speech_s > 75
    once = Enrolment(FRONT_END)
    once.accept(recording)
    once.end_recording()
    single = once.profile().heard
    np.testing.assert_allclose(profile.heard.total / profile.heard.frames, single.total / single.frames, rtol=1e-9)
