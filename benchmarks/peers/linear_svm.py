"""A linear support vector machine whose complexity is chosen between the speakers that it is fitted to."""

from collections.abc import Sequence

import numpy as np

COMPLEXITIES = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""Values of C that are tried."""


def fit_linear_svm(features: np.ndarray, targets: np.ndarray, speakers: Sequence[str]):
    """Scaler and machine, refitted to all clips with the C of the highest UA, each speaker left out once.

    Args:
        features: (clips, features).
        targets: (clips,), class indices.
        speakers: (clips,), at least two different ones.

    Returns:
        A fitted `GridSearchCV`: `best_params_` and `best_score_` tell what was chosen.
    """
    from sklearn.metrics import make_scorer
    from sklearn.metrics.pairwise import linear_kernel
    from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    from sernet.training.metrics import unweighted_accuracy

    # The kernel as a function is one product of matrices; libsvm's own linear kernel takes ten times as long.
    machine = make_pipeline(StandardScaler(), SVC(kernel=linear_kernel))
    search = GridSearchCV(
        machine, {"svc__C": COMPLEXITIES}, scoring=make_scorer(unweighted_accuracy), cv=LeaveOneGroupOut()
    )
    return search.fit(np.asarray(features, np.float64), targets, groups=np.asarray(speakers))
