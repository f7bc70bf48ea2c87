"""A trained network kept without its clips, as ``models/trained`` holds those of released models.

A folder with ``model.keras``, ``front_end.json`` and ``result.json``, which names the settings. With the corpus at hand
it becomes a run again, wherever the corpus lies on this machine.
"""

import json
import shutil
from pathlib import Path

from sernet.runtime.errors import SernetError
from sernet.training.config import TrainConfig
from sernet.training.corpora import load_corpus
from sernet.training.run import FRONT_END, Run
from sernet.training.splits import split_clips

_FILES = (FRONT_END, "model.keras", "result.json")


def restore_run(kept: Path, folder: Path, data: Path | None = None) -> Run:
    """The run that left `kept`, as it was when its training had ended.

    Args:
        kept: the folder that holds the network.
        folder: the run's; made, or found the very same.
        data: where the corpus is looked for first.

    Raises:
        SernetError: `kept` holds no trained network, the corpus is not here or is another, or `folder` holds another
            run.
    """
    try:
        result = json.loads((kept / "result.json").read_text(encoding="utf-8"))
        config, labels = TrainConfig.from_json(result["details"]["config"]), tuple(result["details"]["labels"])
        expected = sum(result["details"]["clips"].values())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SernetError(f"{kept} holds no trained network that can be read ({error})") from None
    loaded = load_corpus(
        config.dataset, data=data, audio_type=config.audio_type, merge_excited=config.merge_excited, skip_broken=True
    )
    if len(loaded.clips) != expected:
        raise SernetError(f"{kept} was trained on {expected} clips, and {loaded.root} has {len(loaded.clips)}")
    run = Run.create(folder, config, loaded, split_clips(loaded.clips, config))
    if run.labels != labels:
        raise SernetError(f"{kept} knows {', '.join(labels)}, and {loaded.root} has {', '.join(run.labels)}")
    for name in _FILES:
        if not (folder / name).is_file():
            shutil.copyfile(kept / name, folder / name)
    return run
