"""One exporter for all export tests, so that Keras answers once."""

from pathlib import Path

import pytest

from sernet.export.exporter import Exporter
from sernet.training.run import Run


@pytest.fixture(scope="session")
def exporter(tiny_run: Path) -> Exporter:
    """Exports the variants of the tiny run."""
    return Exporter(Run.open(tiny_run))


@pytest.fixture(scope="session")
def exported(exporter: Exporter, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every variant of the tiny run."""
    from sernet.export.formats import FORMATS

    folder = tmp_path_factory.mktemp("exported")
    for target in FORMATS.values():
        exporter.export(target, folder)
    return folder
