"""The report of one benchmark: what was measured, on what, what it found, and what it does not say."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from sernet.benchmarks.charts import Chart, draw_charts
from sernet.benchmarks.document import FRONT_END, KERAS, NO_INTERPRETER, Document
from sernet.benchmarks.tables import Table, baseline_line, make_tables, percent
from sernet.training.atomic import write_text

LIMITS = (
    "Most corpora of emotional speech are acted: an accuracy says how well acted emotions are told apart, in the "
    "language and the rooms of this corpus, not what a person feels.",
    "Not for judging people: not for hiring, teaching, policing, health or credit, and not without the consent of "
    "those who are heard.",
    "Times and memory are this machine's. Compare the variants with each other, not with other machines.",
)


@dataclass(frozen=True)
class Report:
    """What the Markdown file and the page both show."""

    title: str
    subtitle: str
    note: str
    facts: tuple[tuple[str, str], ...]
    findings: tuple[str, ...]
    tables: tuple[Table, ...]
    remarks: tuple[str, ...]
    limits: tuple[str, ...]


def make_report(document: Document) -> Report:
    """Everything that is said, from the Result document."""
    limits = LIMITS
    if document.note == "synthetic":
        limits = ("Synthetic speech: the chain was tested, not its accuracy on people.", *LIMITS)
    return Report(
        title=f"{document.content['subject']}: what each variant costs, and what it loses",
        subtitle=f"{document.content['corpus']}; {document.protocol}",
        note=document.note,
        facts=_facts(document),
        findings=_findings(document),
        tables=make_tables(document),
        remarks=(*_remarks(document), *document.details["notes"]),
        limits=limits,
    )


def write_report(folder: Path, content: dict[str, Any]) -> Path:
    """Write ``report.md`` and ``report.html`` from a Result document's JSON; returns the page's path."""
    document = Document(content)
    report = make_report(document)
    write_text(folder / "report.md", markdown(report))
    page = folder / "report.html"
    write_text(page, html(report, draw_charts(document)))
    return page


def markdown(report: Report) -> str:
    """The report without its plots."""
    parts = [f"# {report.title}", report.subtitle]
    if report.note:
        parts.append(f"**Note: {report.note}**")
    parts.append("\n".join(f"- {name}: {value}" for name, value in report.facts))
    parts.append("\n".join(f"- {finding}" for finding in report.findings))
    parts += [f"## {table.title}\n\n{table.markdown()}" for table in report.tables]
    parts.append("## How it was measured\n\n" + "\n".join(f"- {remark}" for remark in report.remarks))
    parts.append("## Limits\n\n" + "\n".join(f"- {limit}" for limit in report.limits))
    return "\n\n".join(parts) + "\n"


def html(report: Report, charts: list[Chart]) -> str:
    """The page: one file, nothing loaded from elsewhere."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("report.html").render(report=report, charts=charts)


def _facts(document: Document) -> tuple[tuple[str, str], ...]:
    content, details = document.content, document.details
    machine = content["machine"]
    human = document.human_listeners
    side = "test" if document.held_out else "training"
    length = "whole" if details.get("whole_clips") else f"cut or padded to {details['input_duration_s']:g} s"
    validation = f"{details['clips']['validation'] or 'no'} others to validate on"
    return (
        ("Corpus", f"{content['corpus']}{f' [{document.note}]' if document.note else ''}"),
        ("Protocol", f"{content['protocol']}; answered: {content['n']} {side} clips, {length}"),
        ("Trained on", f"{details['clips']['train']} clips, {validation}, seed {content['seed']}"),
        *([("Float Keras baseline", baseline_line(document))] if document.held_out else []),
        *([("Human listeners", f"UA {human['UA']:.1%}, WA {human['WA']:.1%} ({human['source']})")] if human else []),
        ("Machine", f"{machine['processor']}, {machine['cores']} cores, {machine['system']}"),
        ("Interpreter", f"{details['interpreter']}, Python {machine['python']}, sernet {content['sernet']}"),
        ("Load before measuring", f"{details['load_average']:.1f} processes wanted a core"),
    )


def _findings(document: Document) -> tuple[str, ...]:
    threads, reference = document.threads[0], document.reference
    variants = document.variants
    smallest = min(variants, key=lambda v: document.value(v, "gzip"))
    fastest = min(variants, key=lambda v: document.value(v, "latency median", threads))
    furthest = min(
        variants,
        key=lambda v: (
            document.value(v, "agreement with Keras"),
            -document.value(v, "worst probability difference"),
        ),
    )
    gain, clips = document.item(furthest, "UA difference"), "clips" if document.held_out else "training clips"
    lost = f"UA {percent(gain, signed=True)} points, " if gain else ""
    features = document.item(FRONT_END, "latency median", 1)
    before = f", after {features['value']:.2f} ms for its features" if features else ", front end included"
    share = document.value(smallest, "gzip") / document.value(reference, "gzip")
    return (
        f"Smallest download: {smallest}, {document.value(smallest, 'gzip'):,} bytes ({share:.0%} of {reference})",
        f"Fastest: {fastest}, {document.value(fastest, 'latency median', threads):.2f} ms "
        f"({document.value(fastest, 'latency ratio', threads):.2f} times {reference}) for "
        f"{document.details['input_duration_s']:g} s of speech{before}",
        f"Furthest from Keras: {furthest}, {lost}same answer on "
        f"{percent(document.item(furthest, 'agreement with Keras'))} % of the {clips}",
    )


def _remarks(document: Document) -> tuple[str, ...]:
    settings, reference = document.details["settings"], document.reference
    baseline = document.value(NO_INTERPRETER, "peak memory") / 1e6
    start = document.value(NO_INTERPRETER, "cold start")
    return (
        *_accuracy_remarks(document),
        f"Latency: the network alone, warm, {settings['repetitions']} calls for each number of threads, the variants "
        f"taking turns of {settings['block']} after {settings['untimed']} untimed calls; times {reference} is a median "
        "over the turns.",
        *_streaming_remarks(document),
        f"Cold start: from starting a process to its first answer, median of {settings['processes']} processes, files "
        f"cached; {start:.2f} s of it passes without opening an interpreter.",
        f"Peak memory: the largest resident memory of those processes; {baseline:.1f} MB of it without opening an "
        "interpreter (Python, numpy and the clip).",
        f"Bytes: the file with its description, as it is shipped; gzip level {settings['gzip_level']}. TFLM arena: RAM "
        "in TensorFlow Lite Micro.",
    )


def _streaming_remarks(document: Document) -> tuple[str, ...]:
    if not any(map(document.streamed, document.variants)):
        return ()
    return (
        "Live: both ways answer after every 32 frames, from features to probabilities. Sliding windows compute the "
        "whole window anew, the streaming form of the same file the new frames alone; times window is a median over "
        "the turns.",
    )


def _accuracy_remarks(document: Document) -> tuple[str, ...]:
    """What the figures of accuracy, if there are any, are figures of."""
    remarks = []
    if keras := document.item(KERAS, "UA"):
        resampled = keras["resampled"]
        remarks.append(
            "Accuracy: UA is the mean recall over the classes, WA the share of right answers; 95 % bootstrap intervals "
            f"over {resampled}, those of the difference over the same {resampled} for both. As Keras: the share of "
            "clips with the same answer."
        )
    else:
        remarks.append(
            f"Answers: the first {document.content['n']} training clips; as Keras: the share of them with the same "
            "answer; differences are those before the bundle's calibration. How often the network is right is not "
            "asked of clips that it was trained on."
        )
    if measured := list(document.measured("UA").values()):
        remarks.append(
            "Accuracy of its settings: of networks that were trained in the same way on a part of the clips and "
            "answered the others (`sernet evaluate`); none of them is one of these files. UA is the mean recall over "
            "the classes, WA the share of right answers; 95 % bootstrap intervals over "
            f"{measured[0]['resampled']}. Reading int8: exported to full int8; float: as trained."
        )
    elif not document.held_out:
        remarks.append("The bundles carry no accuracy of their settings: `sernet export --measured DIR` adds it.")
    return tuple(remarks)
