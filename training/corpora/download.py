"""A download that goes on where it was cut off."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

CHUNK = 64 * 1024
TIMEOUT_S = 30


class ResumableDownload:
    """A downloader for pooch that continues a partial file by an HTTP Range request.

    What has arrived is kept in `partial`, also after a kill; the next call asks for the rest. A server that does not
    know ranges sends everything again. `progress(done, total)` is told bytes; total is 0 when unknown.
    """

    def __init__(self, partial: Path, progress: Callable[[int, int], None] | None = None) -> None:
        self.partial = partial
        self.progress = progress

    def __call__(self, url: str, output_file: str, pooch: Any) -> None:
        """Download `url` to `output_file`; raises requests.RequestException."""
        import requests

        # Compressed in transit, a range would not count the bytes of the file.
        headers = {"Accept-Encoding": "identity"}
        have = self.partial.stat().st_size if self.partial.exists() else 0
        if have:
            headers["Range"] = f"bytes={have}-"
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as response:
            content_range = response.headers.get("Content-Range", "")
            if response.status_code == 416 and content_range == f"bytes */{have}":
                self.partial.replace(output_file)  # everything had arrived before the kill
                return
            if response.status_code == 416 and have:
                self.partial.unlink()  # longer than the file on the server: another one
                return self(url, output_file, pooch)
            response.raise_for_status()
            if not content_range.startswith(f"bytes {have}-"):
                have = 0
            length = response.headers.get("Content-Length")
            total = have + int(length) if length else 0
            with self.partial.open("ab" if have else "wb") as file:
                for chunk in response.iter_content(CHUNK):
                    file.write(chunk)
                    have += len(chunk)
                    if self.progress:
                        self.progress(have, total)
        self.partial.replace(output_file)
