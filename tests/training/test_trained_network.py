"""A released network without its clips becomes a run again, on the machine that has the corpus."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from sernet.export.formats import FORMATS
from sernet.runtime.errors import SernetError
from sernet.training.corpora.emodb import EMODB
from sernet.training.corpora.locate import locate
from sernet.training.evaluation import predict
from sernet.training.run import Run
from sernet.training.trained_network import restore_run

KEPT = Path(__file__).resolve().parents[2] / "models" / "trained" / "emodb-sernet"


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> Run:
    if locate(EMODB) is None:
        pytest.skip("EMO-DB is not here: set SERNET_DATA to the folder that holds emodb/")
    return restore_run(KEPT, tmp_path_factory.mktemp("restored") / "sernet")


def test_the_restored_network_answers_as_the_released_file_nearly_always(restored: Run):
    from sernet.benchmarks.accuracy import uncalibrated_probabilities
    from sernet.benchmarks.variant import Variant
    from sernet.runtime.bundle import load_bundle

    released = KEPT.parents[1] / "emodb-int8-float-io.tflite"
    clips = restored.split.train[::27]
    own = predict(restored, clips)
    shipped = uncalibrated_probabilities(Variant("int8-float-io", released, load_bundle(released)), clips)
    assert "int8-float-io" in FORMATS and len(clips) == 20
    assert np.mean(own.argmax(axis=1) == shipped.argmax(axis=1)) >= 0.9
    assert Run.open(restored.folder).finished


def test_restoring_again_finds_the_same_run(restored: Run):
    assert restore_run(KEPT, restored.folder).differences(restored) == []


def test_what_holds_no_network_is_told_in_one_line(tmp_path: Path):
    with pytest.raises(SernetError, match="holds no trained network"):
        restore_run(tmp_path, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_network_of_other_clips_is_refused(restored: Run, tmp_path: Path):
    shutil.copytree(KEPT, tmp_path / "kept")
    result = json.loads((tmp_path / "kept" / "result.json").read_text())
    result["details"]["clips"]["train"] += 1
    (tmp_path / "kept" / "result.json").write_text(json.dumps(result))
    with pytest.raises(SernetError, match="was trained on 536 clips"):
        restore_run(tmp_path / "kept", tmp_path / "run")
    assert not (tmp_path / "run").exists()
