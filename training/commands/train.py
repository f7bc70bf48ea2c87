(
    """Train Light-SERNet on a corpus, or on your own recordings.

Speakers are held out for the test, others for choosing the best epoch. A run that was interrupted goes on when the same
command is given again; a finished one is left as it is. The short options are those of the paper's own script.
With sernet[tracking], `tensorboard --logdir runs` shows every epoch."""
    ""
)

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

EXAMPLES = [
    "sernet train --dataset emodb --preset paper",
    "sernet train -dn EMO-DB -id 3 -ln focal -it mfcc --out runs/emodb-focal",
    "sernet train -dn IEMOCAP -id 7 -at impro -ln cross_entropy",
    "sernet train --dataset my_recordings/ --preset quick --split random",
    "sernet train --dataset emodb --preset sernet --split all",
    "sernet train --dataset emodb --preset sernet-small --split all --wider runs/emodb-sernet",
]


KEPT = ("result.json", "history.json", "classification_report.txt", "confusion_matrix.png", "model.keras")
"""What MLflow keeps of a run folder, where it is there."""


def boolean(text: str) -> bool:
    """A boolean that really is one: true, yes, on, 1, or their opposites."""
    if text.lower() in {"true", "yes", "on", "1"}:
        return True
    if text.lower() in {"false", "no", "off", "0"}:
        return False
    raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("-dn", "--dataset", metavar="NAME", help="corpus (`sernet data list`), a folder per label, or a CSV manifest")
    add(
        "--preset",
        default="paper",
        help="paper, quick, sernet, sernet-small, -nano, -sparse, or a TOML file",
    )
    add("--out", type=Path, metavar="RUN", help="run folder (default: runs/DATASET-PRESET)")
    add("--data", type=Path, metavar="DIR", help="where corpora lie (default: SERNET_DATA, ./data, the user cache)")
    add("-id", "--input-duration", type=float, metavar="S", help="seconds that clips are cut or padded to")
    add("-at", "--audio-type", help="IEMOCAP: all, impro or script")
    add("--merge-excited", type=boolean, metavar="BOOL", help="IEMOCAP: count excited as happiness")
    add("-ln", "--loss", help="cross_entropy or focal")
    add("-it", "--input-type", help="mfcc, mel_spectrogram or spectrogram")
    add("-c", "--cache", help="where features are kept: disk, ram or none")
    add("-m", "--fuse-front-end", type=boolean, metavar="BOOL", help="export a network that takes samples")
    add("-v", "--verbose", type=boolean, default=True, metavar="BOOL", help="show progress (default: true)")
    add("--epochs", type=int)
    add("--batch-size", type=int)
    add("--learning-rate", type=float)
    add("--split", help="speaker: no speaker on two sides (default); random: leaks speakers; all: hold nothing out")
    add("--test-speakers", type=lambda text: tuple(text.split(",")), metavar="A,B", help="speakers held out")
    add("--wider", type=Path, metavar="RUN", help="presets of pruned networks: the finished run to prune")
    add("--keep", help="which epoch: best (on validation speakers) or last")
    add("--seed", type=int, help="of everything random")
    add("--skip-broken", action="store_true", help="train without the clips that cannot be read")
    add("--mlflow", action="store_true", help="log to MLflow too: MLFLOW_TRACKING_URI, else runs/mlflow.db")
    add("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    from sernet.training.config import TrainConfig, load_preset

    config = load_preset(args.preset)
    given = {
        field.name: getattr(args, field.name)
        for field in dataclasses.fields(TrainConfig)
        if getattr(args, field.name, None) is not None
    }
    front_end = dataclasses.replace(config.front_end, **({"input_type": args.input_type} if args.input_type else {}))
    config = dataclasses.replace(config, **given, front_end=front_end)
    from sernet.training.backend import import_quietly

    import_quietly()
    from sernet.training.checkpoint import trained_epochs
    from sernet.training.corpora import load_corpus
    from sernet.training.evaluation import evaluate_run
    from sernet.training.mlflow_run import mlflow_store
    from sernet.training.progress import training_progress
    from sernet.training.pruned_run import adopt_wider
    from sernet.training.run import Run
    from sernet.training.run_log import run_log
    from sernet.training.splits import split_clips
    from sernet.training.trainer import train

    loaded = load_corpus(
        config.dataset,
        data=args.data,
        audio_type=config.audio_type,
        merge_excited=config.merge_excited,
        skip_broken=args.skip_broken,
    )
    for line in (*loaded.missing, *loaded.left_out, *(f"skipped {f.path}: {f.reason}" for f in loaded.broken)):
        print(f"note: {line}", file=sys.stderr)
    name = loaded.corpus.name if loaded.corpus.published else loaded.root.resolve().stem
    folder = args.out or Path("runs") / f"{name}-{Path(args.preset).stem}"
    store = mlflow_store(args.mlflow, folder.parent)
    split = split_clips(loaded.clips, config)
    if split.shared_speakers:
        print(
            f"warning: speakers {', '.join(split.shared_speakers)} stand on both sides: this accuracy says little "
            "about new speakers",
            file=sys.stderr,
        )
    training = Run.create(folder, config, loaded, split)
    if not training.finished:
        if args.wider is not None:
            adopt_wider(training, args.wider)
        with run_log(folder, config.to_json(), store, "training", folder.name) as log:
            for done, figures in enumerate(trained_epochs(folder / "checkpoints"), start=1):
                log.epoch(done, figures)
            with training_progress(config.epochs, visible=args.verbose) as progress:

                def on_epoch(done: int, figures: dict[str, Any]) -> None:
                    progress.epoch(done, figures)
                    log.epoch(done, figures)

                history = train(training, on_features=progress.features, on_epoch=on_epoch)
            log.measured(evaluate_run(training, history).values)
            log.files = [folder / name for name in KEPT if (folder / name).is_file()]
    print(json.dumps(training.result, indent=2) if args.json else _summary(training.folder, training.result))
    return 0


def _summary(folder: Path, result: dict[str, Any]) -> str:
    details = result["details"]
    lines = [
        f"{result['corpus']}" + (f"  [{details['corpus']['note']}]" if details["corpus"]["note"] else ""),
        f"{result['protocol']}, n = {result['n']}, seed {result['seed']}, epoch {details['kept_epoch']} of "
        f"{details['epochs']}",
    ]
    for item in result["values"]:
        interval = f"  [{item['low']:.3f}, {item['high']:.3f}] over {item['resampled']}" if "low" in item else ""
        lines.append(f"  {item['metric']:12}{item['value']:.3f}{interval}")
    return "\n".join([*lines, f"run: {folder}"])
