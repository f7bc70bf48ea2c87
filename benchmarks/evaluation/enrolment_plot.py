"""The picture of what knowing its owner is worth: UA over the speech that was heard before, among other systems."""

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from sernet.benchmarks.evaluation.accuracy_tables import HEARD, NOBODY, enrolment_curves
from sernet.benchmarks.evaluation.anchors import anchors_of
from sernet.runtime.errors import SernetError
from sernet.training.atomic import atomic_path

DODGE = 0.08
"""Between the intervals of two curves, of the distance between two amounts."""


def draw_enrolment(results: Path, path: Path) -> None:
    """Write it as SVG; the same results make the same file.

    Raises SernetError when nothing was measured with a speaker who is known, and as `enrolment_curves` does.
    """
    curves = enrolment_curves(results)
    if not curves:
        raise SernetError(f"{results} holds no result of loso-enrolled: `sernet evaluate --protocol loso-enrolled`")
    with matplotlib.rc_context({"svg.hashsalt": "sernet", "svg.fonttype": "none"}):
        figure = Figure(figsize=(8, 4.4), layout="constrained")
        axes = figure.subplots()
        amounts = [NOBODY, *HEARD.values()]
        for number, (kind, curve) in enumerate(curves.items()):
            heard = [amount for amount in amounts if amount in curve]
            figures = [curve[amount].ua for amount in heard]
            axes.errorbar(
                [amounts.index(amount) + DODGE * (number - (len(curves) - 1) / 2) for amount in heard],
                [100 * ua["value"] for ua in figures],
                [[100 * abs(ua[end] - ua["value"]) for ua in figures] for end in ("low", "high")],
                fmt="o-",
                markersize=4,
                capsize=2,
                label=kind.replace("`", ""),
            )
        for protocol in (None, "loso", "loso-enrolled"):
            for anchor in anchors_of("emodb", protocol):
                axes.axhline(float(anchor.ua), color="0.5", linestyle=":", linewidth=0.9)
                place = (-0.35, float(anchor.ua))
                axes.annotate(f"{anchor.system}: {anchor.ua}", place, va="bottom", fontsize=7, color="0.35")
        measured = [found for curve in curves.values() for found in curve.values()]
        seeds = ", ".join(map(str, sorted({found.seeds for found in measured})))
        axes.set(
            xticks=range(len(amounts)),
            xticklabels=amounts,
            xlim=(-0.4, len(amounts) - 0.5),
            xlabel="speech of the speaker heard before, without labels",
            ylabel="UA, %",
            title=f"EMO-DB, leave one speaker out, n = {measured[0].n}, seeds: {seeds}; "
            f"95 % intervals over {measured[0].ua['resampled']}",
        )
        axes.title.set_fontsize(9)
        axes.grid(alpha=0.3)
        axes.legend(loc="lower right", fontsize=8)
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="svg", metadata={"Date": None})
