"""Kinds of devices, what they can run, and which variant each of them should take."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sernet.benchmarks.pareto.comparison import Compared
from sernet.export.formats import FORMATS, Format

TOLERANCE = 0.01
"""Of UA: what costs less is taken where it is not more than so much behind the most accurate that fits. Trainings with
other seeds differ by as much."""


@dataclass(frozen=True)
class DeviceClass:
    """A kind of device. Limits are those of a typical part; None where they never bind."""

    name: str
    takes: Callable[[Format], bool]
    costs: str
    """What it has least of: the metric of a variant that is kept low."""
    sparing: str
    """The same in words."""
    flash: int | None = None
    """Bytes for weights."""
    ram: int | None = None
    """Bytes for a row-by-row engine's state."""
    macs_per_s: float | None = None
    """Multiplications in a second of audio; half of what the processor does in it, or the class's budget."""

    def can_run(self, variant: Compared, window_s: float) -> bool:
        """Whether a variant fits and keeps up with a microphone."""
        if not self.takes(FORMATS[variant.format]):
            return False
        limits = (
            ("weights", self.flash),
            ("engine RAM", self.ram),
            ("multiplications", None if self.macs_per_s is None else self.macs_per_s * window_s),
        )
        return all(limit is None or variant.figure(metric) <= limit for metric, limit in limits)


def _between_floats(form: Format) -> bool:
    return form.float_io  # what LiteRT.js asks for, and what LiteRT runs in one piece


def _on_microcontrollers(form: Format) -> bool:
    return form.for_microcontrollers and form.activation_bits == 8


SMLAD, HELIUM = 1.6, 0.29
"""Instructions for a multiplication on a Cortex-M4 or M7, and on a Cortex-M55: counted under QEMU in a row-by-row
prototype."""

CLASSES = (
    DeviceClass("Raspberry Pi 4, 5 (LiteRT)", _between_floats, "latency median", "time as measured here"),
    DeviceClass("browser (LiteRT.js)", _between_floats, "gzip", "download"),
    DeviceClass(
        "Cortex-M55, 160 MHz, 1 MB flash",
        _on_microcontrollers,
        "multiplications",
        "energy",
        1 << 20,
        128 << 10,
        160e6 / HELIUM / 2,
    ),
    DeviceClass(
        "Cortex-M7, 480 MHz, 1 MB flash",
        _on_microcontrollers,
        "multiplications",
        "energy",
        1 << 20,
        128 << 10,
        480e6 / SMLAD / 2,
    ),
    DeviceClass(
        "Cortex-M4, 64 MHz, 512 kB flash",
        _on_microcontrollers,
        "multiplications",
        "energy",
        1 << 19,
        64 << 10,
        64e6 / SMLAD / 2,
    ),
    DeviceClass("Cortex-M0+, 133 MHz", _on_microcontrollers, "multiplications", "energy", 64_000, 32 << 10, 8e6),
)
"""The processors of microcontrollers need half of their time to keep up."""


@dataclass(frozen=True)
class Advice:
    """What a device class should take."""

    device: DeviceClass
    variant: Compared | None
    why: str


def advise(variants: Sequence[Compared], window_s: float) -> list[Advice]:
    """For each class the cheapest of the variants that it can run and that are about as accurate as the best."""
    advice = []
    for device in CLASSES:
        fitting = [variant for variant in variants if device.can_run(variant, window_s)]
        if not fitting:
            advice.append(Advice(device, None, "none of these fits"))
            continue
        best = max(fitting, key=lambda variant: variant.figure("UA"))
        near = [variant for variant in fitting if variant.figure("UA") >= best.figure("UA") - TOLERANCE]
        chosen = min(near, key=lambda variant: variant.figure(device.costs))
        why = f"{len(fitting)} of {len(variants)} fit; the most accurate of them"
        if chosen is not best:
            behind = 100 * (best.figure("UA") - chosen.figure("UA"))
            why = (
                f"{len(fitting)} of {len(variants)} fit; least {device.sparing}, {behind:.1f} points behind {best.name}"
            )
        advice.append(Advice(device, chosen, why))
    return advice
