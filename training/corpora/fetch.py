"""EMO-DB from its public homes, every clip checked."""

import contextlib
import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from sernet.runtime.errors import SernetError
from sernet.training.corpora.checksums import file_sha256, published_checksums
from sernet.training.corpora.download import ResumableDownload
from sernet.training.corpora.emodb import CHECKSUMS

SOURCES = (
    "http://emodb.bilderbar.info/download/download.zip",
    "https://zenodo.org/records/17651657/files/emodb_2.0.zip?download=1",
)


def fetch_emodb(
    root: Path,
    *,
    sources: Sequence[str] = SOURCES,
    checksums: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Download EMO-DB into `root/emodb/wav`; returns `root/emodb`.

    The archive comes from the first of `sources` that delivers it whole. A clip is written under its name only when
    its SHA-256 is the one in `checksums` (file name to hexadecimal digest; by default the list of the original
    corpus). A download that was cut off goes on where it stopped; clips that are already there and right are kept,
    and when all are, nothing is downloaded. `progress(done, total)` is told bytes.

    Raises SernetError when no source delivers every clip, with the reason of each.
    """
    checksums = published_checksums(CHECKSUMS) if checksums is None else checksums
    folder = root.expanduser().absolute() / "emodb"
    wanted = _unverified(folder, checksums)
    if not wanted:
        return folder
    work = folder / ".fetch"
    failures = []
    try:
        work.mkdir(parents=True, exist_ok=True)
        for url in sources:
            try:
                archive = _download(url, work, progress)
                wanted = _unpack(archive, folder / "wav", wanted)
            except _SourceError as error:
                failures.append(f"{url}: {error}")
            else:
                if not wanted:
                    shutil.rmtree(work)
                    return folder
                archive.unlink()  # a run after this one must not trust it
                failures.append(f"{url}: {len(wanted)} clips are missing or not the original, as {min(wanted)}")
    except OSError as error:
        raise SernetError(f"cannot write EMO-DB to {folder} ({error}): choose another folder with --data") from error
    with contextlib.suppress(OSError):  # folders in which nothing has arrived
        work.rmdir()
        folder.rmdir()
    raise SernetError(
        f"EMO-DB could not be fetched ({'; '.join(failures)}): run it again to go on, or get a copy by other means and "
        "point SERNET_DATA at the folder that holds emodb/wav"
    )


class _SourceError(Exception):
    """A source did not deliver a usable archive."""


def _unverified(folder: Path, checksums: Mapping[str, str]) -> dict[str, str]:
    """The part of `checksums` whose clips are not in `folder` as they should be."""
    return {
        name: digest
        for name, digest in checksums.items()
        if not (folder / "wav" / name).is_file() or file_sha256(folder / "wav" / name) != digest
    }


def _download(url: str, work: Path, progress: Callable[[int, int], None] | None) -> Path:
    import pooch
    import requests

    pooch.get_logger().setLevel("ERROR")  # it would print a hash to pin, but each clip has its own
    name = hashlib.sha256(url.encode()).hexdigest()[:16] + ".zip"
    download = ResumableDownload(work / f"{name}.part", progress)
    try:
        # pooch calls downloader(url, output_file, pooch); its own type declares other parameters.
        archive = pooch.retrieve(url, None, name, work, downloader=download)  # pyright: ignore[reportArgumentType]
        return Path(archive)
    except requests.RequestException as error:
        raise _SourceError(_cause(error)) from error


def _cause(error: BaseException) -> str:
    """The reason in a few words: requests wraps it in many layers."""
    import requests

    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return "no connection, or it was cut off"
    return str(error) or type(error).__name__


def _unpack(archive: Path, target: Path, wanted: Mapping[str, str]) -> dict[str, str]:
    """Write the `wanted` clips of `archive` that have the right SHA-256; returns the others."""
    target.mkdir(exist_ok=True)
    left = dict(wanted)
    try:
        with zipfile.ZipFile(archive) as members:
            for member in members.namelist():
                name = PurePosixPath(member).name
                with contextlib.suppress(zipfile.BadZipFile, zlib.error, EOFError):  # a clip spoiled inside the archive
                    if name in left and hashlib.sha256(content := members.read(member)).hexdigest() == left[name]:
                        temporary = archive.with_name(name)
                        temporary.write_bytes(content)
                        temporary.replace(target / name)
                        del left[name]
    except zipfile.BadZipFile as error:
        archive.unlink()
        raise _SourceError("not a zip archive") from error
    return left
