"""A bundle describes itself, and what is none is refused in one line."""

import dataclasses
import json
import shutil
import subprocess
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sernet.runtime.bundle import DEFAULT_BUNDLE, BundleError, load_bundle, pack_bundle
from sernet.runtime.errors import SernetError
from sernet.runtime.interpreter import open_interpreter
from sernet.runtime.network import Network


def flatbuffer() -> bytes:
    """The shipped model without its description."""
    content = DEFAULT_BUNDLE.read_bytes()
    with zipfile.ZipFile(DEFAULT_BUNDLE) as archive:
        return content[: min(info.header_offset for info in archive.infolist())]


def with_description(path: Path, **changes: object) -> Path:
    """A bundle whose description has these values; None removes a name."""
    values = {k: v for k, v in (load_bundle().manifest.to_json() | changes).items() if v is not None}
    path.write_bytes(flatbuffer())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("sernet.json", json.dumps(values))
    return path


def test_a_manifest_survives_packing(tmp_path: Path):
    changes = {"temperature": 1.5, "bias": (0.5,) * 7, "uncertain_below": 0.4, "name": "other"}
    manifest = dataclasses.replace(load_bundle().manifest, **changes)
    (tmp_path / "m.tflite").write_bytes(pack_bundle(flatbuffer(), manifest))
    assert load_bundle(tmp_path / "m.tflite").manifest == manifest


def test_the_description_is_packed_small():
    with zipfile.ZipFile(DEFAULT_BUNDLE) as archive:
        description = archive.getinfo("sernet.json")
    assert description.compress_size < description.file_size / 5


def test_the_interpreter_does_not_mind_the_description():
    outputs = []
    for model in (flatbuffer(), DEFAULT_BUNDLE.read_bytes()):
        interpreter = open_interpreter(model)
        tensor = interpreter.get_input_details()[0]
        values = np.random.default_rng(0).normal(0, 2, tensor["shape"]).astype(np.float32)
        interpreter.set_tensor(tensor["index"], values)
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
    np.testing.assert_array_equal(outputs[0], outputs[1])


def test_unzip_shows_the_description():
    if not shutil.which("unzip"):
        pytest.skip("unzip is not installed")
    done = subprocess.run(["unzip", "-p", DEFAULT_BUNDLE, "labels.txt"], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr
    assert tuple(done.stdout.split()) == load_bundle().manifest.labels


def test_names_that_a_later_version_adds_are_ignored(tmp_path: Path):
    assert load_bundle(with_description(tmp_path / "m.tflite", colour="blue")).manifest == load_bundle().manifest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format_version": 2}, "format is version 2"),
        ({"format_version": None}, "format is version None"),
        ({"labels": None}, "incomplete"),
        ({"front_end": None}, "incomplete"),
        ({"labels": "abcdefg"}, "no labels"),
        ({"front_end": []}, "no front_end"),
        ({"temperature": 0}, "unusable temperature"),
        ({"temperature": "x"}, "unusable temperature"),
        ({"bias": [0.5]}, "unusable bias"),
        ({"bias": ["x"] * 7}, "unusable bias"),
        ({"bias": [float("nan")] * 7}, "unusable bias"),
        ({"window_s": "x"}, "unusable window_s"),
        ({"input_kind": "smell"}, "unusable input_kind"),
        ({"accuracy": [{"metric": "UA"}]}, "unusable accuracy"),
        ({"front_end": {"level_percentile": 200}}, "level percentile 200"),
        ({"front_end": {"sample_rate": 8000}}, "do not fit below 4000 Hz"),
        ({"front_end": {"wavelets": 3}}, "does not know: wavelets"),
        ({"front_end": {"mel_bins": "many"}}, "not of type int"),
        ({"format_version": "1\n2"}, "format is version"),
        ({"labels": ["two\nlines", "b"], "bias": []}, "unusable labels"),
        ({"labels": ["\x1b[2J", "b"], "bias": []}, "unusable labels"),
        ({"labels": ["\ud800", "b"], "bias": []}, "unusable labels"),
        ({"labels": ["a", "a"], "bias": []}, "unusable labels"),
        ({"name": 5}, "unusable name"),
        ({"temperature": 10**400}, "unusable temperature"),
        ({"temperature": 1e-320}, "unusable temperature"),
        ({"bias": [10**400] * 7}, "unusable bias"),
        ({"bias": [1e4] * 7}, "unusable bias"),
        ({"window_s": 1e9}, "unusable window_s"),
        ({"window_s": 10**400}, "unusable window_s"),
        ({"window_s": 0.01}, "unusable window_s"),
        ({"corpus": {"title": 3}}, "unusable corpus"),
        ({"accuracy": [5]}, "unusable accuracy"),
        ({"front_end": {"two\nlines": 3}}, "does not know"),
        ({"front_end": {"sample_rate": 10**30}}, "sample rate"),
        ({"front_end": {"frame_length": 2**30}}, "out of range"),
        ({"front_end": {"mel_bins": 2**30}}, "out of range"),
        ({"front_end": {"frame_step": 1}}, "frame step 1 must be 16 samples"),
        ({"front_end": {"high_hz": 10**400}}, "do not fit|too large"),
        ({"front_end": {"log_offset": -1.0}}, "must be above 0"),
        ({"front_end": {"normalisation": {"mean": [10**400], "deviation": [1]}}}, "no list of numbers"),
        ({"input_kind": "stream", "stream": {"row": 5}}, "incomplete"),
    ],
)
def test_a_description_that_cannot_be_used_is_told_in_one_line(changes: dict, message: str, tmp_path: Path):
    with pytest.raises(BundleError, match=message) as error:
        load_bundle(with_description(tmp_path / "m.tflite", **changes))
    assert "\n" not in str(error.value) and "m.tflite" in str(error.value)


def test_a_description_with_fewer_labels_than_outputs_is_refused(tmp_path: Path):
    bundle = load_bundle(with_description(tmp_path / "m.tflite", labels=["anger", "neutral"], bias=None))
    with pytest.raises(SernetError, match="7 outputs and its description 2 labels"):
        Network(bundle)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read the model .*: No such file"),
        (b"", "is not a TensorFlow Lite model"),
        (b"hello world, this is text", "is not a TensorFlow Lite model"),
        (flatbuffer(), "does not describe itself"),
        (DEFAULT_BUNDLE.read_bytes()[:-100], "does not describe itself"),
    ],
)
def test_what_is_no_bundle_is_refused(content: bytes | None, message: str, tmp_path: Path):
    if content is not None:
        (tmp_path / "m.tflite").write_bytes(content)
    with pytest.raises(BundleError, match=message):
        load_bundle(tmp_path / "m.tflite")


def test_a_description_that_cannot_be_unpacked_is_told(tmp_path: Path):
    content = bytearray(load_bundle().model)
    place = content.rindex(b"sernet.json", 0, content.rindex(b"sernet.json")) + 20
    content[place : place + 64] = bytes(range(64))
    path = tmp_path / "damaged.tflite"
    path.write_bytes(content)
    with pytest.raises(BundleError, match="does not describe itself"):
        load_bundle(path)


@pytest.mark.parametrize("front_end", [{"coefficients": 13}, {"input_type": "mel_spectrogram"}])
def test_a_description_of_other_features_than_the_network_s_is_refused(front_end: dict, tmp_path: Path):
    bundle = load_bundle(with_description(tmp_path / "m.tflite", front_end={"clip": 10.0} | front_end))
    with pytest.raises(SernetError, match="its description tells of"):
        Network(bundle)


@pytest.mark.parametrize("packing", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_description_that_unpacks_to_much_is_not_unpacked(packing: int, tmp_path: Path):
    path = tmp_path / "m.tflite"
    path.write_bytes(flatbuffer())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("sernet.json", " " * 100_000_000, packing)
    assert path.stat().st_size < 1_000_000
    tracemalloc.start()
    with pytest.raises(BundleError, match="does not describe itself"):
        load_bundle(path)
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 10e6, f"{held:,} bytes"


def test_a_damaged_network_is_told_before_an_interpreter_sees_it(tmp_path: Path):
    content = pack_bundle(flatbuffer(), load_bundle().manifest)
    generator = np.random.default_rng(0)
    path = tmp_path / "m.tflite"
    path.write_bytes(content)
    load_bundle(path)
    for place in [8, len(flatbuffer()) - 1, *generator.integers(8, len(flatbuffer()), 20)]:
        damaged = bytearray(content)
        damaged[place] ^= 1 << generator.integers(8)
        path.write_bytes(damaged)
        with pytest.raises(BundleError, match=r"m\.tflite is damaged: its network is not the one that was packed"):
            load_bundle(path)
