"""The chapters of the page, one for each thing that a reader may want to know."""

from collections.abc import Iterable

from sernet.benchmarks.page import cost_charts as costs
from sernet.benchmarks.page.accuracy_charts import READINGS, accuracy_figures, confusion, split_figure
from sernet.benchmarks.page.opening import opening, strongest_peer
from sernet.benchmarks.page.pareto_charts import pareto_figures
from sernet.benchmarks.page.parts import Figure, Part, Sheet
from sernet.benchmarks.page.provenance import left_out, limits, provenance
from sernet.benchmarks.page.results import CLEAN, Item, Results, condition_of
from sernet.benchmarks.page.sheets import count, megabytes, millions, points, shares, sheet, times

LATENCY = (
    times("median, ms", "latency median"),
    times("90th percentile, ms", "latency p90"),
    times("99th percentile, ms", "latency p99"),
    times("ratio [noise]", "latency ratio"),
    times("block to window ratio [noise]", "block to window ratio"),
    shares("noise, %", "noise"),
)
START = (times("first call, ms", "first call"), times("cold start, s", "cold start"))


def chapters(results: Results) -> tuple[Part, ...]:
    """All of them; one whose section was not measured says so."""
    return (
        opening(results),
        _peers(results),
        _pareto(results),
        _accuracy(results),
        _latency(results),
        _memory(results),
        _boards(results),
        _browser(results),
        _front_ends(results),
        _sizes(results),
        _energy(results),
        left_out(results),
        limits(results),
        provenance(results),
    )


def _part(
    results: Results,
    section: str,
    title: str,
    short: str,
    text: Iterable[str] = (),
    figures: Iterable[Figure | None] = (),
    sheets: Iterable[Sheet | None] = (),
    name: str | None = None,
) -> Part:
    """A chapter of one section."""
    name = name or section
    if section not in results.documents:
        return Part(name, title, short, (f"Not measured: `sernet bench --only {section}` measures it.",))
    drawn, shown = tuple(filter(None, figures)), tuple(filter(None, sheets))
    text = tuple(text) if drawn or shown else ("Nothing could be measured here.",)
    rules = tuple(map(str, results.details(section, "notes")))
    return Part(name, title, short, text, figures=drawn, sheets=shown, rules=rules)


def _peers(results: Results) -> Part:
    details = results.documents.get("peers", {}).get("details", {})
    peer, counts = strongest_peer(results), details.get("confusion", {})
    labels = details.get("labels") or results.documents.get("answers", {}).get("details", {}).get("labels", [])
    drawn = [costs.peer_figure(results)]
    if peer and len(counts.get(peer, ())) == len(labels) > 0:
        caption = "Clips by true emotion (rows) and answer (columns); shade: share of the row."
        drawn.append(confusion("confusion-peer", f"{peer}: confusions", counts[peer], labels, caption, ("peers",)))
    return _part(
        results,
        "peers",
        "Beside what people would use instead",
        "Instead",
        (
            "The same clips, the same folds, the same machine. Sizes count everything that must be installed to get "
            "from samples to a label.",
        ),
        drawn,
        (
            sheet(
                results,
                "peers",
                "Accuracy, time from samples to label, and size",
                (
                    shares("UA, %", "UA"),
                    shares("WA, %", "WA"),
                    times("median, ms", "samples to label median"),
                    times("90th percentile, ms", "samples to label p90"),
                    times("ratio [noise]", "samples to label ratio"),
                    megabytes("installed, MB", "installed"),
                ),
                _peers_protocol(results),
            ),
            sheet(
                results,
                "peers",
                "Differences in pairs: network minus peer",
                (points("UA, points [95 %]", "UA difference"), points("WA, points [95 %]", "WA difference")),
            ),
        ),
    )


def _peers_protocol(results: Results) -> str:
    item = results.find("peers", "UA")
    if item is None:
        return ""
    clips = f", n = {item['n']}" if "n" in item else ""
    return f"UA and WA under {item['protocol']}{clips}, with 95 % intervals"


def _pareto(results: Results) -> Part:
    drawn = tuple(pareto_figures(results))
    said = "Up is more accurate, left is cheaper. Scales are logarithmic."
    missing = "Not measured: it takes `sernet bench --only sizes answers`."
    return Part(
        "savings", "What each file saves, and what it loses", "Savings", (said if drawn else missing,), figures=drawn
    )


def _accuracy(results: Results) -> Part:
    columns = (
        shares("UA, %", "UA"),
        shares("WA, %", "WA"),
        shares("weighted F1, %", "weighted F1"),
        shares("ECE, %", "ECE"),
        shares("AURC, %", "AURC"),
        shares("answered, %", "coverage"),
        shares("WA of the answered, %", "WA of the answered"),
    )

    def clean(item: Item) -> bool:
        return condition_of(item) == CLEAN

    def headline(item: Item) -> bool:
        return item["protocol"] == results.protocol(item["model"]) and item["reading"] in READINGS

    text = (
        "UA is the mean recall over the emotions, WA the share of right answers, ECE how far confidence is from being "
        "right, AURC the mean share of wrong answers when the least sure are left out, one after the other.",
        *(f"{name}: {summary}." for name, summary in results.details("answers", "protocols").items()),
    )
    tables = (
        sheet(
            results,
            "answers",
            "Accuracy in floats and in integers; 95 % intervals",
            columns,
            also=("protocol", "n"),
            keep=lambda item: clean(item) and headline(item),
        ),
        sheet(
            results,
            "answers",
            "Under other protocols, and of other readings; 95 % intervals",
            columns,
            also=("protocol", "n"),
            keep=lambda item: clean(item) and not headline(item),
        ),
        sheet(
            results,
            "answers",
            "Accuracy in noise, rooms and telephones; 95 % intervals",
            columns,
            also=("protocol", "n"),
            keep=lambda item: not clean(item),
        ),
        sheet(
            results,
            "answers",
            "int8 minus float, in pairs; 95 % intervals",
            (points("UA, points", "UA difference"), points("WA, points", "WA difference")),
            also=("protocol",),
        ),
        sheet(
            results,
            "answers",
            "Like the float32 file",
            (
                shares("same answer, %", "agreement with float32"),
                times("worst probability difference", "worst probability difference"),
            ),
        ),
    )
    drawn = (split_figure(results), *accuracy_figures(results))
    return _part(
        results, "answers", "How well does it recognise emotions?", "Accuracy", text, drawn, tables, "accuracy"
    )


def _latency(results: Results) -> Part:
    return _part(
        results,
        "latency",
        "How fast is it?",
        "Latency",
        (
            "The network alone, on the machine named below: compare the rows with each other, not with other machines. "
            "Ratios are of times measured in turns; their range is the noise to expect. “stock int8” is TensorFlow's "
            "own conversion.",
        ),
        costs.latency_figures(results),
        (
            sheet(results, "latency", "Latency", LATENCY),
            sheet(results, "latency", "Until the first answer", START, ignore=("threads",)),
        ),
    )


def _memory(results: Results) -> Part:
    process = (megabytes("peak memory, MB", "peak memory"),)
    kept = (
        count("TensorFlow Lite Micro's arena, bytes", "arena"),
        count("state of the C engine, bytes", "engine RAM"),
    )
    return _part(
        results,
        "memory",
        "How much memory does it take?",
        "Memory",
        ("Peak memory is the resident memory of a fresh process that answers a clip, Python included.",),
        (costs.memory_figure(results),),
        (
            sheet(results, "memory", "A process", process),
            sheet(results, "memory", "On a microcontroller, the network alone", kept, ignore=("runtime",)),
        ),
    )


def _boards(results: Results) -> Part:
    columns = (
        count("RAM, bytes", "RAM"),
        count("flash, bytes", "flash"),
        millions("network, M instructions a second", "network instructions"),
        millions("front end, M instructions a second", "front end instructions"),
        count("clips exact", "exact clips"),
        count("of", "clips"),
    )
    return _part(
        results,
        "boards",
        "On microcontrollers",
        "Microcontrollers",
        (
            "The C engine from samples to label, under an emulator: it counts instructions, not cycles. Exact: all "
            "outputs equal those of LiteRT's reference kernels, bit for bit.",
        ),
        (costs.board_figure(results),),
        (sheet(results, "boards", "Microcontrollers; instructions for a second of audio", columns),),
    )


def _browser(results: Results) -> Part:
    return _part(
        results,
        "browser",
        "In a browser",
        "Browser",
        ("The network alone, in a headless browser on the machine named below.",),
        (costs.browser_figure(results),),
        (sheet(results, "browser", "Latency in a browser", LATENCY),),
    )


def _front_ends(results: Results) -> Part:
    return _part(
        results,
        "front_ends",
        "From samples to features",
        "Front ends",
        ("What must run before any network. Batch takes a whole clip, streaming takes it piece by piece.",),
        (costs.front_end_figure(results),),
        (
            sheet(
                results,
                "front_ends",
                "Front ends",
                (*LATENCY, times("features: worst difference from sernet's", "worst difference")),
            ),
        ),
    )


def _sizes(results: Results) -> Part:
    files = (
        count("file, bytes", "file"),
        count("flatbuffer, bytes", "flatbuffer"),
        count("gzip, bytes", "gzip"),
    )
    work = (count("parameters", "parameters"), count("multiplications a window", "multiplications"))
    layers = (count("multiplications a window", "layer multiplications"), count("bytes of weights", "layer bytes"))
    return _part(
        results,
        "sizes",
        "How large is it, and how much work?",
        "Size",
        ("The file is the flatbuffer with its description. These figures are the same on every machine.",),
        costs.layer_figures(results),
        (
            sheet(results, "sizes", "Bytes", files),
            sheet(results, "sizes", "Parameters and multiplications", work, ignore=("window_s",)),
            sheet(results, "sizes", "Layers", layers),
        ),
    )


def _energy(results: Results) -> Part:
    values = results.values("energy")
    columns = [times(f"{name}{_unit(values, name)}", name) for name in dict.fromkeys(item["metric"] for item in values)]
    return _part(results, "energy", "Energy", "Energy", sheets=(sheet(results, "energy", "Energy", columns),))


def _unit(values: list[Item], metric: str) -> str:
    unit = next((item["unit"] for item in values if item["metric"] == metric and item.get("unit")), None)
    return f", {unit}" if unit else ""
