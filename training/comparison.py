"""Paired comparison of two systems that answered the same clips."""

from collections.abc import Sequence

import numpy as np

from sernet.training.metrics import Interval, Metric, bootstrap_interval, over_seeds


def paired_difference(
    metric: Metric,
    targets: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    speakers: Sequence[str | None],
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """``metric(second) - metric(first)``, with its 95 % interval by bootstrap over speakers.

    The same speakers are drawn for both systems, so that what is hard for both does not widen the interval. Of several
    seeds the mean is compared: the seeds of a system are its own, and are not resampled.

    Args:
        metric: of targets and answers (clips,), for example `unweighted_accuracy`.
        targets: (clips,), class indices.
        first, second: (clips, seeds), class indices; the systems may have different numbers of seeds.
        speakers: (clips,), who speaks each clip.
    """
    mean = over_seeds(metric)
    both, split = np.concatenate([first, second], axis=1), first.shape[1]

    def difference(targets: np.ndarray, answers: np.ndarray) -> float:
        return mean(targets, answers[:, split:]) - mean(targets, answers[:, :split])

    return bootstrap_interval(difference, targets, both, speakers, resamples=resamples, seed=seed)
