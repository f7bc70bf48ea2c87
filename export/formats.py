"""The formats a network is exported in."""

from dataclasses import dataclass

from sernet.runtime.errors import SernetError


@dataclass(frozen=True)
class Format:
    """One way to store a network's numbers."""

    name: str
    summary: str
    bytes_per_weight: float
    extra_operators: frozenset[str] = frozenset()
    """Operators that the format adds to the network's own."""
    activation_bits: int | None = None
    """Of the integers between input and output, whose ranges calibration clips give; None: they are floats."""
    single_partition: bool = False
    """Whether all of it runs in LiteRT's delegate for CPUs: averages become convolutions."""
    float_io: bool = True
    """Whether the model takes and gives float32."""
    worst_difference: float = 1.0
    """Largest difference of a probability from Keras that may be published."""
    least_agreement: float = 0.8
    """Smallest share of clips with Keras's answer that may be published."""

    @property
    def full_integer(self) -> bool:
        """Whether every tensor between input and output is an integer."""
        return self.activation_bits is not None

    @property
    def streams(self) -> bool:
        """Whether its network can take a block of frames at a time."""
        return self.activation_bits != 16

    @property
    def for_microcontrollers(self) -> bool:
        """Whether TensorFlow Lite Micro takes it."""
        return self.full_integer and not self.float_io


FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        Format("float32", "weights and activations in float32", 4, worst_difference=1e-3, least_agreement=0.99),
        Format("float16", "weights in float16", 2, frozenset({"DEQUANTIZE"}), worst_difference=0.05),
        Format("dynamic", "weights in int8, activations quantised on the fly; not for microcontrollers", 1),
        Format(
            "int8", "all in int8, input and output too; runs on microcontrollers", 1, activation_bits=8, float_io=False
        ),
        Format(
            "int8-float-io",
            "int8 between float32 input and output; a Pi and browsers run it in one piece",
            1,
            frozenset({"QUANTIZE", "DEQUANTIZE"}),
            activation_bits=8,
            single_partition=True,
        ),
        Format(
            "int16x8",
            "int8 weights, activations in int16, input and output too; for microcontrollers, at twice the memory",
            1,
            frozenset({"QUANTIZE"}),
            activation_bits=16,
            float_io=False,
        ),
    )
}


def parse_formats(names: list[str], *, fused: bool = False, stream: bool = False) -> list[Format]:
    """Formats by name, in the order of `FORMATS`; ``all`` means every one that goes with the form.

    A `fused` front end takes samples as floats and does not go with integers at both ends.

    Raises:
        SernetError: no name, an unknown one, or one that does not go with a fused front end.
    """
    wanted = {part for name in names for part in name.split(",") if part}
    if "all" in wanted:
        return [f for f in FORMATS.values() if (f.float_io or not fused) and (f.streams or not stream)]
    if not wanted:
        raise SernetError(f"no format is named: use {', '.join(FORMATS)} or all")
    if fused and (unfit := [name for name in sorted(wanted & FORMATS.keys()) if not FORMATS[name].float_io]):
        raise SernetError(
            f"{', '.join(unfit)} does not go with a fused front end, which takes samples as floats: use "
            + ", ".join(f.name for f in FORMATS.values() if f.float_io)
        )
    if unknown := sorted(wanted - FORMATS.keys()):
        raise SernetError(f"unknown format {', '.join(unknown)}: use {', '.join(FORMATS)} or all")
    return [f for f in FORMATS.values() if f.name in wanted]
