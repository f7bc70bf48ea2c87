"""Your own recordings: a folder per label, or a CSV manifest ``path,label[,speaker][,sentence]``."""

import csv
import os
from pathlib import Path

from sernet.runtime.errors import SernetError
from sernet.training.clip import Clip
from sernet.training.corpora.corpus import Corpus, CorpusOptions, Reading
from sernet.training.corpora.file_names import audio_files, first_few

MANIFEST = "manifest.csv"
# What phones and messengers record, and libsndfile cannot read.
FOREIGN_SUFFIXES = frozenset({".m4a", ".aac", ".mp4", ".amr", ".3gp", ".webm", ".wma"})


def own_corpus(place: Path) -> Corpus:
    """The corpus at `place`: a manifest, a folder that holds ``manifest.csv``, or a folder of one folder per label.

    Raises SernetError when the manifest is unusable or fewer than two labels are found.
    """
    name = place.stem if place.is_file() else place.name

    def read(root: Path, options: CorpusOptions) -> Reading:
        return _read(root, name)

    reading = _read(place, name)
    labels = sorted({clip.label for clip in reading.clips})
    if len(labels) < 2:
        found = "; ".join([f"only the label {labels[0]!r}" if labels else "no labelled audio", *reading.left_out])
        raise SernetError(
            f"{place} holds {found}: give one folder per label (two or more), or a CSV manifest path,label; "
            "a published corpus goes by its name with --data FOLDER"
        )
    return Corpus(
        name=name,
        title=f"own recordings ({name})",
        language="unknown",
        licence="unknown",
        home="",
        labels=tuple(labels),
        speakers=None,
        published={},
        obtain="record it",
        read=read,
    )


def _read(place: Path, corpus: str) -> Reading:
    if place.is_file():
        return read_manifest(place, corpus)
    if (place / MANIFEST).is_file():
        return read_manifest(place / MANIFEST, corpus)
    return _read_label_folders(place, corpus)


def _read_label_folders(root: Path, corpus: str) -> Reading:
    clips: list[Clip] = []
    stray: list[str] = []
    left_out: list[str] = []
    for path in audio_files(root):
        inside = path.relative_to(root)
        if len(inside.parts) == 1:
            stray.append(path.name)
        else:
            clips.append(Clip(path, inside.parts[0], None, None, corpus))
    if stray:
        left_out.append(f"left out {len(stray)} outside the label folders: {first_few(stray)}")
    if foreign := sorted(path.relative_to(root) for path in root.rglob("*") if path.suffix.lower() in FOREIGN_SUFFIXES):
        left_out.append(f"left out {len(foreign)} to be converted to WAV first (ffmpeg): {first_few(foreign)}")
    return Reading(clips, left_out)


def read_manifest(manifest: Path, corpus: str) -> Reading:
    """Read a CSV manifest with the columns path, label and, if wanted, speaker and sentence.

    Paths are relative to the manifest; empty speakers and sentences are None. Whether the files exist is not looked
    at here. Raises SernetError that names the manifest and the line.
    """
    clips: list[Clip] = []
    seen: set[Path] = set()
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as file:  # spreadsheets begin UTF-8 with a mark
            rows = csv.DictReader(file)
            if absent := {"path", "label"} - set(rows.fieldnames or ()):
                raise SernetError(
                    f"{manifest}: no column {' and no column '.join(sorted(absent))}: the first line must be "
                    "path,label[,speaker][,sentence]"
                )
            for row in rows:
                # a trailing blank must not make two speakers of one
                fields = {
                    column: (row.get(column) or "").strip() for column in ("path", "label", "speaker", "sentence")
                }
                name, label = fields["path"], fields["label"]
                if not name or not label:
                    raise SernetError(f"{manifest}, line {rows.line_num}: path or label is empty: give both")
                if "\n" in label:
                    raise SernetError(f"{manifest}, line {rows.line_num}: the label has two lines: give it one")
                path = Path(os.path.normpath(manifest.absolute().parent / name))
                if path in seen:
                    raise SernetError(f"{manifest}, line {rows.line_num}: {name} is listed twice: keep one line")
                seen.add(path)
                clips.append(Clip(path, label, fields["speaker"] or None, fields["sentence"] or None, corpus))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SernetError(f"{manifest}: cannot be read as UTF-8 CSV ({error}): export it again as CSV") from error
    return Reading(clips, [])
