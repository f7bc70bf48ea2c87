"""What an evaluation or a comparison prints: tables from the Result document alone."""

from typing import Any

from sernet.benchmarks.tables import Table, percent


def summary_tables(result: dict[str, Any]) -> tuple[Table, ...]:
    """Figures, recall by class, speakers, and confusions."""
    return _figure_table(result), _class_table(result), _speaker_table(result), _confusion_table(result)


def headline(result: dict[str, Any]) -> str:
    """What was measured, under which protocol, on how much."""
    details = result["details"]
    note = f" [{details['note']}]" if details["note"] else ""
    folds = f"{len(details['folds'])} folds" if details["all_folds"] else f"ONLY FOLDS {', '.join(details['folds'])}"
    seeds = f"seed{'s' if len(details['seeds']) > 1 else ''} {', '.join(map(str, details['seeds']))}"
    return (
        f"{result['subject']}: {result['corpus']}{note}\n{result['protocol']} ({details['protocol']}), reading "
        f"{details['reading']}, {folds}, n = {result['n']}, {seeds}"
    )


def comparison_line(value: dict[str, Any]) -> str:
    """One difference with its interval, in words."""
    verdict = "shown" if value["low"] > 0 or value["high"] < 0 else "not shown: the interval holds 0"
    return f"{value['metric']:4} {percent(value, signed=True)} points over {value['resampled']}, {verdict}"


def _figure_table(result: dict[str, Any]) -> Table:
    values = [item for item in result["values"] if "label" not in item]
    several = len(result["details"]["seeds"]) > 1
    columns = (
        "figure",
        f"% [95 % interval over {values[0]['resampled']}]",
        *(("deviation over seeds",) if several else ()),
    )
    rows = tuple(
        (item["metric"], percent(item), *((f"{100 * item['deviation']:.1f}",) if several else ())) for item in values
    )
    return Table("Figures", columns, rows)


def _class_table(result: dict[str, Any]) -> Table:
    matrix, labels = result["details"]["confusion"], result["details"]["labels"]
    seeds = len(result["details"]["seeds"])
    counts = {label: sum(row) // seeds for label, row in zip(labels, matrix, strict=True)}
    recalls = [item for item in result["values"] if item["metric"] == "recall"]
    rows = tuple((item["label"], str(counts[item["label"]]), percent(item)) for item in recalls)
    return Table("Recall by class", ("class", "n", "recall, %"), rows)


def _speaker_table(result: dict[str, Any]) -> Table:
    rows = tuple(
        (entry["speaker"], str(entry["n"]), f"{100 * entry['UA']:.1f}", f"{100 * entry['WA']:.1f}")
        for entry in result["details"]["speakers"]
    )
    return Table("Speakers", ("speaker", "n", "UA, %", "WA, %"), rows)


def _confusion_table(result: dict[str, Any]) -> Table:
    labels, matrix = result["details"]["labels"], result["details"]["confusion"]
    rows = tuple((label, *map(str, row)) for label, row in zip(labels, matrix, strict=True))
    summed = ", summed over seeds" if len(result["details"]["seeds"]) > 1 else ""
    return Table(f"Confusions: true class in rows, answer in columns{summed}", ("true", *labels), rows)
