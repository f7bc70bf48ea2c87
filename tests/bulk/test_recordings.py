"""What counts as a recording of a folder, whatever the folder holds."""

import os
from pathlib import Path

import pytest

from sernet.runtime.bulk.recordings import list_recordings, printable
from sernet.runtime.errors import SernetError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x" * len(name))


def names(folder: Path, *, recursive: bool = True) -> list[str]:
    return [recording.name for recording in list_recordings(folder, recursive=recursive).recordings]


def test_audio_is_known_by_suffix_sorted_by_name_and_hidden_files_are_left_out(tmp_path: Path):
    touch(tmp_path, "b.WAV", "a/z.flac", "a.wav", "a-b.mp3", ".a.wav", ".git/b.wav", "._c.wav", "c.txt", "d")
    listing = list_recordings(tmp_path, recursive=True)
    assert [recording.name for recording in listing.recordings] == ["a-b.mp3", "a.wav", "a/z.flac", "b.WAV"]
    assert listing.others == {".txt": 1, "without suffix": 1} and not listing.problems
    assert listing.recordings[2].size == len("a/z.flac")
    assert names(tmp_path, recursive=False) == ["a-b.mp3", "a.wav", "b.WAV"]


def test_a_loop_of_links_ends_and_a_folder_goes_by_its_own_name(tmp_path: Path):
    touch(tmp_path / "top", "real/a.wav", "z/b.wav")
    (tmp_path / "top" / "a-link").symlink_to(tmp_path / "top" / "z")
    (tmp_path / "top" / "real" / "up").symlink_to(tmp_path / "top")
    (tmp_path / "top" / "z" / "self").symlink_to("self")
    touch(tmp_path, "outside/c.wav")
    (tmp_path / "top" / "other").symlink_to(tmp_path / "outside")
    assert names(tmp_path / "top") == ["other/c.wav", "real/a.wav", "z/b.wav"]


def test_a_link_to_a_clip_is_a_clip_and_one_to_nothing_a_problem(tmp_path: Path):
    touch(tmp_path, "a.wav")
    (tmp_path / "b.wav").symlink_to("a.wav")
    (tmp_path / "c.wav").symlink_to("nothing.wav")
    (tmp_path / "d.wav").symlink_to("d.wav")
    listing = list_recordings(tmp_path, recursive=True)
    assert [recording.name for recording in listing.recordings] == ["a.wav", "b.wav"]
    assert set(listing.problems) == {"c.wav", "d.wav"}


def test_a_name_that_is_no_utf8_is_kept_and_can_be_printed(tmp_path: Path):
    try:
        (tmp_path / os.fsdecode(b"caf\xe9\n.wav")).write_bytes(b"x")
    except OSError:
        pytest.skip("the file system takes no such names")
    (name,) = names(tmp_path)
    assert (tmp_path / name).is_file() and os.fsencode(name) == b"caf\xe9\n.wav"
    assert printable(name) == r"caf\xe9\n.wav"


def test_a_folder_without_recordings_is_told_in_one_line(tmp_path: Path):
    touch(tmp_path, "notes.txt", "below/a.wav")
    with pytest.raises(SernetError, match=r"holds no audio file .*--recursive also looks"):
        list_recordings(tmp_path, recursive=False)
    with pytest.raises(SernetError, match="is not a folder"):
        list_recordings(tmp_path / "notes.txt", recursive=False)
    with pytest.raises(SernetError, match="no such folder"):
        list_recordings(tmp_path / "nothing", recursive=False)
