"""What an evaluation leaves behind: the pooled Result and its plots, beside the records they are made of."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sernet.benchmarks.evaluation.figures import evaluation_result
from sernet.benchmarks.evaluation.fold_log import EvaluationLog
from sernet.benchmarks.evaluation.plots import draw_evaluation
from sernet.benchmarks.evaluation.pooling import load_records, pool
from sernet.training.protocols import Protocol


def write_evaluation(
    folder: Path,
    protocol: Protocol,
    reading: str,
    seeds: Sequence[int],
    folds: Sequence[str],
    *,
    complete: bool,
    plots: bool = True,
    log: EvaluationLog | None = None,
) -> dict[str, Any]:
    """Pool the records below `folder` and write ``PROTOCOL-READING.json`` and, below ``figures``, its plots.

    Where the folds are not all of the protocol's, or the direction between two corpora, they are part of the name.

    Args:
        folder: of results.
        protocol: a reading of the records of its family.
        reading: name of the reading.
        seeds, folds: that are pooled.
        complete: whether these are all the folds of the protocol.
        plots: whether to draw.
        log: is told of it, where there is one.

    Returns:
        The Result document, with its own ``path``.

    Raises:
        SernetError: as `pool` does.
    """
    pooled = pool(load_records(folder, protocol.family, seeds, folds), protocol, reading)
    result = evaluation_result(pooled, complete=complete)
    name = f"{protocol.name}-{reading}"
    if not complete:
        name += f"-folds-{'-'.join(pooled.folds)}"
    elif protocol.name == "cross-corpus":
        name += f"-{pooled.folds[0]}"
    path = folder / f"{name}.json"
    result.save(path)
    content = result.to_json()
    if plots:
        draw_evaluation(folder / "figures", name, pooled, content)
    content |= {"path": str(path)}
    if log is not None:
        log.pooled(content)
    return content
