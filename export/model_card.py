"""The model card that goes with every bundle: data, protocol, numbers and limits, made from the bundle itself."""

from sernet.runtime.bundle import Bundle

LIMITS = """\
- It hears the emotions that its corpus holds, spoken as its corpus speaks them. Corpora of this kind are mostly acted
  by few people in one language: on spontaneous speech, in another language or in another room it will do worse.
- It has never heard silence or noise, and names an emotion for them too.
- The accuracy above was measured under the named protocol, with the interval that so few clips allow, and no other.
- **It is not for judging people**: not their honesty, health, fitness or worth, not at work, at school, at a border or
  in court. A guessed emotion is not what somebody feels."""


def model_card(bundle: Bundle) -> str:
    """The card of a bundle, as Markdown."""
    manifest, corpus = bundle.manifest, bundle.manifest.corpus
    front_end = manifest.front_end
    frames = front_end.frame_count(bundle.window_samples)
    level = (
        f"levelled by the {front_end.level_percentile:g}th percentile of the clip or window"
        if front_end.level_percentile is not None
        else "at the level they come in"
    )
    lines = [
        f"# {manifest.name}, {manifest.quantisation}",
        "",
        f"Light-SERNet (Aftab et al., ICASSP 2022): {len(manifest.labels)} emotions ({', '.join(manifest.labels)}) "
        f"from {manifest.window_s:g} s of speech. {len(bundle.model):,} bytes. Made by {manifest.made_by}.",
        "",
        "## Data",
        "",
        f"{corpus.get('title', 'unknown')}; {corpus.get('language', 'unknown language')}; licence: "
        f"{corpus.get('licence', 'unknown')}." + (f" **{corpus['note']}**" if corpus.get("note") else ""),
        "",
        "## Accuracy of this very file",
        "",
        "| metric | value | 95 % interval | protocol | clips |",
        "|---|---|---|---|---|",
        *(
            f"| {item['metric']} | {item['value']:.3f} | {item['low']:.3f} to {item['high']:.3f}, over "
            f"{item['resampled']} | {item['protocol']} | {item['n']} |"
            for item in manifest.accuracy
        ),
        "",
        f"Clips were cut or padded to {manifest.window_s:g} s, as in training. Nothing was chosen on them: neither the "
        "epoch nor the ranges of the integers.",
        "",
        "## Input",
        "",
        f"{front_end.sample_rate} Hz mono, {level}; {front_end.input_type}, {frames} frames of "
        f"{front_end.feature_count}.",
        "",
        "## Limits",
        "",
        LIMITS,
    ]
    return "\n".join(lines) + "\n"
