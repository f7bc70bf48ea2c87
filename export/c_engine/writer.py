"""Files of C source, made of a .tflite file."""

import shutil
import tempfile
from pathlib import Path

from sernet.export.c_engine.front_end_source import check_front_end
from sernet.export.c_engine.golden_source import golden_source
from sernet.export.c_engine.graph_reader import RowStreamError, row_streams
from sernet.export.c_engine.model_source import GENERATED, CModel, model_header, model_source
from sernet.runtime.bundle import BundleError, read_bundle
from sernet.runtime.errors import SernetError


def write_c(path: Path, folder: Path | None = None) -> Path:
    """Write model.h, model.c and golden.c of a .tflite file.

    Args:
        path: a bundle; or a file without a description, whose classes are numbered and whose device gives features.
        folder: where to; it is replaced as a whole. Beside the file, with its name, when None.

    Returns:
        The folder.

    Raises:
        SernetError: the engine cannot compute it, and which operator or number is why; nothing was written.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SernetError(f"cannot read the model {path}: {error.strerror}") from None
    try:
        model = c_model(content, path)
        texts = {
            "model.h": model_header(model),
            "model.c": model_source(model),
            "golden.c": f'{GENERATED}\n#include "golden.h"\n\n{golden_source(content, model.plan)}',
        }
    except SernetError as error:
        raise SernetError(f"{path} cannot become C: {error}") from None
    folder = folder or path.with_suffix("")
    if folder.exists() and not (folder / "model.h").is_file():
        raise SernetError(f"{folder} is there and holds no generated model: name another folder with --out")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        written = Path(temporary) / folder.name
        written.mkdir()
        for name, text in texts.items():
            (written / name).write_text(text, encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        written.rename(folder)
    return folder


def c_model(content: bytes, path: Path) -> CModel:
    """What becomes C, of a .tflite file's bytes. Raises SernetError for what the engine cannot compute."""
    try:
        bundle = read_bundle(content, path)
    except BundleError as error:
        if content[4:8] == b"TFL3" and "does not describe itself" not in str(error):
            raise
        plan = row_streams(content)
        return CModel(path.stem, tuple(f"class {number}" for number in range(plan.classes)), plan, content)
    manifest = bundle.manifest
    if manifest.input_kind != "features":
        raise SernetError("it streams, or its front end is fused into it: give the plain int8 model")
    plan = row_streams(content)
    if len(manifest.labels) != plan.classes:
        raise RowStreamError(f"the model has {plan.classes} classes and its description {len(manifest.labels)} labels")
    front_end = manifest.front_end
    check_front_end(front_end)
    if front_end.feature_count != plan.stages[0].columns * plan.stages[0].channels:
        raise RowStreamError(f"the model does not take rows of {front_end.feature_count} features")
    return CModel(
        manifest.name, manifest.labels, plan, content, front_end, manifest.calibration, manifest.uncertain_below
    )
